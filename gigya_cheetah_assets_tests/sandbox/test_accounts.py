"""Reading and writing single accounts, over REST and from Python, and how the search index follows."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from gigya_cheetah_assets.sandbox import Population, Sandbox
from gigya_cheetah_assets_tests.sandbox.site_calls import call, post, results

NEWS = {"newsletter": {"email": {"isSubscribed": True}}}
NO_NEWS = {"newsletter": {"email": {"isSubscribed": False}}}


def info(sandbox: Sandbox, uid: str, **params: str) -> dict[str, Any]:
    return call(sandbox, "accounts.getAccountInfo", UID=uid, **params)


def put(sandbox: Sandbox, uid: str, **objects: Any) -> dict[str, Any]:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in objects.items()}
    return call(sandbox, "accounts.setAccountInfo", UID=uid, **texts)


def test_account_info_gives_profile_and_data_unless_more_is_asked_for(known: Sandbox) -> None:
    body = info(known, "u1")
    assert body["errorCode"] == 0
    assert body["profile"]["firstName"] == "Ann"
    assert body["data"]["loyalty"]["tier"] == "gold"
    assert "subscriptions" not in body
    more = info(known, "u1", include="subscriptions")
    assert set(more["subscriptions"]) == {"newsletter", "offers.partner"}
    assert "profile" not in more


def test_an_account_is_found_by_address_in_any_letter_case(known: Sandbox) -> None:
    body = call(known, "accounts.getAccountInfo", findBy='{"_email": "BOB@example.org"}')
    assert body["UID"] == "u2"
    assert call(known, "accounts.getAccountInfo", findBy='{"_uid": "u3"}')["UID"] == "u3"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, 400002),
        ({"UID": "nobody"}, 403005),
        ({"UID": ""}, 403005),
        ({"findBy": '{"_email": "nobody@example.org"}'}, 403005),
        ({"findBy": '{"_username": "x"}'}, 400006),
        ({"findBy": "no json"}, 400006),
        ({"findBy": "[]"}, 400006),
    ],
)
def test_who_is_not_there_is_unauthorized(known: Sandbox, params: dict[str, str], code: int) -> None:
    assert call(known, "accounts.getAccountInfo", **params)["errorCode"] == code


def test_an_unknown_method_is_named(known: Sandbox) -> None:
    body = call(known, "accounts.serach")
    assert body["errorCode"] == 405001
    assert "accounts.serach" in body["errorDetails"]


def test_http_status_mirrors_the_error_only_on_request(known: Sandbox) -> None:
    assert post(known, "accounts.getAccountInfo", UID="nobody").status_code == 200
    response = post(known, "accounts.getAccountInfo", UID="nobody", httpStatusCodes="true")
    assert response.status_code == 403
    assert response.json()["errorCode"] == 403005


def test_the_context_is_echoed_and_every_answer_has_an_envelope(known: Sandbox) -> None:
    body = info(known, "u1", context="window 7")
    assert body["context"] == "window 7"
    assert len(body["callId"]) == 32
    assert body["statusReason"] == "OK"
    assert body["apiVersion"] == 2
    assert body["time"].endswith("Z")


def test_named_fields_change_and_their_siblings_stay(changeable: Sandbox) -> None:
    before = info(changeable, "u1")["lastUpdatedTimestamp"]
    body = put(changeable, "u1", data={"loyalty": {"points": 18, "joined": None}}, profile={"lastName": "Müller"})
    assert body["errorCode"] == 0
    after = info(changeable, "u1")
    assert after["data"]["loyalty"] == {"tier": "gold", "points": 18}
    assert after["data"]["brands"] == ["north", "coast"]
    assert after["profile"]["firstName"] == "Ann"
    assert after["profile"]["lastName"] == "Müller"
    assert after["lastUpdatedTimestamp"] > before
    assert results(changeable, "SELECT UID FROM accounts WHERE data.loyalty.points = 18") == [{"UID": "u1"}]


def test_an_array_replaces_the_stored_one(changeable: Sandbox) -> None:
    put(changeable, "u1", data={"brands": ["city"]})
    assert info(changeable, "u1")["data"]["brands"] == ["city"]


def test_an_opt_out_keeps_tags_and_moves_both_times(changeable: Sandbox) -> None:
    changeable.site.change("u1", subscriptions={"newsletter": {"email": {"tags": ["web"]}}}, at=1_710_000_000_000)
    put(changeable, "u1", subscriptions={"newsletter": {"email": {"isSubscribed": False}}})
    newsletter = info(changeable, "u1", include="subscriptions")["subscriptions"]["newsletter"]["email"]
    assert newsletter["isSubscribed"] is False
    assert newsletter["tags"] == ["web"]
    assert newsletter["lastUpdatedSubscriptionState"] > "2026-01-03"
    for source in ("accounts", "emailAccounts"):
        rows = results(changeable, f'SELECT lastUpdatedTimestamp FROM {source} WHERE UID = "u1"')  # noqa: S608 - the language of the sandbox
        assert rows[0]["lastUpdatedTimestamp"] > time.time() * 1000 - 60_000


@pytest.mark.parametrize(("profile", "moves"), [({"email": "other@example.org"}, True), ({"lastName": "Other"}, False)])
def test_another_address_moves_the_email_account_too(
    changeable: Sandbox, profile: dict[str, str], *, moves: bool
) -> None:
    before = changeable.site.account("u1")["emailAccountUpdated"]
    changeable.site.change("u1", profile=profile, at=before + 1000)
    after = changeable.site.account("u1")
    assert after["lastUpdatedTimestamp"] == before + 1000
    assert after["emailAccountUpdated"] == before + 1000 * moves


def test_a_subscription_is_found_under_its_dotted_id_or_nested(changeable: Sandbox) -> None:
    for uid in ("u1", "u2"):
        put(changeable, uid, subscriptions={"offers": {"partner": {"email": {"isSubscribed": False}}}})
    assert set(info(changeable, "u1", include="subscriptions")["subscriptions"]) == {"newsletter", "offers.partner"}
    put(changeable, "u2", subscriptions={"offers.partner": {"email": {"isSubscribed": True}}})
    assert info(changeable, "u2", include="subscriptions")["subscriptions"]["offers"]["partner"]["email"][
        "isSubscribed"
    ]


def test_opting_in_with_double_opt_in_waits_for_the_confirmation(changeable: Sandbox) -> None:
    offers = {"offers.partner": {"email": {"isSubscribed": False}}}
    put(changeable, "u1", subscriptions=offers)
    offers["offers.partner"]["email"]["isSubscribed"] = True
    put(changeable, "u1", subscriptions=offers)
    stored = info(changeable, "u1", include="subscriptions")["subscriptions"]["offers.partner"]["email"]
    assert stored["isSubscribed"] is True
    assert stored["doubleOptIn"]["status"] == "Pending"
    put(changeable, "u1", subscriptions={"offers.partner": {"email": {"doubleOptIn": {"isExternallyVerified": True}}}})
    stored = info(changeable, "u1", include="subscriptions")["subscriptions"]["offers.partner"]["email"]
    assert stored["doubleOptIn"]["status"] == "Confirmed"


def test_a_consent_is_stamped(changeable: Sandbox) -> None:
    put(changeable, "u1", preferences={"terms": {"tos": {"isConsentGranted": True}}}, lang="en")
    consent = info(changeable, "u1", include="preferences")["preferences"]["terms"]["tos"]
    assert consent["isConsentGranted"] is True
    assert consent["lastConsentModified"].startswith("20")


@pytest.mark.parametrize(
    ("objects", "fields"),
    [
        ({"profile": {"birthYear": "old", "firstName": 5}}, {"profile.birthYear": 400023, "profile.firstName": 400023}),
        ({"profile": {"phones": "+1"}}, {"profile.phones": 400023}),
        ({"data": {"loyalty": {"points": "many"}}}, {"data.loyalty.points": 400023}),
        (
            {"subscriptions": {"newsletter": {"email": {"isSubscribed": "yes"}}}},
            {"subscriptions.newsletter.email.isSubscribed": 400023},
        ),
        (
            {"subscriptions": {"a.b": {"email": {"lastUpdatedSubscriptionState": "x"}}}},
            {"subscriptions.a.b.email.lastUpdatedSubscriptionState": 400025},
        ),
        (
            {"subscriptions": {"a": {"email": {"doubleOptIn": {"status": "Confirmed"}}}}},
            {"subscriptions.a.email.doubleOptIn": 400025},
        ),
        ({"subscriptions": {"newsletter": {"email": True}}}, {"subscriptions.newsletter.email": 400023}),
        (
            {"subscriptions": {"a.b": False, "email": {"email": 1}}},
            {"subscriptions.a.b": 400023, "subscriptions.email.email": 400023},
        ),
        ({"preferences": {"terms": {"isConsentGranted": "yes"}}}, {"preferences.terms.isConsentGranted": 400023}),
    ],
)
def test_wrong_types_change_nothing_and_are_listed_by_field(
    changeable: Sandbox, objects: dict[str, Any], fields: dict[str, int]
) -> None:
    before = changeable.site.account("u1")
    body = put(changeable, "u1", **objects, lang="en")
    assert body["errorCode"] == 400009
    assert {entry["fieldName"]: entry["errorCode"] for entry in body["validationErrors"]} == fields
    assert changeable.site.account("u1") == before


@pytest.mark.parametrize(
    "objects", [{"profile": "no json"}, {"data": "[1]"}, {"isVerified": "false"}, {"isActive": "1"}]
)
def test_a_parameter_that_is_no_object_or_boolean_is_a_bad_value(changeable: Sandbox, objects: dict[str, str]) -> None:
    assert put(changeable, "u1", **objects)["errorCode"] == 400006


def test_a_number_may_be_sent_as_text(changeable: Sandbox) -> None:
    assert put(changeable, "u1", profile={"birthYear": "1999"})["errorCode"] == 0


def test_flags_are_set(changeable: Sandbox) -> None:
    put(changeable, "u2", isVerified="true", isActive="false")
    assert results(changeable, "SELECT UID FROM accounts WHERE isVerified = true AND isActive = false") == [
        {"UID": "u2"}
    ]


def test_a_deleted_account_is_gone_everywhere(changeable: Sandbox) -> None:
    assert call(changeable, "accounts.deleteAccount", UID="u2")["errorCode"] == 0
    assert info(changeable, "u2")["errorCode"] == 403005
    assert len(results(changeable, "SELECT UID FROM accounts")) == 3
    assert call(changeable, "accounts.deleteAccount", UID="u2")["errorCode"] == 403005
    with pytest.raises(KeyError):
        changeable.site.account("u2")


def test_an_address_that_two_share_goes_to_the_other_when_the_first_leaves(changeable: Sandbox) -> None:
    query = "SELECT UID, email FROM emailAccounts WHERE UID in('u1', 'u4')"
    assert results(changeable, query) == [{"UID": "u1", "email": "Ann@Example.org"}]
    changeable.site.change("u1", profile={"email": "new@example.org"})
    assert results(changeable, query) == [
        {"UID": "u1", "email": "new@example.org"},
        {"UID": "u4", "email": "ann@example.org"},
    ]


def test_who_shares_an_address_has_the_same_subscriptions_whoever_sets_them(changeable: Sandbox) -> None:
    site = changeable.site
    first = site.add_full(profile={"email": "two@example.org"}, subscriptions=NEWS)
    second = site.add_full(profile={"email": "Two@example.org"})
    assert site.account(second)["subscriptions"] == site.account(first)["subscriptions"] == NEWS
    put(changeable, second, subscriptions=NO_NEWS)
    query = "SELECT UID, subscriptions.newsletter.email.isSubscribed FROM emailAccounts WHERE email = 'two@example.org'"
    out = {"newsletter": {"email": {"isSubscribed": False}}}
    assert results(changeable, query) == [{"UID": first, "subscriptions": out}]
    assert site.account(first)["emailAccountUpdated"] == site.account(second)["emailAccountUpdated"]
    site.change(first, subscriptions=NEWS, through="emailAccount")
    assert info(changeable, second, include="subscriptions")["subscriptions"]["newsletter"]["email"]["isSubscribed"]


def test_who_comes_to_the_address_of_another_joins_the_email_account_and_a_no_of_either_stands(
    changeable: Sandbox,
) -> None:
    site = changeable.site
    one = site.add_full(profile={"email": "one@example.org"}, subscriptions=NO_NEWS)
    offers = {"offers": {"partner": {"email": {"isSubscribed": True}}}}
    other = site.add_full(profile={"email": "other@example.org"}, subscriptions=NEWS | offers)
    site.change(other, profile={"email": "one@example.org"})
    assert site.account(one)["subscriptions"] == site.account(other)["subscriptions"] == NO_NEWS | offers
    site.change(one, profile={"email": "away@example.org"})
    site.change(one, subscriptions=NEWS)
    assert site.account(other)["subscriptions"] == NO_NEWS | offers


def test_a_full_and_a_lite_account_share_one_email_account(changeable: Sandbox) -> None:
    changeable.site.add({"profile": {"email": "bob@example.org"}})
    rows = results(changeable, "SELECT UID, hasLiteAccount FROM emailAccounts WHERE email = 'bob@example.org'")
    assert rows == [{"UID": "u2", "hasLiteAccount": True}]


def test_the_search_lags_behind_writes_and_reading_by_uid_does_not(known_file: Path, tmp_path: Path) -> None:
    with Sandbox(tmp_path, Population(load=known_file), search_lag=0.4) as sandbox:
        put(sandbox, "u1", data={"loyalty": {"tier": "silver"}})
        put(sandbox, "u1", data={"loyalty": {"points": 1}})
        new = sandbox.site.add_full(profile={"email": "new@example.org"})
        sandbox.site.delete("u2")
        assert info(sandbox, "u1")["data"]["loyalty"] == {"tier": "silver", "points": 1, "joined": "2021-03-04"}
        assert info(sandbox, new)["errorCode"] == 0
        assert info(sandbox, "u2")["errorCode"] == 403005
        assert {doc["UID"] for doc in sandbox.site.accounts() if "UID" in doc} == {"u1", "u3", "u4", new}
        gold = "SELECT UID FROM accounts WHERE data.loyalty.tier = 'gold'"
        assert results(sandbox, gold) == [{"UID": "u1"}]
        assert [row["UID"] for row in results(sandbox, "SELECT UID FROM accounts")] == ["u1", "u2", "u3", "u4"]
        time.sleep(0.5)
        assert results(sandbox, gold) == []
        assert [row["UID"] for row in results(sandbox, "SELECT UID FROM accounts")] == ["u1", "u3", "u4", new]


def test_touch_moves_times_and_nothing_else(changeable: Sandbox) -> None:
    before = [changeable.site.account(key) for key in ("u1", "u2")]
    assert changeable.site.touch(2, at=1_750_000_000_000, source="emailAccounts") == ["u1", "u2"]
    moved = results(changeable, "SELECT UID FROM emailAccounts WHERE lastUpdatedTimestamp = 1750000000000")
    assert [row["UID"] for row in moved] == ["u1", "u2"]
    for old, key in zip(before, ("u1", "u2"), strict=True):
        assert changeable.site.account(key) == old | {"emailAccountUpdated": 1_750_000_000_000}


def test_a_change_through_the_email_account_leaves_the_account_s_time(changeable: Sandbox) -> None:
    before = changeable.site.account("u1")["lastUpdatedTimestamp"]
    out = {"newsletter": {"email": {"isSubscribed": False}}}
    changeable.site.change("u1", subscriptions=out, through="emailAccount", at=1_760_000_000_000)
    after = changeable.site.account("u1")
    assert (after["lastUpdatedTimestamp"], after["emailAccountUpdated"]) == (before, 1_760_000_000_000)


def test_a_lite_account_is_changed_by_its_token(changeable: Sandbox) -> None:
    changeable.site.change("t5", profile={"firstName": "Lee"}, at=1_760_000_000_000)
    rows = results(
        changeable, "SELECT token, profile.firstName, lastUpdatedTimestamp FROM emailAccounts WHERE token = 't5'"
    )
    assert rows == [{"token": "t5", "profile": {"firstName": "Lee"}, "lastUpdatedTimestamp": 1_760_000_000_000}]


def test_a_key_is_added_once(changeable: Sandbox) -> None:
    for account in ({"UID": "u1"}, {"token": "t5", "profile": {"email": "x@example.org"}}):
        with pytest.raises(ValueError, match="exists"):
            changeable.site.add(account)


def test_the_uid_can_be_kept_out_of_email_accounts(known_file: Path, tmp_path: Path) -> None:
    with Sandbox(tmp_path, Population(load=known_file), expose_uid=False) as sandbox:
        rows = results(sandbox, "SELECT UID, email FROM emailAccounts")
        assert rows[0] == {"email": "Ann@Example.org"}
