"""Imports of lite and full accounts, and what a lite and a full account of one address share."""

from __future__ import annotations

import json
from typing import Any

from gigya_cheetah_assets.sandbox import Sandbox
from gigya_cheetah_assets_tests.sandbox.site_calls import call, results

OLD = "2026-01-02T03:04:05.000Z"
EVERYTHING = "SELECT * FROM emailAccounts"


def _import_lite(sandbox: Sandbox, email: str, **objects: Any) -> int:
    body = call(sandbox, "accounts.importLiteAccount", email=email, **{k: json.dumps(v) for k, v in objects.items()})
    return int(body["errorCode"])


def _import_full(sandbox: Sandbox, **params: Any) -> int:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in params.items()}
    return int(call(sandbox, "accounts.importFullAccount", **texts)["errorCode"])


def _newsletter(*, subscribed: bool, **more: Any) -> dict[str, Any]:
    return {"newsletter": {"email": {"isSubscribed": subscribed, **more}}}


def _row(sandbox: Sandbox, email: str) -> dict[str, Any]:
    rows = results(sandbox, EVERYTHING)
    [found] = [row for row in rows if row["email"] == email]
    return found


def test_a_lite_account_is_imported_once_and_then_changed(changeable: Sandbox) -> None:
    for zip_code in ("10115", "20095"):
        assert _import_lite(changeable, "new@example.org", profile={"zip": zip_code}) == 0
    found = results(changeable, "SELECT profile.zip FROM emailAccounts WHERE profile.email = 'new@example.org'")
    assert found == [{"profile": {"zip": "20095"}}]


def test_an_import_may_say_when_a_subscription_changed(changeable: Sandbox) -> None:
    told = _newsletter(subscribed=False, lastUpdatedSubscriptionState=OLD)
    assert _import_lite(changeable, "lite@example.org", subscriptions=told) == 0
    leaf = _row(changeable, "lite@example.org")["subscriptions"]["newsletter"]["email"]
    assert (leaf["isSubscribed"], leaf["lastUpdatedSubscriptionState"]) == (False, OLD)


def test_an_import_of_a_wrong_type_is_refused(changeable: Sandbox) -> None:
    assert _import_lite(changeable, "lite@example.org", profile={"birthYear": "long ago"}) == 400009
    assert _import_lite(changeable, "no address") == 400006


def test_a_lite_account_that_registers_keeps_its_token_and_shares_its_subscriptions(changeable: Sandbox) -> None:
    changeable.site.change("t5", subscriptions=_newsletter(subscribed=False))
    uid = changeable.site.register("t5", profile={"firstName": "Lee"})
    row = _row(changeable, "lite@example.org")
    assert (row["UID"], row["token"], row["hasFullAccount"], row["hasLiteAccount"]) == (uid, "t5", True, True)
    assert row["subscriptions"]["newsletter"]["email"]["isSubscribed"] is False
    changeable.site.change(uid, subscriptions=_newsletter(subscribed=True))
    assert changeable.site.account("t5")["subscriptions"] == changeable.site.account(uid)["subscriptions"]


def test_the_lite_account_stays_when_the_full_one_is_deleted_and_the_other_way_round(changeable: Sandbox) -> None:
    uid = changeable.site.register("t5")
    assert call(changeable, "accounts.deleteAccount", UID=uid)["errorCode"] == 0
    row = _row(changeable, "lite@example.org")
    assert (row.get("UID"), row["token"], row["hasFullAccount"]) == (None, "t5", False)
    again = changeable.site.register("t5")
    assert call(changeable, "accounts.deleteLiteAccount", emailAccountToken="t5")["errorCode"] == 0
    row = _row(changeable, "lite@example.org")
    assert (row["UID"], row["hasLiteAccount"]) == (again, False)
    assert call(changeable, "accounts.deleteLiteAccount", emailAccountToken="t5")["errorCode"] == 400006


def test_a_full_account_is_imported_with_a_uid_of_gigya_s_making(changeable: Sandbox) -> None:
    params = {"createUID": "true", "profile": {"email": "new@example.org"}, "isRegistered": "true"}
    params["loginIds"] = {"emails": ["new@example.org"]}
    assert _import_full(changeable, **params) == 0
    found = call(changeable, "accounts.getAccountInfo", findBy='{"_email": "new@example.org"}')
    assert (found["isRegistered"], found["profile"]["email"]) == (True, "new@example.org")
    assert _import_full(changeable, **params) == 400003


def test_the_policy_insert_refuses_a_known_uid_and_upsert_overwrites_what_is_passed(changeable: Sandbox) -> None:
    params = {"uid": "u1", "profile": {"city": "Rome"}}
    assert _import_full(changeable, **params) == 400003
    assert _import_full(changeable, **params, importPolicy="upsert") == 0
    account = changeable.site.account("u1")
    assert (account["profile"]["city"], account["profile"]["email"]) == ("Rome", "Ann@Example.org")


def test_more_than_five_imports_of_one_uid_in_a_minute_are_too_many(changeable: Sandbox) -> None:
    codes = [_import_full(changeable, uid="u1", importPolicy="upsert") for _ in range(6)]
    assert codes == [0, 0, 0, 0, 0, 503001]
