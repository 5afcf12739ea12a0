from __future__ import annotations

import msgspec
import pytest

from gigya_cheetah_assets.mapping import account_decoder
from gigya_cheetah_assets_tests.mapping.tables import accounts, emails, page, table

NEWS = {"cheetahmail": "NEWS", "gigya": "subscriptions.newsletter.email", "type": "subscription"}
OFFERS = {"cheetahmail": "OFFERS", "gigya": "subscriptions.offers.partner.email", "type": "subscription"}
CITY = {"cheetahmail": "CITY", "gigya": "profile.city"}


def test_only_what_the_table_needs_is_selected() -> None:
    fields = table(CITY, NEWS)
    assert fields.account_select == ("UID", "lastUpdatedTimestamp", "profile.email", "profile.city")
    assert fields.email_account_select[-1] == "subscriptions.newsletter.email"
    assert "profile.city" not in fields.email_account_select
    assert not table(CITY).needs_email_accounts


@pytest.mark.parametrize("results", [None, "absent", []])
def test_absent_results_are_no_accounts(results: object) -> None:
    body = b'{"errorCode":0}' if results == "absent" else msgspec.json.encode({"errorCode": 0, "results": results})
    assert len(account_decoder(table())(body)[1]) == 0


def test_absent_and_null_objects_are_absent_values() -> None:
    decoded = accounts(table(CITY), {"UID": "a"}, {"UID": "b", "profile": None}, {"UID": "c", "profile": {}}, {})
    assert decoded["UID"].to_pylist() == ["a", "b", "c", None]
    assert decoded["profile.city"].to_pylist() == [None] * 4
    assert decoded["value_errors"].null_count == 4


def test_an_odd_type_costs_its_own_value_only() -> None:
    decoded = accounts(
        table(CITY),
        {"UID": "a", "profile": {"city": {"name": "x"}, "email": "a@example.org"}},
        {"UID": "b", "profile": {"city": ["Lund"]}},
        {"UID": "c", "profile": ["no object"]},
        {"UID": "d", "profile": {"city": "Ystad"}},
    )
    assert decoded["profile.city"].to_pylist() == [None, "Lund", None, "Ystad"]
    assert decoded["profile.email"].to_pylist() == ["a@example.org", None, None, None]
    assert decoded["value_errors"].to_pylist() == ["profile.city", None, "profile", None]


def test_the_last_update_may_be_a_number_or_a_text() -> None:
    decoded = accounts(
        table(),
        {"UID": "a", "lastUpdatedTimestamp": 5},
        {"UID": "b", "lastUpdatedTimestamp": "6"},
        {"UID": "c", "lastUpdatedTimestamp": "soon"},
    )
    assert decoded["updated"].to_pylist() == [5, 6, None]


def test_a_dotted_subscription_id_stands_flat_or_nested() -> None:
    leaf = {"isSubscribed": True, "lastUpdatedSubscriptionState": "2026-01-01T00:00:00.5Z"}
    decoded = emails(
        table(OFFERS),
        {"UID": "a", "hasFullAccount": True, "subscriptions": {"offers.partner": {"email": leaf}}},
        {"UID": "b", "hasFullAccount": True, "subscriptions": {"offers": {"partner": {"email": leaf}}}},
        {"UID": "c", "hasFullAccount": True, "subscriptions": {"offers": None}},
    )
    assert decoded["subscriptions.offers.partner.email"].to_pylist() == ["opt_in", "opt_in", None]
    assert decoded["subscriptions.offers.partner.email.at"].to_pylist() == [1767225600500, 1767225600500, None]


def test_a_later_confirmation_is_the_time_of_the_consent() -> None:
    leaf = {
        "isSubscribed": True,
        "lastUpdatedSubscriptionState": "2026-01-01T00:00:00Z",
        "doubleOptIn": {"status": "Confirmed", "confirmTime": "2026-01-01T00:10:00Z"},
    }
    decoded = emails(
        table(NEWS), {"UID": "a", "hasFullAccount": True, "subscriptions": {"newsletter": {"email": leaf}}}
    )
    assert decoded["subscriptions.newsletter.email.at"].to_pylist() == [1767226200000]


def test_a_lite_account_is_known_by_its_token() -> None:
    decoded = emails(
        table(CITY, NEWS, accounts="both"),
        {"token": "t", "email": "l@example.org", "hasFullAccount": False, "profile": {"city": "Oslo"}},
        {"token": "x", "UID": "a", "email": "a@example.org", "hasFullAccount": True},
    )
    assert decoded["UID"].to_pylist() == ["lite-t", "a"]
    assert decoded["lite_key"].to_pylist() == [None, "lite-x"]
    assert decoded["is_lite"].to_pylist() == [None, None]
    assert decoded["is_full"].to_pylist() == [False, True]
    assert decoded["profile.email"].to_pylist() == ["l@example.org", "a@example.org"]
    assert decoded["profile.city"].to_pylist() == ["Oslo", None]


def test_where_only_lite_accounts_are_read_one_that_registered_stays_one() -> None:
    person = {"token": "t", "UID": "a", "email": "l@example.org", "hasFullAccount": True, "hasLiteAccount": True}
    decoded = emails(table(CITY, NEWS, accounts="lite"), person)
    assert (decoded["UID"].to_pylist(), decoded["is_full"].to_pylist()) == (["lite-t"], [False])


def test_what_is_no_json_is_told_from_an_odd_account() -> None:
    with pytest.raises(msgspec.DecodeError):
        account_decoder(table())(b"<html>")
    with pytest.raises(msgspec.DecodeError):
        account_decoder(table())(page({"UID": "a"})[:-3])
