"""When an opt-out is due: calendar days, or business days by the sync's own calendar. Pure functions of time."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gigya_cheetah_assets.config.deadlines import Deadline, OptOutDeadlines

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def due(since: datetime, country: str | None, deadlines: OptOutDeadlines) -> datetime:
    """The moment by which an opt-out must have reached the other side, UTC.

    A business day counts from the next one on: an opt-out of Friday with one business day is due at the end of
    Monday. Calendar days are full days from the moment itself.

    Args:
        since: When the person opted out, with a zone.
        country: The person's country as CheetahMail's column has it; None where it is not known.
        deadlines: Of the sync file.
    """
    rule = deadline_of(country, deadlines)
    if rule.days is not None:
        return (since + timedelta(days=rule.days)).astimezone(UTC)
    zone = ZoneInfo(deadlines.time_zone)
    day = since.astimezone(zone).date()
    left = rule.business_days or 0
    while left:
        day += timedelta(days=1)
        if _WEEKDAYS[day.weekday()] not in deadlines.weekend and day not in deadlines.holidays:
            left -= 1
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)


def deadline_of(country: str | None, deadlines: OptOutDeadlines) -> Deadline:
    """The deadline for people of a country."""
    spelled = (country or "").strip().casefold()
    for rule in deadlines.rules:
        if spelled and spelled in (name.strip().casefold() for name in rule.countries):
            return rule
    return deadlines.default


def spent(since: datetime, until: datetime, now: datetime) -> float:
    """The share of the time from `since` to `until` that has passed; above 1 it is overdue."""
    whole = (until - since).total_seconds()
    return (now - since).total_seconds() / whole if whole > 0 else 1.0
