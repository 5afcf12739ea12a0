"""The clock looked at once, with the table of all opt-outs written beside it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from gigya_cheetah_assets.clock.table import ClockSummary, TableWriter
from gigya_cheetah_assets.clock.waiting import ClockReading, read_clock
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.store import summary


def take_reading(sync: Sync, ledger: Ledger, folder: Path, *, data: Path, now: datetime) -> ClockReading:
    """Reads the clock and fills a folder with the table and its summary."""
    table = TableWriter(folder)
    try:
        reading = read_clock(sync, ledger, data=data, now=now, table=table)
    finally:
        table.close()
    summary.write(folder, ClockSummary(table.open, table.closed, int(now.timestamp() * 1000)))
    return reading
