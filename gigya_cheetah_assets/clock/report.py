"""The table of opt-outs as lines for a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gigya_cheetah_assets.clock.table import read_table
from gigya_cheetah_assets.config import Sync


@dataclass
class ClockLines:
    """The lines, and how many open opt-outs are overdue."""

    lines: list[str] = field(default_factory=list)
    overdue: int = 0


def clock_lines(data: Path, sync: Sync, *, everything: bool, uids: bool, now: datetime) -> ClockLines:
    """One line an opt-out, the counts first; with `everything` also those that are closed.

    Raises:
        StopSync: The clock was never looked at.
    """
    counted, batches = read_table(data, sync)
    told = ClockLines()
    for state, counts in (("open", counted.open), ("closed", counted.closed)):
        parts = ", ".join(f"{count:,} from {side}" for side, count in sorted(counts.items())) or "none"
        told.lines.append(f"{sync.name}: {state}: {parts}")
    told.lines.append(f"{sync.name}: as of {datetime.fromtimestamp(counted.taken_at / 1000, UTC):%Y-%m-%d %H:%M} UTC")
    for batch in batches:
        for row in batch.to_pylist():
            is_open = row["state"] == "open"
            told.overdue += is_open and row["due"] < now
            if is_open or everything:
                told.lines.append(_line(row, uids=uids, now=now))
    return told


def _line(row: dict[str, Any], *, uids: bool, now: datetime) -> str:
    age = (row["reached_at"] or now) - row["since"]
    parts = [
        f"  {row['state']:<6} {row['side']:<11} {row['subscription']}",
        f"seen {row['seen_at']:%Y-%m-%d %H:%M} in {row['seen_in']}",
        f"{'took' if row['reached_at'] else 'age'} {_hours(age)}",
        f"due {row['due']:%Y-%m-%d %H:%M}",
        *([f"reached {row['reached_at']:%Y-%m-%d %H:%M}"] if row["reached_at"] else []),
        *([f"confirmed {row['confirmed_at']:%Y-%m-%d %H:%M}"] if row["confirmed_at"] else []),
        row["fate"],
        *([row["uid"] or "(erased)"] if uids else []),
    ]
    return "; ".join(parts)


def _hours(age: timedelta) -> str:
    return f"{max(age, timedelta()).total_seconds() / 3600:.1f} h"
