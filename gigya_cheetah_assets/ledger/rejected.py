"""The opt-outs of rows that may not go on as profiles: they still leave, and are kept in the ledger.

Nothing else of a rejected row is believed: neither an opt-in, nor that one is missing now, nor another cell. But a row
that its address holds back is a good one: its person has left the old address, which so leaves all lists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from gigya_cheetah_assets.ledger.arrow import Mask, Texts, column, mask, pc, places
from gigya_cheetah_assets.ledger.baseline import Baseline
from gigya_cheetah_assets.ledger.compare import empty_as_null, filled, other_addresses
from gigya_cheetah_assets.ledger.consents import OPT_IN, OPT_OUT
from gigya_cheetah_assets.ledger.leaving import ADDRESS, MAY_BE_IN
from gigya_cheetah_assets.ledger.lists import ABSENT, MOVED, OPTOUT_DATE, REASON, ListRows
from gigya_cheetah_assets.ledger.neighbours import Neighbours
from gigya_cheetah_assets.ledger.renewed import renewed_opt_outs
from gigya_cheetah_assets.ledger.shape import UPDATED, RowShape, at_column, state_column


@dataclass(frozen=True)
class RejectedOptOuts:
    """What rejected rows still ask for.

    Attributes:
        unsubscribes: E-mail, key, LIST_ID, OPTOUT_DATE, REASON, in the order of the rows.
        consents: Key, `_updated`, then state and time of each subscription: the agreed state of these people with
            the opt-outs laid over it; to be recorded as `consents_only`.
        unaddressable: Opt-outs that no address can carry. They are not in `consents`, so they come up again with
            each later reading until they can leave.
    """

    unsubscribes: pa.Table
    consents: pa.Table
    unaddressable: int


def compare_rejected(
    rows: pa.Table,
    baseline: Baseline,
    shape: RowShape,
    *,
    around: Neighbours | None = None,
    held: bool = False,
) -> RejectedOptOuts:
    """The opt-outs of rejected rows that the ledger does not know yet.

    They go to the address that the ledger knows (the only one that CheetahMail has) and to that of the row, if it
    looks like one: contains one @ and no blanks.

    Args:
        rows: Rejected rows as a frame of rows; key and e-mail may be anything, or null.
        baseline: `Ledger.baseline` of their UIDs.
        shape: Names of the columns.
        around: Who else is at their addresses. An opt-out that is said once more leaves where others are opted in.
        held: Whether the rows are good ones that their addresses hold back. Opt-ins of an address that was left, and
            those that are held back, leave; the ledger forgets them, so that they are told anew when they may.
    """
    rows = rows.combine_chunks()
    around = around or Neighbours.nobody(rows.num_rows, shape)
    renewed = renewed_opt_outs(rows, baseline, shape)
    addresses = _addresses(rows, baseline, shape)
    addresses = (*addresses, *other_addresses(baseline, shape, *addresses))
    leaving = ListRows(rows, shape, OPTOUT_DATE, REASON)
    consents: dict[str, Any] = {}
    told, unaddressable = np.zeros(rows.num_rows, np.bool_), 0
    for name in shape.subscriptions:
        agreed, agreed_at = baseline.consent(name)
        now = column(rows, state_column(name))
        out = mask(pc.equal(now, OPT_OUT)) & ~mask(pc.equal(agreed, OPT_OUT))
        for state in baseline.past:
            # What this same window delivered before may have been imported meanwhile.
            not_out = ~mask(pc.equal(state.consent(name)[0], OPT_OUT))
            out |= mask(pc.equal(now, OPT_OUT)) & mask(state.known) & not_out
        out |= renewed[name] & around.inherited[name]
        nowhere = leaving.add(name, out, addresses, now)
        leaving.add(name, around.inherited[name] & ~out, (filled(rows, shape.email),), pc.fill_null(now, ABSENT))
        unaddressable += int(nowhere.sum())
        taken = out & ~nowhere
        gone = _may_be_there(agreed, now) & (around.moved | around.blocked[name]) & ~out & held
        leaving.add(name, gone, addresses[:1], pa.repeat(MOVED, rows.num_rows))
        told |= taken | gone
        state = pc.if_else(pa.array(taken), OPT_OUT, agreed)
        consents[state_column(name)] = pc.if_else(pa.array(gone), None, state)
        consents[at_column(name)] = pc.if_else(pa.array(taken), column(rows, at_column(name)), agreed_at)
    return RejectedOptOuts(leaving.table(), _frame(rows, shape, consents, told), unaddressable)


def _may_be_there(agreed: Texts, now: Texts) -> Mask:
    """Who is on a list by the ledger, or may be: where decisions crossed, it knows nothing."""
    may_be = pc.and_(pc.is_in(agreed, value_set=MAY_BE_IN), pc.fill_null(pc.equal(now, OPT_IN), False))
    return mask(pc.or_(pc.fill_null(pc.equal(agreed, OPT_IN), False), may_be))


def _addresses(rows: pa.Table, baseline: Baseline, shape: RowShape) -> tuple[Texts, Texts]:
    old, new = empty_as_null(baseline.cells(shape.email)), filled(rows, shape.email)
    new = pc.if_else(pc.match_substring_regex(new, ADDRESS), new, None)
    same = pc.fill_null(pc.equal(pc.utf8_lower(old), pc.utf8_lower(new)), False)
    return old, pc.if_else(same, None, new)


def _frame(rows: pa.Table, shape: RowShape, consents: dict[str, Any], told: Mask) -> pa.Table:
    key = filled(rows, shape.key)
    # Without a key there is nobody in the ledger to keep it for.
    table = pa.table({shape.key: key, UPDATED: column(rows, UPDATED), **consents})
    return table.take(places(told & mask(pc.is_valid(key))))
