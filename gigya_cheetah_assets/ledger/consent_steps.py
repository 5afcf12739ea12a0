"""From frames of rows to the consent log: which decisions a delivery changes against what the ledger had."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from gigya_cheetah_assets.ledger.arrow import Texts, column, mask, pc, places, texts
from gigya_cheetah_assets.ledger.consent_log import OUTBOUND_DELIVERY, ConsentEntry
from gigya_cheetah_assets.ledger.consents import decode_consents
from gigya_cheetah_assets.ledger.shape import RowShape, at_column, state_column


def delivered_steps(table: pa.Table, before: Texts | None, shape: RowShape, window: str) -> Iterator[ConsentEntry]:
    """The decisions in a frame that differ from those before, subscription by subscription in the order of the rows.

    Args:
        table: Key, state and time columns.
        before: The agreed consents, aligned with the table, null where nobody is known; None if nobody is.
        shape: Names of the columns.
        window: Stamp of the window that delivers them.
    """
    uids = texts(table.column(shape.key))
    for name in shape.subscriptions:
        now = column(table, state_column(name))
        was = pa.nulls(len(now), pa.string()) if before is None else decode_consents(before, name)[0]
        where = places(mask(pc.not_equal(pc.fill_null(now, ""), pc.fill_null(was, ""))))
        taken = (uids, was, now, column(table, at_column(name)))
        for uid, old, new, at in zip(*(values.take(where).to_pylist() for values in taken), strict=True):
            yield ConsentEntry(uid, name, old, new, at, "gigya", window, None, OUTBOUND_DELIVERY)
