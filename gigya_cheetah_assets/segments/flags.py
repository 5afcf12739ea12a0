"""Flag columns of the profiles file: who is a member of a segment, as the ledger was told last."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.ledger import Ledger, SegmentState


class Flags:
    """The flag columns of a sync.

    Args:
        sync: The sync.
        ledger: Knows the members.
        key: The column with the UID.
    """

    def __init__(self, sync: Sync, ledger: Ledger, key: str) -> None:
        self._key = key
        self._columns = [
            (segment.flag_column, segment.values.in_, SegmentState(ledger, sync.name, segment.name))
            for segment in sync.segments
            if segment.flag_column is not None
        ]

    def set(self, rows: pa.Table) -> pa.Table:
        """Rows whose flag columns say that nobody is a member, with the members marked."""
        for column, inside, state in self._columns:
            cells = pc.if_else(state.holds(rows[self._key]), inside, rows[column])
            rows = rows.set_column(rows.schema.get_field_index(column), column, cells)
        return rows
