"""accounts.search over HTTP: what the search language finds and how results look."""

from __future__ import annotations

import pytest

from gigya_cheetah_assets.sandbox import Sandbox
from gigya_cheetah_assets_tests.sandbox.site_calls import results, search


def uids(sandbox: Sandbox, where: str, source: str = "accounts") -> list[str]:
    return [
        row.get("UID", row.get("token"))
        for row in results(sandbox, f"SELECT UID, token FROM {source} WHERE {where}")  # noqa: S608 - the language of the sandbox
    ]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ('UID = "u1"', ["u1"]),
        ("UID = 'u1'", ["u1"]),
        ('UID in("u3", "u1", "nobody")', ["u1", "u3"]),
        ('UID != "u1"', ["u2", "u3", "u4"]),
        ("isRegistered = true", ["u1", "u3", "u4"]),
        ("NOT isRegistered = true", ["u2"]),
        ("lastUpdatedTimestamp >= 1700000000500", ["u2", "u3", "u4"]),
        ("lastUpdatedTimestamp >= 1700000000500 AND lastUpdatedTimestamp < 1700000001500", ["u2", "u3"]),
        ("lastUpdated > '2023-11-14T22:13:20.500Z'", ["u3", "u4"]),
        ('data.loyalty.tier = "gold"', ["u1"]),
        ('data.loyalty.tier = "Gold"', []),
        ('data.loyalty.tier != "gold"', ["u2", "u3", "u4"]),
        ("data.loyalty.points = 17", ["u1", "u2"]),
        ('data.loyalty.points = "17"', ["u1", "u2"]),
        ("data.loyalty.points > 16.5 AND profile.birthYear >= 1985", ["u2"]),
        ('data.loyalty.joined >= "2021-03-04T00:00:00Z"', ["u1"]),
        ('data.brands = "north"', ["u1", "u2"]),
        ('data.brands in("coast")', ["u1"]),
        ('data.brands contains "north"', ["u1", "u2"]),
        ("profile is null", ["u3"]),
        ("profile.firstName is not null", ["u1", "u4"]),
        ("profile.firstName is null", ["u2", "u3"]),
        ('profile.bio contains "wine"', ["u1"]),
        ('profile.bio contains "win"', []),
        ('profile.bio contains "blue"', []),
        ('profile.bio contains("Blue cheese")', ["u1"]),
        ('profile.bio not contains "wine"', ["u2", "u3", "u4"]),
        ("data.loyalty.tier = regex('g.*')", ["u1"]),
        ("data.loyalty.tier = regex('g')", []),
        ("data.loyalty.tier != regex('[gs].*')", ["u3", "u4"]),
        ('profile.firstName = "Ann"', ["u1"]),
        ('profile.firstName contains "ann"', ["u1"]),
        ('profile.email = "Ann@Example.org"', ["u1"]),
        ('profile.email = "ann@example.org"', ["u4"]),
        ('profile.email = "Ann@Example.org" OR profile.email = "bob@example.org"', ["u1", "u2"]),
        ('(UID = "u1" or UID = "u2") and not (isRegistered = true)', ["u2"]),
        ('UID = "u1" or UID = "u2" and isRegistered = true', ["u1"]),
        ("profile.phones.number is null", ["u1", "u2", "u3", "u4"]),
        ("subscriptions.newsletter.email.isSubscribed = true", []),
        ('uid = "u1"', []),
    ],
)
def test_a_condition_finds_these_accounts(known: Sandbox, where: str, found: list[str]) -> None:
    assert uids(known, where) == found


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("subscriptions.newsletter.email.isSubscribed = true", ["u1", "t5"]),
        ("subscriptions.newsletter.email is null", ["u2"]),
        ("subscriptions.offers.partner.email.isSubscribed = true", ["u1"]),
        ("subscriptions.offers.partner.email.isSubscribed = false", ["u2"]),
        ('subscriptions.offers.partner.email.doubleOptIn.status = "Pending"', ["u1"]),
        ('subscriptions.newsletter.email.lastUpdatedSubscriptionState >= "2026-01-02T03:04:05.500Z"', ["u1"]),
        ("hasLiteAccount = true AND hasFullAccount = false", ["t5"]),
        ("hasFullAccount = true", ["u1", "u2"]),
        ('email = "lite@example.org"', ["t5"]),
        ("lastUpdatedTimestamp > 1700000000500", ["t5"]),
    ],
)
def test_a_condition_finds_these_email_accounts(known: Sandbox, where: str, found: list[str]) -> None:
    assert uids(known, where, "emailAccounts") == found


