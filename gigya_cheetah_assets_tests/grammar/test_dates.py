from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigya_cheetah_assets.grammar import QueryError, fill_dates

NOW = datetime(2026, 3, 31, 13, 45, 7, 123456, UTC)


@pytest.mark.parametrize(
    ("where", "filled"),
    [
        ("lastLoginTimestamp < {now-90d}", "lastLoginTimestamp < 1767188707123"),
        ("lastLoginTimestamp >= {now}", "lastLoginTimestamp >= 1774964707123"),
        ("created >= {today}", 'created >= "2026-03-31T00:00:00.000Z"'),
        ("created >= {today-2w}", 'created >= "2026-03-17T00:00:00.000Z"'),
        ("data.visit > {now-12h}", 'data.visit > "2026-03-31T01:45:07.123Z"'),
        ("data.visitMs > {today+1d:ms}", "data.visitMs > 1775001600000"),
        ("createdTimestamp in ({now}, {today})", "createdTimestamp in (1774964707123, 1774915200000)"),
        ("a = 1 AND registeredTimestamp < {now}", "a = 1 AND registeredTimestamp < 1774964707123"),
        ('data.text = "{now-90d}"', 'data.text = "{now-90d}"'),
    ],
)
def test_a_date_becomes_what_its_field_compares_with(where: str, filled: str) -> None:
    assert fill_dates(where, NOW) == filled


@pytest.mark.parametrize("wrong", ["{now-90}", "{yesterday}", "{now-3m}", "{}", "{now - 90d}", "{now-90d:sec}"])
def test_what_is_no_date_is_refused_with_examples(wrong: str) -> None:
    with pytest.raises(QueryError, match=r"expected a date such as \{now-90d\}"):
        fill_dates(f"created < {wrong}", NOW)


def test_a_date_needs_a_field_and_a_year_that_exists() -> None:
    with pytest.raises(QueryError, match="expected a field"):
        fill_dates("{now}", NOW)
    with pytest.raises(QueryError, match="between the years 1 and 9999"):
        fill_dates("created < {now-999999w}", NOW)


@given(st.text(alphabet=st.characters(exclude_characters="{")))
def test_a_text_without_dates_stays_as_it_is(text: str) -> None:
    assert fill_dates(text, NOW) == text
