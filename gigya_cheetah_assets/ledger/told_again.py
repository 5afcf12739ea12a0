"""Opt-ins that a window's own rows take off their address: told again by the same window.

Who comes to an address or goes from it takes it off the lists that others are on there (`neighbours`). Those others
are read again by the next window, unless this one delivers a row of theirs: then it tells their opt-ins too.
"""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from gigya_cheetah_assets.ledger.arrow import column, mask, pc
from gigya_cheetah_assets.ledger.baseline import Baseline
from gigya_cheetah_assets.ledger.compare import Near
from gigya_cheetah_assets.ledger.consents import OPT_IN, format_consents, parse_consents
from gigya_cheetah_assets.ledger.lists import OPTIN_DATE, OPTIN_SOURCE, SOURCE, ListRows
from gigya_cheetah_assets.ledger.shape import RowShape, state_column


def told_again(rows: pa.Table, before: Baseline, left: pa.Table, shape: RowShape, near: Near) -> pa.Table:
    """The subscribes of people who stay where they are, opted in, and have lost that to others' moves.

    Args:
        rows: A frame of rows that the window delivers.
        before: `Ledger.baseline` of their UIDs.
        left: A table of `leaving.LEFT`: what the window takes off addresses of others.
        shape: Names of the columns.
        near: Who else is at their addresses: an opt-out there still holds an opt-in back that is not later.

    Returns:
        E-mail, key, LIST_ID, OPTIN_DATE, OPTIN_SOURCE, `_updated`.
    """
    uids = column(rows, shape.key).to_pylist()
    lost = set(zip(left["uid"].to_pylist(), left["subscription"].to_pylist(), strict=True))
    around = near(rows, replace(before, consents=_without(before, uids, lost)))
    joining = ListRows(rows, shape, OPTIN_DATE, OPTIN_SOURCE)
    for name in shape.subscriptions:
        losing = pa.array([uid for uid, what in lost if what == name], pa.string())
        here = mask(pc.is_in(column(rows, shape.key), value_set=losing))
        stays_in = mask(pc.equal(column(rows, state_column(name)), OPT_IN)) & here & ~around.moved
        joining.add(name, stays_in & ~around.blocked[name], (column(rows, shape.email),), pa.repeat(SOURCE, len(uids)))
    return joining.table()


def without_those_told(left: pa.Table, uids: pa.ChunkedArray) -> pa.Table:
    """A table of `LEFT` in which nothing of these people has to be told anew by the next window."""
    again = pc.and_(left["again"], pc.invert(pc.is_in(left["uid"], value_set=uids.combine_chunks())))
    return left.set_column(left.schema.get_field_index("again"), "again", again)


def _without(before: Baseline, uids: list[str], lost: set[tuple[str, str]]) -> pa.Array:
    """The agreed decisions without those that were lost, so that they count as opt-ins that are told anew."""
    return pa.array(
        [
            format_consents({name: one for name, one in parse_consents(text or "").items() if (uid, name) not in lost})
            for uid, text in zip(uids, before.consents.to_pylist(), strict=True)
        ],
        pa.string(),
    )
