"""Windows: the time partitions of the outbound flow, their keys, their stamps and what of Gigya they read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gigya_cheetah_assets.config import Windows
from gigya_cheetah_assets.errors import StopSync

KEY_FORMAT = {"hour": "%Y-%m-%d-%H:%M", "day": "%Y-%m-%d"}


@dataclass(frozen=True)
class Window:
    """Accounts whose last update falls in [start, end), read with an overlap.

    Attributes:
        lower: First millisecond that is read, `None` for the first window: it is the initial load.
        upper: First millisecond that is not read, `None` for the newest window, so that an account that is
            updated without pause is still exported.
    """

    key: str
    start: datetime
    end: datetime
    lower: int | None
    upper: int | None

    @property
    def stamp(self) -> str:
        """`20260101T000000Z`: the window in file names, in folders and in the ledger; sorts by time."""
        return f"{self.start:%Y%m%dT%H%M%SZ}"

    def __contains__(self, updated: int) -> bool:
        """Whether a last update (epoch ms) belongs to what this window reads."""
        return (self.lower is None or updated >= self.lower) and (self.upper is None or updated < self.upper)


def length(windows: Windows) -> timedelta:
    """How long one window is."""
    return timedelta(hours=1) if windows.every == "hour" else timedelta(days=1)


def window_of(windows: Windows, key: str, *, now: datetime) -> Window:
    """The window of a partition key (`2026-03-01-10:00`, for days `2026-03-01`).

    Raises:
        StopSync: The key is no key of these windows, lies before their start, or its window has not ended.
    """
    try:
        start = datetime.strptime(key, KEY_FORMAT[windows.every]).replace(tzinfo=UTC)
    except ValueError as error:
        raise StopSync(
            f"{key!r} is no {windows.every} window",
            next_step=f"use a key such as {windows.start:{KEY_FORMAT[windows.every]}}",
        ) from error
    end = start + length(windows)
    if start < windows.start or end > now:
        raise StopSync(
            f"window {key} is not between {windows.start:%Y-%m-%d %H:%M} UTC and now",
            next_step="choose a window that has ended, or set windows.start earlier",
        )
    newest = end + length(windows) > now
    overlap = timedelta(seconds=windows.overlap_seconds)
    return Window(
        key=key,
        start=start,
        end=end,
        lower=None if start == windows.start else _milliseconds(start - overlap),
        upper=None if newest else _milliseconds(end),
    )


def last_ended(windows: Windows, now: datetime) -> str | None:
    """The key of the newest window that has ended, None before the first one has."""
    one = length(windows)
    count = (now - windows.start) // one
    return f"{windows.start + (count - 1) * one:{KEY_FORMAT[windows.every]}}" if count > 0 else None


def contiguous(windows: Sequence[Window], *, longest: int) -> list[list[Window]]:
    """Runs of neighbouring windows, each at most `longest` long: one query reads a whole run."""
    runs: list[list[Window]] = []
    for window in sorted(windows, key=lambda w: w.start):
        if runs and runs[-1][-1].end == window.start and len(runs[-1]) < longest:
            runs[-1].append(window)
        else:
            runs.append([window])
    return runs


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
