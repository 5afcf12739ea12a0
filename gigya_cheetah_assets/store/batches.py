"""Parquet in batches: reading a file in steps of bounded size and writing one only when it gets a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

# A pandera call has a fixed cost of some 20 ms, a larger batch costs memory.
BATCH_ROWS = 32_768


def read_batches(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The file's rows (or only some columns) in tables of at most `BATCH_ROWS`; nothing if there is no such file."""
    if not path.is_file():
        return
    # Without pre_buffer: it would keep all of the file that was read until the end.
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(BATCH_ROWS, columns=None if columns is None else list(columns)):
            yield pa.Table.from_batches([batch])


class LazyParquet:
    """A Parquet file that comes into being with its first row; an empty table writes nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self._writer: pq.ParquetWriter | None = None

    def add(self, table: pa.Table) -> None:
        """Appends a table; all tables of one file have the same schema."""
        if not len(table):
            return
        if self._writer is None:
            # Read once or twice, soon, from end to end: speed counts for more than size, statistics for nothing.
            self._writer = pq.ParquetWriter(
                self.path, table.schema, compression="lz4", use_dictionary=False, write_statistics=False
            )
        self._writer.write_table(table)
        self.rows += len(table)

    def close(self) -> None:
        """Ends the file; a second time does nothing."""
        if self._writer is not None:
            self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
