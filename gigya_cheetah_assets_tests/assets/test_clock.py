"""The borders of the clock's check, for each kind of deadline."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from gigya_cheetah_assets.assets.clock import FAILS, WARNS, check_of
from gigya_cheetah_assets.clock.deadlines import due
from gigya_cheetah_assets.clock.waiting import ClockReading, Waiting
from gigya_cheetah_assets.config.deadlines import OptOutDeadlines

WEDNESDAY = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
KINDS = {
    "calendar days": {"default": {"days": 2}},
    "business days": {"default": {"business_days": 10}},
    "business days elsewhere": {"default": {"business_days": 15}, "time_zone": "America/New_York"},
    "over a holiday": {"default": {"business_days": 1}, "holidays": ["2026-11-19"]},
    "one day": {"default": {"days": 1}},
}


def judged(share: float, deadlines: dict[str, object], *, moved: timedelta = timedelta()) -> tuple[bool, object]:
    until = due(WEDNESDAY, None, OptOutDeadlines.model_validate(deadlines))
    reading = ClockReading(WEDNESDAY + share * (until - WEDNESDAY) + moved)
    reading.add([Waiting("opt_out", "NEWSLETTER, pending", WEDNESDAY, until)])
    result = check_of(reading)
    return result.passed, result.severity


@pytest.mark.parametrize("kind", KINDS)
def test_the_check_turns_to_a_warning_at_half_of_the_time(kind: str) -> None:
    assert judged(WARNS, KINDS[kind], moved=-timedelta(seconds=1))[0] is True
    assert judged(WARNS, KINDS[kind], moved=timedelta(seconds=1)) == (False, dg.AssetCheckSeverity.WARN)


@pytest.mark.parametrize("kind", KINDS)
def test_the_check_fails_before_the_due_time(kind: str) -> None:
    assert judged(FAILS, KINDS[kind], moved=-timedelta(seconds=1)) == (False, dg.AssetCheckSeverity.WARN)
    assert judged(FAILS, KINDS[kind], moved=timedelta(seconds=1)) == (False, dg.AssetCheckSeverity.ERROR)
    assert judged(1.0, KINDS[kind]) == (False, dg.AssetCheckSeverity.ERROR)


def test_an_hourly_look_falls_between_the_failure_and_the_due_time_of_the_shortest_deadline() -> None:
    shortest = {"days": 1}, {"business_days": 1}
    for default in shortest:
        deadlines = OptOutDeadlines.model_validate({"default": default})
        for hour in range(24 * 7):
            since = WEDNESDAY + timedelta(hours=hour)
            assert (1 - FAILS) * (due(since, None, deadlines) - since) > timedelta(hours=1)


def test_nothing_open_passes() -> None:
    assert check_of(ClockReading(WEDNESDAY)).passed
