"""Rejects of a file, kept as Parquet for programs and as CSV for people: line, column and reason, never a value."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gigya_cheetah_assets.inbound.parse import REJECTS
from gigya_cheetah_assets.store.rejects import for_a_spreadsheet


class LineRejects:
    """Writes `rejects.parquet` and `rejects.csv` side by side.

    Attributes:
        rows: Rejected rows; each has one line here.
        reasons: Their number by (column, reason); an empty column stands for the whole row.
    """

    def __init__(self, folder: Path) -> None:
        self.rows = 0
        self.reasons: Counter[tuple[str, str]] = Counter()
        self._parquet = pq.ParquetWriter(folder / "rejects.parquet", REJECTS, compression="zstd")
        self._file = (folder / "rejects.csv").open("w", encoding="utf-8", newline="")
        self._csv = csv.writer(self._file)
        self._csv.writerow(REJECTS.names)

    def add(self, *rejects: pa.Table) -> None:
        """Appends the rejects of one batch, by line."""
        table = pa.concat_tables([some.cast(REJECTS) for some in rejects]).sort_by("line")
        if not len(table):
            return
        self.rows += len(table)
        self._parquet.write_table(table)
        named = table.set_column(1, "column", pc.fill_null(table["column"], ""))
        for found in named.group_by(["column", "reason"]).aggregate([([], "count_all")]).to_pylist():
            self.reasons[found["column"], found["reason"]] += found["count_all"]
        for line in named.to_pylist():
            self._csv.writerow([line["line"], for_a_spreadsheet(line["column"]), for_a_spreadsheet(line["reason"])])

    def __enter__(self) -> Self:
        return self

    def close(self) -> None:
        """Closes both files."""
        self._parquet.close()
        self._file.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
