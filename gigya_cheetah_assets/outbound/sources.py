"""What the sources know of the same people, part by part; what one of them lacks for a person is read by key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.gigya.query import Source
from gigya_cheetah_assets.mapping import FieldTable, communications
from gigya_cheetah_assets.mapping.field_table import IS_LITE, LITE_KEY
from gigya_cheetah_assets.outbound import join
from gigya_cheetah_assets.outbound.by_key import ByKey
from gigya_cheetah_assets.outbound.scan import Scanned
from gigya_cheetah_assets.outbound.spool import in_stable_order
from gigya_cheetah_assets.outbound.window import Window

_SOURCES: tuple[Source, ...] = ("accounts", "emailAccounts", "communications")


@dataclass
class Sources:
    """The scans of one run of neighbouring windows.

    Attributes:
        duplicates: Records that came more than once, the latest of each kept.
    """

    sync: Sync
    table: FieldTable
    windows: Sequence[Window]
    by_key: ByKey
    duplicates: int = 0

    def profiles(self, scanned: Mapping[Source, Scanned]) -> Iterator[pa.Table]:
        """The profiles of all people of the scans, complete and in stable order, part by part."""
        parts = max(scan.spool.parts for scan in scanned.values())
        sources = (self._read(scanned, source, parts) for source in _SOURCES)
        outside = []
        for accounts, emails, decisions in zip(*sources, strict=True):
            complete = self._completed(
                self._latest(accounts, join.ACCOUNT_SEEN), self._latest(emails, join.EMAIL_SEEN), decisions
            )
            outside.append(self._outside(*complete[:2]))
            yield join.profiles_of(self.table, *complete)
        if any(len(part) for part in outside):
            yield join.profiles_of(self.table, complete[0].slice(0, 0), pa.concat_tables(outside))

    def _outside(self, accounts: pa.Table, emails: pa.Table) -> pa.Table:
        """Lite accounts whose person has a full one that the sync does not read (`where`): lite accounts still."""
        if not (self.table.both and self.sync.gigya.where):
            # No slice of nothing: it would keep the whole part in memory until the last one.
            return emails.schema.empty_table()
        unread = pc.and_(emails["is_full"], pc.invert(_is_in(emails["UID"], accounts["UID"])))
        lite = emails.filter(pc.and_(unread, pc.fill_null(emails[IS_LITE], False)))
        lite = lite.set_column(lite.schema.get_field_index("UID"), "UID", lite[LITE_KEY])
        return lite.set_column(lite.schema.get_field_index("is_full"), "is_full", pa.repeat(False, len(lite)))

    def _read(self, scanned: Mapping[Source, Scanned], source: Source, parts: int) -> Iterator[pa.Table]:
        if source in scanned:
            return scanned[source].spool.read(parts)
        schemas = {"accounts": self.table.account_schema, "emailAccounts": self.table.email_account_schema}
        return iter([schemas.get(source, communications.ROWS).empty_table()] * parts)

    def _latest(self, records: pa.Table, column: str) -> pa.Table:
        latest = in_stable_order(records, "UID", latest_by="updated")
        self.duplicates += len(records) - len(latest)
        return join.scanned(latest, column, undated=self._undated)

    def _completed(self, accounts: pa.Table, emails: pa.Table, rows: pa.Table) -> tuple[pa.Table, pa.Table, pa.Table]:
        """Adds by key whom one source lacks; a scan without any bound lacks nobody."""
        unbounded = self.windows[0].lower is None and self.windows[-1].upper is None
        times = _times(rows, undated=self._undated)
        if unbounded and self.sync.sample_size is None:
            return accounts, emails, self._decided(rows, times)
        named = pa.chunked_array([*emails["UID"].filter(emails["is_full"]).chunks, *times["UID"].chunks], pa.string())
        lacking = pc.unique(named.filter(pc.invert(_is_in(named, accounts["UID"]))))
        more = self.by_key.accounts(lacking)
        accounts = pa.concat_tables([accounts, join.read_by_key(more, join.ACCOUNT_SEEN)])
        if self.table.needs_email_accounts:
            alone = accounts.filter(pc.invert(_is_in(accounts["UID"], emails["UID"])))
            more = self.by_key.subscriptions(alone, self.table.email.paths[0])
            emails = pa.concat_tables([emails, join.read_by_key(more, join.EMAIL_SEEN)])
        # A scan of a window has of each person only what was decided in it.
        return accounts, emails, self._decided(self.by_key.communications(accounts["UID"]), times)

    def _decided(self, rows: pa.Table, times: pa.Table) -> pa.Table:
        people = communications.of_people(self.table, rows)
        at = pc.index_in(people["UID"], value_set=times["UID"].combine_chunks())
        return people.append_column(join.COMMUNICATIONS_SEEN, times["times"].take(at))

    @property
    def _undated(self) -> int:
        """When a record counts as seen that does not tell its last update: in the newest window."""
        return int(self.windows[-1].start.timestamp() * 1000)


def _times(rows: pa.Table, *, undated: int) -> pa.Table:
    """When each person decided, as the scan saw it: UID, times."""
    at = pa.table({"UID": rows["UID"], "at": pc.fill_null(rows["at"], undated)})
    return at.group_by("UID").aggregate([("at", "distinct")]).rename_columns(["UID", "times"])


def _is_in(values: pa.ChunkedArray, known: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.is_in(values, value_set=known.combine_chunks())
