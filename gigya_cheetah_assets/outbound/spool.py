"""A spool: what a scan reads, spread over part files by the hash of the key, so memory stays flat.

The parts are ranges of `slot` = CRC-32 of the key. Sorted by (slot, key), the parts one after the other are in the
same *stable order* whatever their number, which makes the same data give the same files. Each part is small enough
to be deduplicated and joined in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import ceil
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.store.crc import crc32s


def in_stable_order(table: pa.Table, key: str, *, latest_by: str) -> pa.Table:
    """One row a key, the one with the greatest `latest_by`, sorted by (slot, key)."""
    own = crc32s(table[key])
    if (own[1:] > own[:-1]).all():
        return table.combine_chunks()
    order = np.argsort(own, kind="stable")
    sorted_slots = own[order]
    same = np.append(sorted_slots[1:] == sorted_slots[:-1], False)
    if not same.any():
        return table.take(pa.array(order)).combine_chunks()
    places = np.flatnonzero(same | np.append(False, same[:-1]))
    order[places] = order[places][_by_slot_key_time(table.take(pa.array(order[places])), key, latest_by)]
    table = table.take(pa.array(order)).combine_chunks()
    last_of_key = pc.not_equal(table[key].slice(0, len(table) - 1), table[key].slice(1))
    return table.filter(pa.array(np.append(np.asarray(last_of_key), True)))


def _by_slot_key_time(table: pa.Table, key: str, time: str) -> npt.NDArray[np.int64]:
    """The order of the few rows whose slots collide; a record without a time counts as the oldest."""
    by = pa.table({"slot": pa.array(crc32s(table[key])), "key": table[key], "time": pc.fill_null(table[time], -1)})
    return np.asarray(pc.sort_indices(by, [(name, "ascending") for name in by.column_names]), np.int64)


def parts_for(rows: int, most: int) -> int:
    """The power of two of parts that keeps each part of so many rows at about `most`."""
    return 1 << max(0, ceil(rows / most) - 1).bit_length()


def spread(table: pa.Table, key: str, parts: int) -> list[pa.Table]:
    """The table's rows by part; part i holds the slots from i/parts to (i+1)/parts of all."""
    if parts == 1:
        return [table]
    part_of_row = (crc32s(table[key]).astype(np.uint64) * np.uint64(parts)) >> np.uint64(32)
    order = np.argsort(part_of_row, kind="stable")
    table = table.take(pa.array(order))
    bounds = np.searchsorted(part_of_row[order], np.arange(parts + 1))
    return [table.slice(int(start), int(end - start)) for start, end in pairwise(bounds)]


class Spool:
    """Part files of one scan, in Arrow's stream format; they come into being with the first row.

    Args:
        folder: Where the part files go; it must exist. Those of an earlier spool of this name are removed.
        name: Distinguishes several spools of one folder.
        key: The column whose hash chooses the part.
        parts: How many parts, a power of two; 1 for what fits in memory at once.
    """

    def __init__(self, folder: Path, name: str, schema: pa.Schema, *, key: str, parts: int) -> None:
        self.schema = schema
        self.key = key
        self.parts = parts
        self.rows = 0
        for earlier in folder.glob(f"{name}.*.arrow"):
            earlier.unlink()
        self._paths = [folder / f"{name}.{part:05d}.arrow" for part in range(parts)]
        self._writers: list[pa.ipc.RecordBatchStreamWriter] = []

    def add(self, table: pa.Table) -> None:
        """Spreads a table's rows over the parts."""
        self.rows += len(table)
        table = table.select(self.schema.names).cast(self.schema)
        self._writers = self._writers or [pa.ipc.new_stream(str(path), self.schema) for path in self._paths]
        for writer, part in zip(self._writers, spread(table, self.key, self.parts), strict=True):
            if len(part):
                writer.write_table(part)

    def read(self, parts: int) -> Iterator[pa.Table]:
        """The records in `parts` parts, at least as many as were written; closes the spool for writing."""
        self.close()
        finer = parts // self.parts
        for part, path in enumerate(self._paths):
            whole = self._whole(path)
            yield from spread(whole, self.key, parts)[part * finer : (part + 1) * finer] if finer > 1 else [whole]

    def close(self) -> None:
        """Closes the part files."""
        for writer in self._writers:
            writer.close()

    def _whole(self, path: Path) -> pa.Table:
        if not self.rows:
            return self.schema.empty_table()
        with pa.OSFile(str(path)) as source, pa.ipc.open_stream(source) as reader:
            return reader.read_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
