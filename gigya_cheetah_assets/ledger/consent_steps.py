"""From frames of rows to the consent log: which decisions a delivery changes against what the ledger had."""

from __future__ import annotations

import pyarrow as pa

from gigya_cheetah_assets.ledger.arrow import Texts, column, mask, pc, places, texts
from gigya_cheetah_assets.ledger.consent_log import DECISIONS, OUTBOUND_DELIVERY
from gigya_cheetah_assets.ledger.consents import decode_consents
from gigya_cheetah_assets.ledger.shape import RowShape, at_column, state_column


def delivered_steps(table: pa.Table, before: Texts | None, shape: RowShape, window: str) -> pa.Table:
    """The decisions in a frame that differ from those before, subscription by subscription in the order of the rows.

    Args:
        table: Key, state and time columns.
        before: The agreed consents, aligned with the table, null where nobody is known; None if nobody is.
        shape: Names of the columns.
        window: Stamp of the window that delivers them.

    Returns:
        A table of `DECISIONS`.
    """
    uids = texts(table.column(shape.key))
    steps = [DECISIONS.empty_table()]
    for name in shape.subscriptions:
        now = column(table, state_column(name))
        was = pa.nulls(len(now), pa.string()) if before is None else decode_consents(before, name)[0]
        where = places(mask(pc.not_equal(pc.fill_null(now, ""), pc.fill_null(was, ""))))
        count = len(where)
        words = {"subscription": name, "side": "gigya", "source": window, "rule": OUTBOUND_DELIVERY}
        taken = {"uid": uids, "before": was, "after": now, "decided_at": column(table, at_column(name))}
        columns = {
            "line": pa.nulls(count, pa.int64()),
            **{key: pa.repeat(word, count) for key, word in words.items()},
            **{key: values.take(where) for key, values in taken.items()},
        }
        steps.append(pa.table([columns[key] for key in DECISIONS.names], schema=DECISIONS))
    return pa.concat_tables(steps)
