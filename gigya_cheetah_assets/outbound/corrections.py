"""People whom a window reads besides its own, since CheetahMail holds a value of theirs that lost a merge.

Their accounts need not have changed, so no scan finds them: who is not in the window anyway is read by key. Their rows
carry at least the time that the ledger asks for; else the row that was agreed on would count as newer.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound import join
from gigya_cheetah_assets.outbound.by_key import ByKey

FILE = "corrections.parquet"
_SCHEMA = pa.schema([("UID", pa.string()), ("updated", pa.int64())])


class Corrections:
    """The corrections of one window while it is read.

    Args:
        wanted: By UID the least last update (epoch ms) that the row has to carry.
    """

    def __init__(self, wanted: Mapping[str, int]) -> None:
        self._wanted = pa.table({"UID": list(wanted), "updated": list(wanted.values())}, schema=_SCHEMA)
        self._found = self._wanted.slice(0, 0)

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
        accounts = by_key.accounts(self._wanted["UID"].filter(pc.invert(there)))
        emails = by_key.subscriptions(accounts, table.email.paths[0])
        return join.profiles_of(
            table, join.read_by_key(accounts, join.ACCOUNT_SEEN), join.read_by_key(emails, join.EMAIL_SEEN)
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
    """The corrections that a finished window has read, as the ledger gave them."""
    path = profiles / FILE
    if not path.is_file():
        return {}
    found = pq.read_table(path, schema=_SCHEMA)
    return dict(zip(found["UID"].to_pylist(), found["updated"].to_pylist(), strict=True))
