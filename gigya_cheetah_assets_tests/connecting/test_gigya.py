"""Trying a Gigya site, by the sandbox's own and by a scripted one that refuses."""

from __future__ import annotations

from typing import Any

import pytest

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.connecting.gigya import gigya_steps
from gigya_cheetah_assets.connecting.steps import Step
from gigya_cheetah_assets.sandbox import Population, Sandbox
from gigya_cheetah_assets_tests.gigya.conftest import ENVIRON, USER_KEY_AUTH
from gigya_cheetah_assets_tests.gigya.scripted_site import Reply, ScriptedSite, failed, ok, page
from gigya_cheetah_assets_tests.syncs import minimal_sync

SUBSCRIPTION = {
    "cheetahmail": "NEWS", "gigya": "subscriptions.news.email", "type": "subscription",
    "values": {"opt_in": "1", "opt_out": "0"}, "owner": "latest",
}  # fmt: skip
STATEMENT = {"cheetahmail": "TOS", "gigya": "preferences.terms.tos", "type": "subscription"}
ALL = [
    "resolve", "connect", "sign in", "search accounts", "search emailAccounts", "getSchema", "getAccountInfo",
    "setAccountInfo",
]  # fmt: skip
NOBODY = failed(403005)
GOOD = {
    "accounts.search": page(["u1"]),
    "accounts.getAccountInfo": NOBODY,
    "accounts.setAccountInfo": NOBODY,
    "accounts.getSchema": ok(),
}


def sync_for(domain: str, auth: dict[str, Any] = USER_KEY_AUTH, api_key: str = "API_KEY", **changes: Any) -> Sync:
    """A sync with a subscription, a consent statement and a feed, so that every method is needed."""
    plain = minimal_sync()
    site = {"api_domain": domain, "scheme": "http", "api_key": {"env": api_key}, "auth": auth, **changes}
    feeds = {"unsubscribes": {"pattern": "*unsubs*", "list": {"1": "NEWS"}}}
    fields = [*plain["fields"], SUBSCRIPTION, STATEMENT]
    return Sync.model_validate({**plain, "gigya": site, "fields": fields, "inbound_files": feeds})


def tried(site: ScriptedSite, **changes: Any) -> dict[str, Step]:
    found = gigya_steps(sync_for(site.domain, **changes), retry_seconds=0, environ=ENVIRON)
    return {step.name: step for step in found}


def test_on_a_real_site_every_step_works_and_nothing_is_written(tmp_path) -> None:
    auth = {
        "type": "signed", "user_key": {"env": "SANDBOX_GIGYA_USER_KEY"}, "secret": {"env": "SANDBOX_GIGYA_SECRET"},
    }  # fmt: skip
    with Sandbox(tmp_path, Population(5)) as sandbox:
        before = [account["lastUpdatedTimestamp"] for account in sandbox.site.accounts()]
        sync = sync_for(sandbox.api_domain, auth, "SANDBOX_GIGYA_API_KEY")
        steps = gigya_steps(sync, retry_seconds=0, environ=sandbox.environ)
        assert [(step.name, step.outcome, step.next_step) for step in steps] == [(name, "works", "") for name in ALL]
        assert [account["lastUpdatedTimestamp"] for account in sandbox.site.accounts()] == before


@pytest.mark.parametrize("code", [400093, 403003, 403010, 301001])
def test_a_key_that_is_not_known_is_told_at_the_sign_in_and_asked_once(code: int) -> None:
    with ScriptedSite() as site:
        site.always = {"accounts.getAccountInfo": failed(code)}
        steps = tried(site)
    assert (steps["sign in"].outcome, len(site.requests)) == ("fails", 1)
    assert str(code) in steps["sign in"].found
    assert steps["sign in"].next_step
    assert {step.outcome for step in list(steps.values())[3:]} == {"not tried"}


@pytest.mark.parametrize("method", list(GOOD))
def test_a_permission_that_is_missing_is_told_alone(method: str) -> None:
    with ScriptedSite() as site:
        site.always = {**GOOD, method: failed(403007)}
        steps = tried(site)
    assert {name for name, step in steps.items() if step.outcome == "fails"} == {
        name for name in ALL if name.startswith(method.removeprefix("accounts."))
    }
    assert {step.outcome for step in steps.values()} == {"works", "fails"}
    refused = next(step for step in steps.values() if step.outcome == "fails")
    assert refused.next_step == "give the application key this permission in Gigya's console"


def test_a_condition_that_gigya_does_not_understand_is_told_by_its_search() -> None:
    with ScriptedSite() as site:
        site.always = {**GOOD, "accounts.search": failed(400006)}
        steps = tried(site, where="profile.nothing ==")
    assert "gigya.where" in steps["search accounts"].next_step
    assert "profile.nothing" in site.forms("accounts.search")[0]["query"]


def test_the_calls_are_about_a_uid_that_nobody_has_and_carry_nothing_to_write() -> None:
    with ScriptedSite() as site:
        site.always = GOOD
        tried(site)
    [form] = site.forms("accounts.setAccountInfo")
    assert form["UID"].startswith("gigya-cheetah-check-")
    assert not form.keys() & {"profile", "data", "subscriptions", "preferences"}


def test_an_answer_that_is_none_of_gigyas_is_no_sign_in() -> None:
    with ScriptedSite() as site:
        site.always = {"accounts.getAccountInfo": Reply(b"<html>", status=200)}
        steps = tried(site)
    assert "look for a proxy" in steps["sign in"].next_step


def test_a_site_that_is_not_there_is_told_by_the_connection() -> None:
    with ScriptedSite() as site:
        domain = site.domain
    steps = gigya_steps(sync_for(domain), retry_seconds=0, environ=ENVIRON)
    assert [step.outcome for step in steps] == ["works", "fails", *["not tried"] * (len(ALL) - 2)]
    assert "gigya.api_domain" in steps[1].next_step
