"""What rows leave at addresses that others have, too: one line a person and subscription. Keeping it is in `behind`.

An address leaves a list because of somebody who goes or comes. Others may be on that list there: what they lose has to
be told anew. And what stays at the address later holds against those who come to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import pyarrow as pa

from gigya_cheetah_assets.ledger.addresses import Holder
from gigya_cheetah_assets.ledger.arrow import column, mask, pc
from gigya_cheetah_assets.ledger.baseline import Baseline
from gigya_cheetah_assets.ledger.consents import OPT_IN, OPT_OUT
from gigya_cheetah_assets.ledger.shape import RowShape, at_column, state_column

ADDRESS = r"^[^@\s]+@[^@\s]+$"
"""What looks like an address: one @ and no blanks."""
_MAY_BE_IN = (OPT_IN, None)
MAY_BE_IN = pa.array(_MAY_BE_IN, pa.string())
"""Agreed states with which CheetahMail may have a person on a list: null where decisions crossed."""
LEFT = pa.schema(
    [("uid", pa.string()), ("address", pa.string()), ("subscription", pa.string()), ("state", pa.string()),
     ("at", pa.int64()), ("again", pa.bool_())]
)  # fmt: skip
"""Whose, where, the state that the ledger had (null: only off the list), its time, whether it has to be told anew."""


class Line(TypedDict):
    """One row of `LEFT`."""

    uid: str
    address: str
    subscription: str
    state: str | None
    at: int | None
    again: bool


@dataclass(frozen=True)
class Decisions:
    """States and times of one subscription, by the ledger and by the rows, aligned with the rows."""

    agreed: Sequence[str | None]
    agreed_at: Sequence[int | None]
    now: Sequence[str | None]
    at: Sequence[int | None]

    @classmethod
    def of(cls, rows: pa.Table, before: Baseline, name: str) -> Decisions:
        """Those of a frame of rows and its baseline."""
        now = (column(rows, state_column(name)), column(rows, at_column(name)))
        return cls(*(cells.to_pylist() for cells in (*before.consent(name), *now)))

    def leave_old_address(self, row: int) -> bool:
        """Whether the old address goes off the list if this person's move is contested."""
        agreed, now = self.agreed[row], self.now[row]
        if now == OPT_IN:
            return agreed in _MAY_BE_IN
        return agreed == OPT_IN or (now == OPT_OUT and agreed != OPT_OUT)


def lost_by(people: Sequence[Holder], address: str, subscriptions: Sequence[str]) -> Iterator[Line]:
    """What other people lose at an address: their opt-ins there are withdrawn, and told anew if they still hold."""
    for one in people:
        for name in subscriptions:
            state, at = one.states.get(name, (None, None))
            if state == OPT_IN:
                yield Line(uid=one.uid, address=address, subscription=name, state=state, at=at, again=True)


def own(uid: str, address: str, row: int, decisions: dict[str, Decisions]) -> Iterator[Line]:
    """What a person leaves at her old address when her move is contested."""
    for name, one in decisions.items():
        agreed, at = one.agreed[row], one.agreed_at[row]
        if agreed == OPT_OUT or one.leave_old_address(row):
            # A decision that crossed with another is logged as withdrawn, so that the echo of that is known.
            state = OPT_IN if agreed is None and one.now[row] == OPT_IN else agreed
            kept = state if state in (OPT_IN, OPT_OUT) else None
            yield Line(uid=uid, address=address, subscription=name, state=kept, at=at, again=False)


def not_recorded_there(rows: pa.Table, before: Baseline, shape: RowShape) -> pa.Table:
    """The opt-outs of rows that may not go on, at addresses under which the ledger does not know their people.

    Returns:
        A table of `LEFT`.
    """
    address, known = (pc.utf8_lower(cells) for cells in (column(rows, shape.email), before.cells(shape.email)))
    strange = pc.invert(pc.fill_null(pc.equal(address, known), False))
    where = np.flatnonzero(mask(pc.and_(pc.match_substring_regex(address, ADDRESS), strange)))
    if not len(where):
        return LEFT.empty_table()
    uids, there = column(rows, shape.key).to_pylist(), address.to_pylist()
    decisions = {name: Decisions.of(rows, before, name) for name in shape.subscriptions}
    lines = [
        Line(uid=uids[row] or "", address=there[row], subscription=name, state=OPT_OUT, at=one.at[row], again=False)
        for name, one in decisions.items()
        for row in where.tolist()
        if one.now[row] == OPT_OUT
    ]
    return pa.Table.from_pylist(lines, schema=LEFT)
