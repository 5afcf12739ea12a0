from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gigya_cheetah_assets.config import Windows
from gigya_cheetah_assets.errors import StopSync
from gigya_cheetah_assets.outbound.window import contiguous, window_of

NOW = datetime(2026, 3, 10, 12, 20, tzinfo=UTC)
HOURLY = Windows(every="hour", start=datetime(2026, 3, 1, tzinfo=UTC))
DAILY = Windows(every="day", start=datetime(2026, 3, 1, tzinfo=UTC))


def _ms(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type, misc]


def test_a_window_reads_from_the_overlap_before_its_start_to_its_end() -> None:
    window = window_of(HOURLY, "2026-03-05-10:00", now=NOW)
    assert window.lower == _ms(2026, 3, 5, 9, 59)
    assert window.upper == _ms(2026, 3, 5, 11)
    assert window.stamp == "20260305T100000Z"


def test_the_first_window_has_no_lower_bound() -> None:
    assert window_of(HOURLY, "2026-03-01-00:00", now=NOW).lower is None


def test_the_newest_window_has_no_upper_bound() -> None:
    assert window_of(HOURLY, "2026-03-10-11:00", now=NOW).upper is None
    assert window_of(HOURLY, "2026-03-10-10:00", now=NOW).upper is not None


def test_a_day_is_a_window_too() -> None:
    window = window_of(DAILY, "2026-03-09", now=NOW)
    assert (window.start, window.end) == (datetime(2026, 3, 9, tzinfo=UTC), datetime(2026, 3, 10, tzinfo=UTC))
    assert window.upper is None


@pytest.mark.parametrize("key", ["2026-03-10-12:00", "2026-02-28-23:00", "2026-03-05", "nonsense"])
def test_a_key_without_an_ended_window_is_refused(key: str) -> None:
    with pytest.raises(StopSync, match="window"):
        window_of(HOURLY, key, now=NOW)


def test_neighbouring_windows_form_one_run_and_gaps_split_it() -> None:
    windows = [window_of(DAILY, f"2026-03-0{day}", now=NOW) for day in (1, 2, 3, 5, 6)]
    runs = contiguous(windows, longest=2)
    assert [[w.key[-1] for w in run] for run in runs] == [["1", "2"], ["3"], ["5", "6"]]


def test_membership_follows_the_bounds() -> None:
    window = window_of(HOURLY, "2026-03-05-10:00", now=NOW)
    assert window.lower in window
    assert window.lower - 1 not in window  # type: ignore[operator]
    assert window.upper not in window