@pytest.mark.parametrize(
    "query",
    [
        "SELECT UID FROM accounts LIMIT 5 START 5",
        "SELECT UID FROM accounts ORDER BY created WHERE UID = 'u1'",
        "SELECT UID FROM accounts GROUP BY UID",
        "SELECT UID FROM accounts HAVING UID = 'u1'",
        "SELECT UID FROM accounts JOIN other",
        "SELECT sum(data.loyalty.points) FROM accounts",
        "SELECT UID, count(*) FROM accounts",
        "SELECT FROM accounts",
        "SELECT UID accounts",
        'SELECT UID FROM accounts WHERE UID = "u1',
        "SELECT UID FROM accounts WHERE UID",
        "SELECT UID FROM accounts WHERE (UID = 'u1'",
        "SELECT UID FROM accounts WHERE UID = u1",
        "SELECT UID FROM accounts LIMIT -1",
        "SELECT UID FROM accounts START 5001",
        "SELECT UID FROM accounts LIMIT " + "9" * 5000,
        "SELECT UID FROM accounts WHERE data.x = " + "9" * 5000,
        "SELECT UID FROM accounts WHERE data.x = -" + "9" * 5000 + ".5",
        "SELECT UID FROM accounts WHERE data.x = regex('(')",
        "SELECT UID FROM accounts; DELETE",
        'SELECT UID FROM accounts WHERE profile.email >= "a"',
        'SELECT UID FROM accounts WHERE profile.email in("a")',
        "SELECT UID FROM accounts WHERE profile.lastName = regex('.*')",
        "SELECT UID FROM accounts ORDER BY profile.zip",
        "SELECT UID FROM accounts WHERE " + "(" * 100 + "UID = 'u1'" + ")" * 100,
        "",
    ],
)
def test_a_query_outside_the_grammar_is_a_bad_parameter_value(known: Sandbox, query: str) -> None:
    body = search(known, query)
    assert body["errorCode"] == 400006
    assert body["errorMessage"] == "Invalid parameter value"
    assert body["statusCode"] == 400
    assert body["statusReason"] == "Bad Request"
    assert "results" not in body


def test_error_details_hold_html_entities(known: Sandbox) -> None:
    assert "&#39;bogus&#39;" in search(known, "SELECT UID FROM accounts bogus")["errorDetails"]


def test_an_unknown_source_falls_back_to_accounts(known: Sandbox) -> None:
    assert results(known, "SELECT UID FROM user") == results(known, "SELECT UID FROM accounts")


def test_selected_fields_come_back_nested_and_absent_ones_are_left_out(known: Sandbox) -> None:
    rows = results(known, "SELECT UID, profile.firstName, data.loyalty.tier, data.brands FROM accounts")
    assert rows[0] == {
        "UID": "u1",
        "profile": {"firstName": "Ann"},
        "data": {"loyalty": {"tier": "gold"}, "brands": ["north", "coast"]},
    }
    # u3 has a text where an object is selected from; the whole page then goes document by document.
    assert rows[2] == {"UID": "u3", "data": {"brands": []}}


def test_a_row_without_any_selected_field_is_an_empty_object(known: Sandbox) -> None:
    assert results(known, "SELECT profile.nickname FROM accounts WHERE UID = 'u3'") == [{}]


