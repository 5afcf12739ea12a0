"""Several long lists of people side by side, each in stable order, without holding any of them as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from gigya_cheetah_assets.store.crc import Hashes, crc32s


class _List:
    """What of one list is in memory."""

    def __init__(self, schema: pa.Schema, tables: Iterable[pa.Table], key: str) -> None:
        self._tables = iter(tables)
        self._key = key
        self.rows = schema.empty_table()
        self.slots: Hashes = np.empty(0, np.uint32)
        self.ended = False

    def read(self) -> None:
        """Takes the next table; notes the end."""
        table = next(self._tables, None)
        if table is None:
            self.ended = True
            return
        self.rows = pa.concat_tables([self.rows, table.select(self.rows.column_names).cast(self.rows.schema)])
        self.slots = np.concatenate([self.slots, crc32s(table[self._key])])

    @property
    def bound(self) -> int | None:
        """All people below this slot are in memory; None when it is everybody."""
        return None if self.ended else int(self.slots[-1]) if len(self.slots) else 0

    def take(self, below: int | None) -> pa.Table:
        """Those below a slot, or all."""
        count = len(self.slots) if below is None else int(np.searchsorted(self.slots, below))
        taken, self.rows, self.slots = self.rows.slice(0, count), self.rows.slice(count), self.slots[count:]
        return taken.combine_chunks()


def aligned(lists: Sequence[tuple[pa.Schema, Iterable[pa.Table]]], key: str = "uid") -> Iterator[list[pa.Table]]:
    """Steps through lists of people: of each step all rows of the same people, in every list.

    Args:
        lists: Each with its schema; sorted by (CRC-32 of the key, key), in tables of bounded size.
        key: The column that they have in common.

    Yields:
        A table of each list; some may be empty.
    """
    open_lists = [_List(schema, tables, key) for schema, tables in lists]
    for one in open_lists:
        one.read()
    while True:
        bounds = [one.bound for one in open_lists]
        below = min((bound for bound in bounds if bound is not None), default=None)
        step = [one.take(below) for one in open_lists]
        if any(map(len, step)):
            yield step
        if below is None:
            return
        # Whoever holds the others up; people of one slot never part.
        for one, bound in zip(open_lists, bounds, strict=True):
            if bound == below:
                one.read()
