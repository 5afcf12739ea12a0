"""Whom the profiles of a window show as a lite account, and who of those known before has registered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.ledger.lite_keys import LiteAccount, LiteKeys, Registered
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.mapping.field_table import LITE_KEY


class Following:
    """Keeps the ledger's lite accounts as Gigya has them, so that one who registers stays one person.

    Args:
        ledger: The ledger; written only when there is news.
        sync: Name of the sync.
        table: Its field table.

    Attributes:
        handed_over: How many lite accounts were found to have registered.
        revisions: How often that moved the ledger's revision on.
    """

    def __init__(self, ledger: Ledger, sync: str, table: FieldTable) -> None:
        self.handed_over = self.revisions = 0
        self._keys = LiteKeys(ledger, sync)
        self._table = table
        self._email = table.email.paths[0]
        self._outside: set[str] = set()

    def follow(self, profiles: pa.Table) -> None:
        """Takes a batch of profiles, before it is compared with the ledger.

        Raises:
            LedgerBusy: Another run writes this sync's ledger.
        """
        if not self._table.lite:
            return
        lite = profiles.filter(pc.and_(pc.equal(profiles["account"], "lite"), profiles[self._email].is_valid()))
        if self._table.both:
            # Whose person has registered outside of what the sync reads does not become a lite account again by that.
            self._outside |= set(lite["UID"].filter(lite[LITE_KEY].is_valid()).to_pylist())
        own = [LiteAccount(*row) for row in _rows(lite, "UID", self._email)]
        self._keys.note([account._replace(updated=0) if account.key in self._outside else account for account in own])
        if self._table.both:
            full = profiles.filter(pc.and_(profiles[LITE_KEY].is_valid(), profiles[self._email].is_valid()))
            full = full.filter(pc.equal(full["account"], "full"))
            people = [Registered(*row) for row in _rows(full, "UID", LITE_KEY, self._email)]
            found = self._keys.hand_over(people)
            self.handed_over += found
            self.revisions += found > 0

    def standing(self, rows: pa.Table) -> pa.Table:
        """A frame of rows without those that were made of a lite account which has registered since."""
        if not self._table.both:
            return rows
        own = pc.starts_with(rows[self._table.key.cheetahmail], self._table.lite_prefix)
        if not pc.any(own).as_py():
            return rows
        keys = rows[self._table.key.cheetahmail]
        registered = self._keys.successors(self._outside.intersection(keys.to_pylist()))
        outside = pc.is_in(keys, value_set=pa.array(list(registered), pa.string()))
        return rows.filter(pc.invert(pc.or_(self._keys.overtaken(keys, rows["_updated"]), outside)))


def _rows(profiles: pa.Table, *columns: str) -> Iterator[tuple[Any, ...]]:
    cells = (profiles[name].to_pylist() for name in columns)
    return zip(*cells, pc.fill_null(profiles["updated"], 0).to_pylist(), strict=True)
