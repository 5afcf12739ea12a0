"""Communications, consent statements, double opt-in and the one-click unsubscribe of the sandbox's site."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gigya_cheetah_assets.sandbox import Sandbox
from gigya_cheetah_assets_tests.sandbox.site_calls import call, results, search

SOME = "SELECT UID, topicId, channelId, status, timestamp FROM communications"


def put(sandbox: Sandbox, **objects: Any) -> dict[str, Any]:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in objects.items()}
    return call(sandbox, "accounts.setAccountInfo", UID="u1", **texts)


def decide(sandbox: Sandbox, key: str, status: str) -> dict[str, Any]:
    return put(sandbox, communications={key: {"status": status}})


def problems(body: dict[str, Any]) -> dict[str, int]:
    assert body["errorCode"] == 400009
    return {problem["fieldName"]: problem["errorCode"] for problem in body["validationErrors"]}


def test_a_decision_on_a_topic_is_found_by_search_and_moves_no_last_update(changeable: Sandbox) -> None:
    before = changeable.site.account("u1")
    assert decide(changeable, "magazine_email", "optIn")["errorCode"] == 0
    assert decide(changeable, "club-post", "optOut")["errorCode"] == 0
    rows = results(changeable, f'{SOME} WHERE UID in ("u1", "u2")')
    found = {(row["UID"], row["topicId"], row["channelId"], row["status"]) for row in rows}
    assert found == {("u1", "magazine", "email", "OptIn"), ("u1", "club", "post", "OptOut")}
    after = changeable.site.account("u1")
    assert after["lastUpdatedTimestamp"] == before["lastUpdatedTimestamp"]
    assert after["emailAccountUpdated"] == before["emailAccountUpdated"]
    time = next(row["timestamp"] for row in rows if row["topicId"] == "club")
    assert len(results(changeable, f'{SOME} WHERE timestamp >= "{time}" AND topicId = "club"')) == 1
    assert results(changeable, f'{SOME} WHERE timestamp < "{time}" AND topicId = "club"') == []


def test_a_decision_that_changes_is_one_row_and_goes_with_its_account(changeable: Sandbox) -> None:
    for status in ("optIn", "optOut"):
        decide(changeable, "news_SMS", status)
    assert [row["status"] for row in results(changeable, f'{SOME} WHERE UID = "u1"')] == ["OptOut"]
    changeable.site.delete("u1")
    assert results(changeable, f'{SOME} WHERE UID = "u1"') == []


def test_a_cursor_goes_through_the_decisions(changeable: Sandbox) -> None:
    for key in ("magazine_email", "news_SMS", "club-post"):
        decide(changeable, key, "optIn")
    page = call(changeable, "accounts.search", query=f"{SOME} LIMIT 2", openCursor="true")
    assert (len(page["results"]), page["totalCount"]) == (2, 3)
    assert len(call(changeable, "accounts.search", cursorId=page["nextCursorId"])["results"]) == 1
    assert search(changeable, "SELECT count(*) FROM communications")["totalCount"] == 3


def test_communications_are_shown_when_they_are_asked_for(changeable: Sandbox) -> None:
    decide(changeable, "news_SMS", "optIn")
    assert "communications" not in call(changeable, "accounts.getAccountInfo", UID="u1")
    shown = call(changeable, "accounts.getAccountInfo", UID="u1", includeCommunications="all")["communications"]
    assert {name: shown["news_SMS"][name] for name in ("topic", "channel", "status")} == {
        "topic": "news",
        "channel": "SMS",
        "status": "OptIn",
    }


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"weather_email": {"status": "optIn"}}, {"communications.weather_email": 400024}),
        ({"news_SMS": {"status": "perhaps"}}, {"communications.news_SMS.status": 400023}),
        ({"news_SMS": True}, {"communications.news_SMS": 400023}),
        ({"news_SMS": {"status": "optIn", "topic": "x"}}, {"communications.news_SMS.topic": 400025}),
    ],
)
def test_a_topic_that_there_is_not_and_a_wrong_status_are_refused(
    changeable: Sandbox, change: dict[str, Any], found: dict[str, int]
) -> None:
    assert problems(put(changeable, communications=change)) == found
    assert results(changeable, f'{SOME} WHERE UID = "u1"') == []


def test_a_consent_statement_needs_a_language_and_is_to_the_current_document(changeable: Sandbox) -> None:
    granted = {"marketing": {"surveys": {"isConsentGranted": True, "tags": ["app"]}}}
    assert put(changeable, preferences=granted)["errorCode"] == 400002
    assert put(changeable, preferences=granted, lang="sv")["errorCode"] == 0
    info = call(changeable, "accounts.getAccountInfo", UID="u1", include="preferences")
    leaf = info["preferences"]["marketing"]["surveys"]
    assert (leaf["docVersion"], leaf["lang"], leaf["tags"]) == (2.0, "sv", ["app"])
    for change in ({"docVersion": 9}, {"tags": ["web"]}):
        body = put(changeable, preferences={"marketing": {"surveys": change}}, lang="sv")
        assert problems(body) == {f"preferences.marketing.surveys.{next(iter(change))}": 400025}


def test_a_subscription_that_needs_a_confirmation_is_pending_until_it_has_one(changeable: Sandbox) -> None:
    site = changeable.site
    site.double_opt_in.add("weekly")
    site.change("u1", subscriptions={"weekly": {"email": {"isSubscribed": True}}})
    leaf = site.account("u1")["subscriptions"]["weekly"]["email"]
    assert (leaf["isSubscribed"], leaf["doubleOptIn"]["status"]) == (True, "Pending")
    site.confirm("u1", "weekly")
    assert site.account("u1")["subscriptions"]["weekly"]["email"]["doubleOptIn"]["status"] == "Confirmed"
    with pytest.raises(ValueError, match="no double opt-in is pending"):
        site.confirm("u1", "weekly")
    site.change("u1", subscriptions={"daily": {"email": {"isSubscribed": True}}})
    assert "doubleOptIn" not in site.account("u1")["subscriptions"]["daily"]["email"]


@pytest.mark.parametrize(("given", "left"), [({}, []), ({"tags": '["gone"]'}, ["gone"])])
def test_the_one_click_unsubscribe_wipes_the_tags_and_moves_the_email_account_alone(
    changeable: Sandbox, given: dict[str, str], left: list[str]
) -> None:
    site = changeable.site
    site.change("u1", subscriptions={"newsletter": {"email": {"isSubscribed": True, "tags": ["web"]}}}, at=1)
    before = site.account("u1")
    address = before["profile"]["email"].upper()
    body = call(changeable, "accounts.unsubscribe", subscriptionID="newsletter", email=address, **given)
    assert body["errorCode"] == 0
    after = site.account("u1")
    leaf = after["subscriptions"]["newsletter"]["email"]
    assert (leaf["isSubscribed"], leaf["tags"]) == (False, left)
    assert after["lastUpdatedTimestamp"] == before["lastUpdatedTimestamp"]
    assert after["emailAccountUpdated"] > before["emailAccountUpdated"]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"email": "ann@example.org"}, 400002),
        ({"subscriptionID": "newsletter"}, 400002),
        ({"subscriptionID": "newsletter", "email": "nobody@example.org"}, 400006),
        ({"subscriptionID": "weather", "email": "ann@example.org"}, 400006),
        ({"subscriptionID": "newsletter", "email": "ann@example.org", "tags": "{}"}, 400006),
    ],
)
def test_an_unsubscribe_of_nobody_or_nothing_is_refused(changeable: Sandbox, params: dict[str, str], code: int) -> None:
    assert call(changeable, "accounts.unsubscribe", **params)["errorCode"] == code
