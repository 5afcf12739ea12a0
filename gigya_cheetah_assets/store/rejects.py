"""Rejects: the records that may not go on, kept as Parquet for programs and as CSV for people.

A reject is a key (a UID, or the line of a file), a column and a reason; never a personal value.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

SCHEMA = pa.schema([("uid", pa.string()), ("column", pa.string()), ("reason", pa.string())])
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class RejectsWriter:
    """Writes `rejects.parquet` and `rejects.csv` side by side.

    Attributes:
        reasons: Number of lines by (column, reason); one record may have several.
    """

    def __init__(self, folder: Path) -> None:
        self.reasons: Counter[tuple[str, str]] = Counter()
        self._parquet = pq.ParquetWriter(folder / "rejects.parquet", SCHEMA, compression="zstd")
        self._file = (folder / "rejects.csv").open("w", encoding="utf-8", newline="")
        self._csv = csv.writer(self._file)
        self._csv.writerow(SCHEMA.names)

    def add(self, rejects: pa.Table) -> None:
        """Appends lines of (uid, column, reason)."""
        if not len(rejects):
            return
        rejects = rejects.select(SCHEMA.names).cast(SCHEMA)
        self._parquet.write_table(rejects)
        for line in rejects.to_pylist():
            self.reasons[line["column"], line["reason"]] += 1
            self._csv.writerow([for_a_spreadsheet(line[name] or "") for name in SCHEMA.names])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._parquet.close()
        self._file.close()


def for_a_spreadsheet(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would run as a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
