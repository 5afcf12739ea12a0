"""Rows of the small files beside the profiles: who must go from a list, who joins it, whose address changed.

Which people these are is decided in `compare` and `rejected`; here is what such a row looks like and in which
order the rows stand: people as given, then subscriptions in their order, the known address before the new one.
Each table ends with `_updated` (epoch ms), which is not for the file but for `Ledger.superseded`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gigya_cheetah_assets.ledger.arrow import Mask, Numbers, Texts, column, mask, pc, places
from gigya_cheetah_assets.ledger.shape import UPDATED, RowShape, at_column

EMAIL_FROM, EMAIL_TO, CHANGED = "EMAIL_FROM", "EMAIL_TO", "CHANGED"
LIST_ID, OPTOUT_DATE, REASON = "LIST_ID", "OPTOUT_DATE", "REASON"
OPTIN_DATE, OPTIN_SOURCE = "OPTIN_DATE", "OPTIN_SOURCE"
ABSENT, MOVED = "absent", "moved"
SOURCE = "gigya"
"""What OPTIN_SOURCE says: on which side the person opted in."""


def stamp(times: Numbers) -> Texts:
    """Epoch ms as `%Y%m%d%H%M%S`, UTC."""
    # Whole seconds, rounded down: with milliseconds %S would print a fraction.
    seconds = pa.array(np.floor_divide(times.fill_null(0).to_numpy(), 1000), mask=mask(pc.is_null(times)))
    moments = seconds.cast(pa.timestamp("s"))
    if pc.any(pc.less(pc.year(moments), 1000)).as_py():
        return pc.strftime(moments, format="%Y%m%d%H%M%S")
    # The digits as one number: a tenth of strftime's time.
    number = pc.year(moments)
    for part in (pc.month, pc.day, pc.hour, pc.minute, pc.second):
        number = pc.add(pc.multiply(number, 100), part(moments))
    return number.cast(pa.string())


def address_changes(rows: pa.Table, old: Texts, moved: Mask, shape: RowShape) -> pa.Table:
    """EMAIL_FROM, EMAIL_TO, key, CHANGED of the people who moved."""
    where = places(moved)
    some = rows.take(where)
    updated = column(some, UPDATED)
    new, key = column(some, shape.email), column(some, shape.key)
    return pa.table(
        {EMAIL_FROM: old.take(where), EMAIL_TO: new, shape.key: key, CHANGED: stamp(updated), UPDATED: updated}
    )


@dataclass
class ListRows:
    """Collects rows of one small file: e-mail, key, LIST_ID, a date, a note.

    Attributes:
        rows: The frame that the people are in.
        shape: Names of its columns.
        date: Name of the date's column.
        note: Name of the last column: the reason or the source.
    """

    rows: pa.Table
    shape: RowShape
    date: str
    note: str
    _parts: list[pa.Table] = field(default_factory=list)
    _order: list[npt.NDArray[np.int64]] = field(default_factory=list)

    def add(self, subscription: str, who: Mask, addresses: Sequence[Texts], notes: Texts) -> Mask:
        """Adds a row for each of these people and each address that they have there.

        Args:
            subscription: Name of the subscription's column; it is the LIST_ID.
            who: The people.
            addresses: In the order in which the rows shall stand, each aligned with the frame.
            notes: Content of the last column, aligned with the frame.

        Returns:
            Those of the people who have no address at all, and so no row.
        """
        reached = np.zeros_like(who)
        for rank, address in enumerate(addresses):
            has = who & mask(pc.is_valid(address))
            if has.any():
                self._parts.append(self._made(subscription, places(has), address, notes))
                self._order.append(self._rank(subscription, has, rank))
            reached |= has
        return who & ~reached

    def table(self) -> pa.Table:
        """All rows, in their order."""
        if not self._parts:
            nothing: list[Any] = [pa.nulls(0, pa.string())] * 5
            names = [self.shape.email, self.shape.key, LIST_ID, self.date, self.note, UPDATED]
            return pa.table([*nothing, pa.nulls(0, pa.int64())], names=names)
        order: Any = pa.array(np.argsort(np.concatenate(self._order), kind="stable"))
        return pa.concat_tables(self._parts).combine_chunks().take(order)

    def _made(self, subscription: str, where: Any, address: Texts, notes: Texts) -> pa.Table:
        some = self.rows.take(where)
        updated = column(some, UPDATED)
        columns = {
            self.shape.email: address.take(where),
            self.shape.key: column(some, self.shape.key),
            LIST_ID: pa.repeat(subscription, len(where)),
            self.date: stamp(pc.coalesce(column(some, at_column(subscription)), updated)),
            self.note: notes.take(where),
            UPDATED: updated,
        }
        return pa.table(columns)

    def _rank(self, subscription: str, who: Mask, address: int) -> npt.NDArray[np.int64]:
        # One number that sorts by person, then subscription, then address; equal ones stay as they were added.
        names = self.shape.subscriptions
        return (np.flatnonzero(who) * len(names) + names.index(subscription)) * 2 + address
