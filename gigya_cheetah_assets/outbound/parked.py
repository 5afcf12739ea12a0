"""Opt-ins of addresses that opted out at CheetahMail before an account was known for them: they do not leave.

Opt-outs of other people at an address are in `ledger.neighbours`; the reason is the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.ledger import ParkedOptOut, RowShape
from gigya_cheetah_assets.ledger.consents import OPT_IN
from gigya_cheetah_assets.ledger.shape import at_column, state_column
from gigya_cheetah_assets.mapping.rows import REJECTS

OPTED_OUT_BEFORE = "address_opted_out_before"


def withhold(rows: pa.Table, parked: Sequence[ParkedOptOut], shape: RowShape) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Takes out the rows whose opt-in is not provably later than an opt-out that waits on their address.

    Args:
        rows: A frame of rows.
        parked: All opt-outs that wait.
        shape: Names of the columns.

    Returns:
        The rows that go on, those that do not, and the rejects (uid, column, reason).
    """
    if not parked:
        return rows, rows.slice(0, 0), REJECTS.empty_table()
    held = pa.repeat(pa.scalar(False), len(rows))
    lines = [REJECTS.empty_table()]
    addresses = pc.utf8_lower(pc.fill_null(rows[shape.email], "")).combine_chunks()
    for name in shape.subscriptions:
        waiting = {opt_out.address: opt_out.decided_at for opt_out in parked if opt_out.subscription == name}
        if not waiting:
            continue
        at = pc.index_in(addresses, value_set=pa.array(list(waiting), pa.string()))
        decided = pa.array(list(waiting.values()), pa.int64()).take(at)
        later = pc.fill_null(pc.greater(rows[at_column(name)].combine_chunks(), decided), False)
        opted_in = pc.fill_null(pc.equal(rows[state_column(name)].combine_chunks(), OPT_IN), False)
        hit = pc.and_(pc.and_(pc.is_valid(at), opted_in), pc.invert(later))
        lines.append(rejects(rows.filter(hit), name, shape))
        held = pc.or_(held, hit)
    return rows.filter(pc.invert(held)), rows.filter(held), pa.concat_tables(lines)


def rejects(rows: pa.Table, subscription: str, shape: RowShape) -> pa.Table:
    """The rejects (uid, column, reason) of rows whose opt-in an opt-out of their address holds back."""
    columns = [rows[shape.key], pa.repeat(subscription, len(rows)), pa.repeat(OPTED_OUT_BEFORE, len(rows))]
    return pa.table(columns, schema=REJECTS)
