"""Rows of people who were deleted do not leave, nor do opt-ins that were decided before an address was deleted.

A tombstone under the UID is final. Under the address it is not: somebody may register again with it, and what she
decides from then on counts. An opt-in that nobody can date is taken for an old one.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.ledger import Deleted, RowShape, Tombstones
from gigya_cheetah_assets.ledger.consents import OPT_IN
from gigya_cheetah_assets.ledger.shape import at_column, state_column
from gigya_cheetah_assets.mapping.rows import REJECTS

DELETED = "deleted"
OPT_IN_BEFORE_DELETION = "opt_in_before_deletion"


def withhold(rows: pa.Table, stones: Tombstones, shape: RowShape) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Takes out who was deleted, and who opted in before the address was.

    Args:
        rows: A frame of rows.
        stones: The tombstones of the sync.
        shape: Names of the columns.

    Returns:
        The rows that go on, those that do not, and the rejects (uid, column, reason).
    """
    nobody = rows, rows.slice(0, 0), REJECTS.empty_table()
    if not stones.exist():
        return nobody
    found = stones.of(rows[shape.key].to_pylist(), rows[shape.email].to_pylist())
    if not found:
        return nobody
    gone = _in(rows[shape.key], found.people)
    lines = [_lines(rows, gone, shape.key, DELETED, shape)]
    held = gone
    until = pa.array([_until(found, email) for email in rows[shape.email].to_pylist()], pa.int64())
    for name in shape.subscriptions:
        opted_in = pc.fill_null(pc.equal(_whole(rows, state_column(name)), OPT_IN), False)
        later = pc.fill_null(pc.greater(_whole(rows, at_column(name)), until), False)
        hit = pc.and_(pc.and_(pc.is_valid(until), opted_in), pc.and_(pc.invert(later), pc.invert(gone)))
        lines.append(_lines(rows, hit, name, OPT_IN_BEFORE_DELETION, shape))
        held = pc.or_(held, hit)
    return rows.filter(pc.invert(held)), rows.filter(held), pa.concat_tables(lines)


def without(rows: pa.Table, stones: Tombstones, key: str) -> pa.Table:
    """The rows of those who were not deleted, by UID."""
    if not len(rows) or not stones.exist():
        return rows
    found = stones.of(rows[key].to_pylist())
    return rows.filter(pc.invert(_in(rows[key], found.people))) if found else rows


def addresses_deleted_since(rows: pa.Table, stones: Tombstones, shape: RowShape, revision: int) -> int:
    """How many rows have an address that was deleted since the ledger had a revision."""
    if not stones.exist():
        return 0
    found = stones.of(addresses=rows[shape.email].to_pylist())
    return sum(stone.revision > revision for stone in found.addresses.values())


def _until(found: Deleted, email: str | None) -> int | None:
    stone = found.at(email)
    return None if stone is None else stone.opt_ins_after


def _in(keys: pa.ChunkedArray, uids: Any) -> pa.Array:
    return pc.is_in(keys.combine_chunks(), value_set=pa.array(list(uids), pa.string()))


def _whole(rows: pa.Table, column: str) -> pa.Array:
    return rows[column].combine_chunks()


def _lines(rows: pa.Table, which: pa.Array, column: str, reason: str, shape: RowShape) -> pa.Table:
    uids = rows[shape.key].combine_chunks().filter(which)
    return pa.table([uids, pa.repeat(column, len(uids)), pa.repeat(reason, len(uids))], schema=REJECTS)
