"""Who else is at the addresses of the people of one window: by the ledger, and by the window itself."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.ledger import Baseline, Ledger, RowShape
from gigya_cheetah_assets.ledger.given import as_given
from gigya_cheetah_assets.ledger.neighbours import Moves, Neighbours, crossed, neighbours
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound.window import Window
from gigya_cheetah_assets.store.batches import read_batches
from gigya_cheetah_assets.store.crc import Hashes, crc32s


class Near:
    """Answers `compare` for one window.

    Args:
        ledger: Read only.
        sync: Name of the sync.
        table: Its field table.
        window: The window.
        profiles: The folder of its profiles.
    """

    def __init__(self, ledger: Ledger, sync: str, table: FieldTable, window: Window, profiles: Path) -> None:
        self._ledger, self._sync, self._window = ledger, sync, window
        self._email = table.email.paths[0]
        self._shape = RowShape.of(table.fields)
        self._profiles = profiles
        # In a ledger without anybody nobody has an address: an initial load asks nothing.
        self._anybody = ledger.population(sync) > 0

    def __call__(self, rows: pa.Table, before: Baseline) -> Neighbours:
        """The neighbours of some changed rows, whose agreed state is given too."""
        if not self._anybody:
            return Neighbours.nobody(len(rows), self._shape)
        moves = Moves.of(rows, before, self._shape)
        if not moves.asked.any():
            return Neighbours.nobody(len(rows), self._shape)
        asked = moves.addresses(rows[self._shape.key].combine_chunks())
        holders = self._ledger.holders(self._sync, asked, window=self._window.stamp, shape=self._shape)
        left = self._ledger.left(self._sync, (address for address, _ in asked), but_by=self._window.stamp)
        met = rows[self._shape.key].filter(pa.array(crossed(moves, holders, left))).to_pylist()
        rows = as_given(rows, self._ledger.written_opt_ins(self._sync, met), self._shape)
        return neighbours(rows, before, self._shape, holders=holders, crowded=self._crowded(moves), left=left)

    def _crowded(self, moves: Moves) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Whose old address the window holds, or whose new one more than once; a hash too many harms nobody."""
        if not moves.moved.any():
            return moves.moved
        return (self._count(moves.old) > 0) | (self._count(moves.new) > 1)

    def _count(self, addresses: pa.Array) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        found = crc32s(pc.fill_null(addresses, ""))
        first, last = (np.searchsorted(self._hashes, found, side=side) for side in ("left", "right"))
        return last - first

    @cached_property
    def _hashes(self) -> Hashes:
        """Of all addresses of the window, sorted: 4 MB for a million."""
        batches = [
            crc32s(pc.utf8_lower(pc.utf8_trim_whitespace(batch[self._email].drop_null())))
            for name in ("profiles.parquet", "rejected.parquet")
            for batch in read_batches(self._profiles / name, [self._email])
        ]
        return np.sort(np.concatenate(batches)) if batches else np.zeros(0, np.uint32)
