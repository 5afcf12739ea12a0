"""People whom a window reads besides its own, since CheetahMail holds a value of theirs that lost a merge.

Their accounts need not have changed, so no scan finds them: who is not in the window anyway is read by key. Their rows
carry at least the time that the ledger asks for; else the row that was agreed on would count as newer.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.mapping.communications import of_people
from gigya_cheetah_assets.outbound import join
from gigya_cheetah_assets.outbound.by_key import ByKey
from gigya_cheetah_assets.outbound.window import Window

FILE = "corrections.parquet"
WANTED = pa.schema([("UID", pa.string()), ("updated", pa.int64()), ("email", pa.string())])
NOBODY = WANTED.empty_table()


def wanted(ledger: Ledger, sync: Sync, table: FieldTable, windows: Sequence[Window]) -> dict[str, pa.Table]:
    """By the key of a window whom it has to read besides its own, as a table of `WANTED`.

    Those whom no window has told yet go to the newest of the windows only.
    """
    newest = max(windows, key=lambda window: window.start)
    return {window.key: _wanted(ledger, sync, table, window, with_open=window is newest) for window in windows}


def _wanted(ledger: Ledger, sync: Sync, table: FieldTable, window: Window, *, with_open: bool) -> pa.Table:
    found = ledger.corrections(sync.name, window.stamp, with_open=with_open)
    if not found:
        return NOBODY
    uids = pa.array(found, pa.string())
    addresses = ledger.baseline(sync.name, uids, window="").cells(table.email.cheetahmail)
    return pa.table({"UID": uids, "updated": list(found.values()), "email": addresses}, schema=WANTED)


class Corrections:
    """The corrections of one window while it is read.

    Args:
        people: A table of `WANTED`: UID (or token), the least last update (epoch ms) that the row has to carry, and
            the address that CheetahMail knows.
    """

    def __init__(self, people: pa.Table) -> None:
        self._wanted = people
        self._found = people.slice(0, 0)

    def dated(self, profiles: pa.Table) -> pa.Table:
        """The profiles with those times; notes which of the people are there."""
        if not len(self._wanted):
            return profiles
        at = pc.index_in(profiles["UID"], value_set=self._wanted["UID"].combine_chunks())
        self._found = pa.concat_tables([self._found, self._wanted.take(at.drop_null())])
        updated = pc.max_element_wise(profiles["updated"], self._wanted["updated"].take(at))
        return profiles.set_column(profiles.schema.get_field_index("updated"), "updated", updated)

    def missing(self, table: FieldTable, by_key: ByKey) -> pa.Table:
        """The profiles of those who were not in the window, read by key; an account that is gone is not among them."""
        there = pc.is_in(self._wanted["UID"], value_set=self._found["UID"].combine_chunks())
        absent = self._wanted.filter(pc.invert(there))
        accounts = by_key.accounts(absent["UID"])
        full = pc.is_in(absent["UID"], value_set=accounts["UID"].combine_chunks())
        lite = by_key.lite_accounts(absent.filter(pc.invert(full)))
        emails = pa.concat_tables([by_key.subscriptions(accounts, table.email.paths[0]), lite])
        return join.profiles_of(
            table,
            join.read_by_key(accounts, join.ACCOUNT_SEEN),
            join.read_by_key(emails, join.EMAIL_SEEN),
            join.unseen(of_people(table, by_key.communications(accounts["UID"]))),
        )

    @property
    def complete(self) -> bool:
        """Whether all of them were in the window."""
        return len(self._found) == len(self._wanted)

    def write(self, folder: Path) -> None:
        """Keeps who was read, for the delivery."""
        if len(self._found):
            pq.write_table(self._found, folder / FILE)


def read(profiles: Path) -> dict[str, int]:
    """The corrections that a finished window has read: the last update by UID, as the ledger gave them."""
    path = profiles / FILE
    if not path.is_file():
        return {}
    found = pq.read_table(path, schema=WANTED)
    return dict(zip(found["UID"].to_pylist(), found["updated"].to_pylist(), strict=True))
