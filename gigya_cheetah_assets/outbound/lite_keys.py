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

    def follow(self, profiles: pa.Table) -> None:
        """Takes a batch of profiles, before it is compared with the ledger.

        Raises:
            LedgerBusy: Another run writes this sync's ledger.
        """
        if not self._table.lite:
            return
        lite = profiles.filter(pc.and_(pc.equal(profiles["account"], "lite"), profiles[self._email].is_valid()))
        self._keys.note([LiteAccount(*row) for row in _rows(lite, "UID", self._email)])
        if self._table.both:
            full = profiles.filter(pc.and_(profiles[LITE_KEY].is_valid(), profiles[self._email].is_valid()))
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
        overtaken = self._keys.overtaken(rows[self._table.key.cheetahmail], rows["_updated"])
        return rows.filter(pc.invert(overtaken))


def _rows(profiles: pa.Table, *columns: str) -> Iterator[tuple[Any, ...]]:
    cells = (profiles[name].to_pylist() for name in columns)
    return zip(*cells, pc.fill_null(profiles["updated"], 0).to_pylist(), strict=True)
