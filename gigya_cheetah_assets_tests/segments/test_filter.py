from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gigya_cheetah_assets.config import Segment
from gigya_cheetah_assets.grammar import parse_condition
from gigya_cheetah_assets.segments.filter import SegmentFilter

NOW = datetime(2026, 3, 31, 13, 45, 7, tzinfo=UTC)
NEWS = "subscriptions.news.email.isSubscribed = true"


def filter_of(where: str, *, watch: bool = False) -> SegmentFilter:
    return SegmentFilter.of(Segment(name="any", where=where, explain_joins=watch), NOW)


def test_reasons_are_the_conditions_as_they_were_written() -> None:
    found = filter_of('data.tier = "gold" AND (lastLoginTimestamp < {now-90d} AND created < {today})')
    assert found.names == ('data.tier = "gold"', "lastLoginTimestamp < {now-90d}", "created < {today}")
    assert len(found.conditions) == 3


def test_a_filter_on_accounts_goes_to_the_site_as_it_is_and_near_misses_beside_it() -> None:
    found = filter_of("a = 1 AND b = 2", watch=True)
    assert not found.split
    assert found.filled == "a = 1 AND b = 2"
    assert found.near_misses == "(NOT (a = 1) AND b = 2) OR (a = 1 AND NOT (b = 2))"
    assert filter_of("a = 1 OR b = 2", watch=True).near_misses is None
    assert filter_of("a = 1 AND b = 2").near_misses is None


@pytest.mark.parametrize(
    ("where", "accounts", "subscriptions"),
    [
        (f"a = 1 AND {NEWS}", "a = 1", NEWS),
        (f"a = 1 OR {NEWS}", None, None),
        (f"a = 1 AND NOT ({NEWS})", "a = 1", None),
        (f"(a = 1 OR b = 2) AND {NEWS}", "a = 1 OR b = 2", NEWS),
        (f"a = 1 AND (b = 2 OR {NEWS})", "a = 1", None),
        (f"NOT (a = 1 OR NOT ({NEWS}))", "NOT (a = 1)", NEWS),
        (f"a = 1 AND subscriptions.news.email.isSubscribed is null AND {NEWS}", "a = 1", None),
    ],
)
def test_each_source_is_asked_for_what_it_knows(where: str, accounts: str | None, subscriptions: str | None) -> None:
    found = filter_of(where)
    assert found.split
    assert found.account_part == accounts
    if where.count("subscriptions") > 1:
        assert found.subscription_part is not None
    else:
        assert found.subscription_part == subscriptions
    for part in (found.account_part, found.subscription_part):
        assert part is None or parse_condition(part)


def test_near_misses_of_a_split_filter_are_read_with_the_members() -> None:
    found = filter_of(f"a = 1 AND b = 2 AND {NEWS}", watch=True)
    assert found.account_part == "b = 2 OR a = 1 OR (a = 1 AND b = 2)"
    assert found.subscription_part is None
