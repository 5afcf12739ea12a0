"""The table of opt-outs beside the asset: Parquet for programs, CSV for people. Of a person it holds the UID only."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from gigya_cheetah_assets.clock.opt_outs import OptOut
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.store import folders, summary
from gigya_cheetah_assets.store.batches import read_batches
from gigya_cheetah_assets.store.rejects import for_a_spreadsheet

FILE = "opt_outs.parquet"
NOW = "now"
_TIME = pa.timestamp("ms", tz="UTC")
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("state", "side", "uid", "subscription", "before")),
        ("decided_at", _TIME), ("seen_at", _TIME), ("seen_in", pa.string()), ("line", pa.int64()), ("since", _TIME),
        *((name, _TIME) for name in ("due", "reached_at", "confirmed_at")),
        ("fate", pa.string()),
    ]
)  # fmt: skip


class ClockSummary(msgspec.Struct, frozen=True):
    """How many opt-outs the table holds, by side; `taken_at` in epoch ms."""

    open: dict[str, int]
    closed: dict[str, int]
    taken_at: int


class TableWriter:
    """Writes the table, batch by batch.

    Args:
        folder: Where the files are made.
    """

    def __init__(self, folder: Path) -> None:
        self.open: dict[str, int] = {}
        self.closed: dict[str, int] = {}
        self._parquet = pq.ParquetWriter(folder / FILE, SCHEMA, compression="zstd")
        self._file = (folder / FILE).with_suffix(".csv").open("w", encoding="utf-8", newline="")
        self._csv = csv.writer(self._file)
        self._csv.writerow(SCHEMA.names)

    def add(self, opt_outs: Iterable[OptOut]) -> None:
        """Appends some opt-outs."""
        rows = [{**asdict(one), "state": "open" if one.reached_at is None else "closed"} for one in opt_outs]
        for row in rows:
            counts = self.open if row["state"] == "open" else self.closed
            counts[row["side"]] = counts.get(row["side"], 0) + 1
            self._csv.writerow([_cell(row[name], SCHEMA.field(name).type) for name in SCHEMA.names])
        if rows:
            self._parquet.write_table(pa.Table.from_pylist(rows, SCHEMA))

    def close(self) -> None:
        """Ends both files."""
        self._parquet.close()
        self._file.close()


def read_table(data: Path, sync: Sync) -> tuple[ClockSummary, Iterable[pa.Table]]:
    """The newest table, in batches of `SCHEMA`.

    Raises:
        StopSync: The clock was never looked at.
    """
    folder = folders.finished(folders.asset_folder(data, sync.name, folders.CLOCK, NOW))
    return summary.read(folder, ClockSummary), read_batches(folder / FILE)


def _cell(value: object, kind: pa.DataType) -> str:
    if value is None:
        return ""
    if kind == _TIME and isinstance(value, int):
        return f"{datetime.fromtimestamp(value / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return for_a_spreadsheet(str(value))
