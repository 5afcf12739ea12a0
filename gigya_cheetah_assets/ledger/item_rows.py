"""The items of one inbound file as rows of their table: entered, turned, settled, read.

What settling one means for the agreed state and for the consent log is in `inbound`, and so are transactions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.inbound_items import OPEN, Change, Fate, Item, Settlement
from gigya_cheetah_assets.ledger.tables import inbound_items

_CHUNK = 500


@dataclass(frozen=True)
class ItemRows:
    """The rows of one file.

    Attributes:
        connection: The open transaction.
        sync: Whose file.
        sha256: Which file.
    """

    connection: Connection
    sync: str
    sha256: str

    def enter(self, items: Sequence[Item], now: int) -> None:
        """Enters new items; those with a fate are settled `now`, epoch ms."""
        values = [
            {
                "sync": self.sync, "sha256": self.sha256, "uid": item.uid, "line": item.line, "fields": item.fields(),
                "fate": item.fate, "code": item.code, "settled_at": None if item.fate == "pending" else now,
            }
            for item in items
        ]  # fmt: skip
        if values:
            self.connection.execute(inbound_items.insert(), values)

    def forget_pending(self) -> None:
        """Forgets what is planned only."""
        self.connection.execute(sa.delete(inbound_items).where(*self._own, inbound_items.c.fate == "pending"))

    def renewed(self, uids: Sequence[str]) -> set[str]:
        """Those of some people who are settled or sent; what is pending of them is forgotten."""
        settled: set[str] = set()
        for which in self._of(uids):
            self.connection.execute(sa.delete(inbound_items).where(*which, inbound_items.c.fate == "pending"))
            settled |= set(self.connection.execute(sa.select(inbound_items.c.uid).where(*which)).scalars())
        return settled

    def turn(self, uids: Sequence[str], before: Fate, after: Fate) -> None:
        """Gives the items of some people that have one fate another one."""
        for which in self._of(uids):
            update = sa.update(inbound_items).where(*which, inbound_items.c.fate == before)
            self.connection.execute(update.values(fate=after))

    def settle(self, settlement: Settlement, now: int) -> Item | None:
        """The item with its fate, which is now stored; None if it was settled before."""
        which = (*self._own, inbound_items.c.uid == settlement.uid, inbound_items.c.fate.in_(OPEN))
        row = self.connection.execute(sa.select(inbound_items).where(*which)).first()
        if row is None:
            return None
        uid = settlement.became or settlement.uid
        values = {"fate": settlement.fate, "code": settlement.code, "settled_at": now, "uid": uid}
        self.connection.execute(sa.update(inbound_items).where(*which).values(**values))
        return replace(_item(row), uid=uid, fate=settlement.fate, code=settlement.code, settled_at=now)

    def open_after(self, last: str, size: int) -> list[Item]:
        """Some items that are not settled yet, by UID, of people after this one."""
        query = sa.select(inbound_items).where(*self._own, inbound_items.c.fate.in_(OPEN), inbound_items.c.uid > last)
        found = self.connection.execute(query.order_by(inbound_items.c.uid).limit(size))
        return [_item(row) for row in found]

    def read(self, fate: Fate | None) -> list[Item]:
        """All items in the order of their lines; of one fate if it is given."""
        query = sa.select(inbound_items).where(*self._own)
        if fate is not None:
            query = query.where(inbound_items.c.fate == fate)
        found = self.connection.execute(query.order_by(inbound_items.c.line, inbound_items.c.uid))
        return [_item(row) for row in found]

    def fates(self) -> Counter[str]:
        """How many items have which fate."""
        query = sa.select(inbound_items.c.fate, sa.func.count()).where(*self._own)
        found = self.connection.execute(query.group_by(inbound_items.c.fate))
        return Counter({row[0]: row[1] for row in found})

    @property
    def _own(self) -> tuple[sa.ColumnElement[bool], ...]:
        return inbound_items.c.sync == self.sync, inbound_items.c.sha256 == self.sha256

    def _of(self, uids: Sequence[str]) -> Iterator[tuple[sa.ColumnElement[bool], ...]]:
        """Conditions that find the items of some people, so many people each."""
        for start in range(0, len(uids), _CHUNK):
            yield *self._own, inbound_items.c.uid.in_(uids[start : start + _CHUNK])


def _item(row: sa.Row[Any]) -> Item:
    changes = tuple(Change(**change) for change in row.fields)
    return Item(row.uid, changes, row.line, row.fate, row.code, row.settled_at)
