"""When people gave the opt-ins that we ourselves wrote to Gigya: the time that Gigya shows is that of our writing.

Where an opt-in is held against somebody else's opt-out, only the person's own act counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger import asked
from gigya_cheetah_assets.ledger.arrow import column
from gigya_cheetah_assets.ledger.consents import OPT_IN
from gigya_cheetah_assets.ledger.merge_consent import CLOCK_SKEW
from gigya_cheetah_assets.ledger.shape import RowShape, at_column, state_column
from gigya_cheetah_assets.ledger.tables import inbound_cells

_CHUNK = 500


class Given(NamedTuple):
    """An opt-in that we wrote, or may have written.

    Attributes:
        at: When the person gave it, epoch ms; None if nothing proves it.
        written: When we wrote it, epoch ms; None if nobody knows whether and when.
    """

    at: int | None
    written: int | None

    def seen_at(self, gigya: int | None) -> int | None:
        """The time that counts beside Gigya's own: a decision in Gigya after our writing is one of its own."""
        later = gigya is not None and self.written is not None and gigya > self.written + CLOCK_SKEW
        return gigya if later else self.at


Written = Mapping[tuple[str, str], Given]
"""By UID and column of the subscription."""


def read(connection: Connection, sync: str, uids: Sequence[str]) -> dict[tuple[str, str], Given]:
    """The opt-ins of some people that we wrote."""
    found: dict[tuple[str, str], Given] = {}
    cells = inbound_cells.c
    query = sa.select(cells.uid, cells.column_name, cells.evidence_at, cells.written_at)
    query = query.where(cells.sync == sync, cells.value == OPT_IN, cells.written_at.is_not(None))
    for start in range(0, len(uids), _CHUNK):
        for uid, name, at, written in connection.execute(query.where(cells.uid.in_(uids[start : start + _CHUNK]))):
            found[uid, name] = Given(at, written)
    for uid, name, one in asked.read(connection, sync, uids):
        if one.value == OPT_IN:
            found[uid, name] = Given(one.at, one.written)
    return found


def as_given(rows: pa.Table, written: Written, shape: RowShape) -> pa.Table:
    """A frame of rows whose opt-ins carry the time at which the person gave them."""
    if not written:
        return rows
    uids = column(rows, shape.key).to_pylist()
    for name in shape.subscriptions:
        states, times = (column(rows, part(name)).to_pylist() for part in (state_column, at_column))
        given = [
            written[uid, name].seen_at(at) if state == OPT_IN and (uid, name) in written else at
            for uid, state, at in zip(uids, states, times, strict=True)
        ]
        place = rows.schema.get_field_index(at_column(name))
        rows = rows.set_column(place, at_column(name), pa.array(given, pa.int64()))
    return rows
