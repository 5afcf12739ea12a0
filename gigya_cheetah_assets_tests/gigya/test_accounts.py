from __future__ import annotations

import pytest

from gigya_cheetah_assets.gigya import AccountGone, GigyaClient, GigyaRefused, get_account
from gigya_cheetah_assets_tests.gigya.scripted_site import ScriptedSite, failed, ok

GET = "accounts.getAccountInfo"


def test_an_account_is_read_with_its_subscriptions(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(GET, ok(UID="u1", profile={"firstName": "Ana"}, subscriptions={"a.b": {"email": None}}))
    account = get_account(client, "u1")
    assert account["profile"] == {"firstName": "Ana"}
    assert account["subscriptions"] == {"a.b": {"email": None}}
    (form,) = site.forms(GET)
    assert form["UID"] == "u1"
    assert form["include"] == "profile,data,subscriptions,preferences"


def test_only_the_parts_asked_for_are_read(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(GET, ok(UID="u1"))
    get_account(client, "u1", include=("loginIDs",))
    assert site.forms(GET)[0]["include"] == "loginIDs"


def test_an_account_that_waits_for_its_verification_is_an_account(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(GET, failed(206002, UID="u1", isVerified=False))
    assert get_account(client, "u1")["isVerified"] is False


@pytest.mark.parametrize("code", [403005, 403047, 404003])
def test_an_unknown_account_is_gone(site: ScriptedSite, client: GigyaClient, code: int) -> None:
    site.script(GET, failed(code, errorDetails="uid is not valid for this site"))
    with pytest.raises(AccountGone) as caught:
        get_account(client, "u1")
    assert (caught.value.uid, caught.value.code) == ("u1", code)


def test_a_wrong_user_key_makes_nobody_disappear(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(GET, failed(403005, errorDetails="supplied userkey was not found"))
    with pytest.raises(GigyaRefused):
        get_account(client, "u1")