def test_fields_inside_an_array_are_taken_from_each_element(known: Sandbox) -> None:
    rows = results(known, "SELECT profile.phones.number FROM accounts WHERE UID = 'u1'")
    assert rows == [{"profile": {"phones": [{"number": "+1"}, {"number": "+2"}]}}]


def test_an_alias_keeps_the_nesting(known: Sandbox) -> None:
    assert results(known, "SELECT profile.firstName AS x FROM accounts WHERE UID = 'u1'") == [{"profile": {"x": "Ann"}}]


def test_accounts_never_return_subscriptions(known: Sandbox) -> None:
    for selected in ("*", "UID, subscriptions", "subscriptions.newsletter.email.isSubscribed"):
        assert all("subscriptions" not in row for row in results(known, f"SELECT {selected} FROM accounts"))  # noqa: S608 - the language of the sandbox


def test_a_dotted_subscription_id_comes_back_as_it_is_stored(known: Sandbox) -> None:
    rows = results(known, "SELECT subscriptions.offers.partner.email.isSubscribed FROM emailAccounts")
    assert rows[0] == {"subscriptions": {"offers.partner": {"email": {"isSubscribed": True}}}}
    assert rows[1] == {"subscriptions": {"offers": {"partner": {"email": {"isSubscribed": False}}}}}


def test_there_is_one_email_account_for_each_address(known: Sandbox) -> None:
    body = search(known, "SELECT * FROM emailAccounts")
    assert [row["email"] for row in body["results"]] == ["Ann@Example.org", "bob@example.org", "lite@example.org"]
    assert body["missing"] == 0
    first = body["results"][0]
    assert first["UID"] == "u1"
    assert first["channel"] == "email"
    assert first["hasFullAccount"] is True
    assert first["hasLiteAccount"] is False
    assert "isRegistered" not in first


def test_a_lite_account_has_a_token_and_no_uid(known: Sandbox) -> None:
    query = "SELECT * FROM accounts"
    lite = results(known, query, accountTypes="lite")
    assert [(row["token"], row["hasLiteAccount"]) for row in lite] == [("t5", True)]
    assert "UID" not in lite[0]
    assert len(results(known, query, accountTypes="full,lite")) == 5
    assert search(known, query, accountTypes="heavy")["errorCode"] == 400006


def test_count_gives_one_row(known: Sandbox) -> None:
    body = search(known, "select COUNT(*) from accounts where isRegistered = true")
    assert body["results"] == [{"count(*)": 3}]
    assert (body["objectsCount"], body["totalCount"]) == (1, 3)


def test_order_start_and_limit_choose_the_rows(known: Sandbox) -> None:
    query = "SELECT UID FROM accounts ORDER BY lastUpdatedTimestamp DESC START 1 LIMIT 2"
    body = search(known, query)
    assert [row["UID"] for row in body["results"]] == ["u3", "u2"]
    assert (body["objectsCount"], body["totalCount"]) == (2, 4)


def test_order_by_a_field_of_the_document(known: Sandbox) -> None:
    rows = results(
        known, "SELECT UID FROM accounts WHERE data.loyalty.tier is not null ORDER BY data.loyalty.tier DESC"
    )
    assert [row["UID"] for row in rows] == ["u2", "u1"]


def test_the_default_limit_is_300(crowd: Sandbox) -> None:
    body = search(crowd, "SELECT UID FROM accounts")
    assert len(body["results"]) == body["objectsCount"] == 300
    assert body["totalCount"] == crowd.site.count() > 2000


def test_many_addresses_at_once_are_found(crowd: Sandbox) -> None:
    emails = [row["email"] for row in results(crowd, "SELECT email FROM emailAccounts LIMIT 1200")]
    condition = " OR ".join(f'profile.email = "{email}"' for email in emails)
    rows = results(crowd, f"SELECT email FROM emailAccounts WHERE {condition} LIMIT 2000")  # noqa: S608 - the language of the sandbox
    assert [row["email"] for row in rows] == emails
