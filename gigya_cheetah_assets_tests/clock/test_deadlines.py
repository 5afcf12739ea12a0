from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gigya_cheetah_assets.clock.deadlines import due, spent
from gigya_cheetah_assets.config.deadlines import OptOutDeadlines

FRIDAY = datetime(2026, 11, 20, 12, tzinfo=UTC)
US = OptOutDeadlines.model_validate(
    {"country_column": "COUNTRY", "rules": [{"countries": ["US"], "business_days": 10}], "holidays": ["2026-11-26"]}
)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is given beside


def test_calendar_days_are_full_days_from_the_moment_itself() -> None:
    assert due(FRIDAY, None, OptOutDeadlines()) == FRIDAY + timedelta(days=2)


def test_business_days_leave_out_the_weekend_and_the_own_holidays() -> None:
    # Mon 23 .. Wed 25, not Thu 26, Fri 27, Mon 30 .. Fri 4, Mon 7: due when the 7th is over.
    assert due(FRIDAY, "us ", US) == datetime(2026, 12, 8, tzinfo=UTC)


def test_a_country_without_a_rule_has_the_default() -> None:
    assert due(FRIDAY, "DE", US) == due(FRIDAY, None, US) == FRIDAY + timedelta(days=2)


def test_a_day_begins_in_the_zone_of_the_calendar() -> None:
    tokyo = OptOutDeadlines.model_validate({"default": {"business_days": 1}, "time_zone": "Asia/Tokyo"})
    # In Tokyo it is Saturday already: the Monday is the first business day.
    assert due(datetime(2026, 11, 20, 16, tzinfo=UTC), None, tokyo) == datetime(2026, 11, 23, 15, tzinfo=UTC)


@given(MOMENTS, st.integers(1, 20))
def test_a_longer_deadline_is_never_due_earlier(since: datetime, days: int) -> None:
    shorter = OptOutDeadlines.model_validate({"default": {"business_days": days}})
    longer = OptOutDeadlines.model_validate({"default": {"business_days": days + 1}})
    assert since < due(since, None, shorter) < due(since, None, longer)


def test_half_of_the_time_is_half() -> None:
    assert spent(FRIDAY, FRIDAY + timedelta(days=2), FRIDAY + timedelta(days=1)) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"default": {}},
        {"default": {"days": 2, "business_days": 3}},
        {"rules": [{"countries": ["US"], "days": 3}]},
        {"weekend": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]},
    ],
)
def test_deadlines_that_say_nothing_or_too_much_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        OptOutDeadlines.model_validate(wrong)
