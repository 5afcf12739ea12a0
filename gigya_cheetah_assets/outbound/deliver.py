"""Rows of a window -> files in the outbox, and what the ledger has to know about them.

The order is what makes it safe to be killed anywhere: look at the brakes, write the files here and their rows into the
ledger's transaction, deliver them in the order of their kinds, then commit it. A run that comes after a kill compares
with the same ledger, so it writes and delivers the same files again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from contextlib import AbstractContextManager, closing
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets import schemas
from gigya_cheetah_assets.cheetahmail import Manifest
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.config.files import Kind
from gigya_cheetah_assets.errors import StopSync
from gigya_cheetah_assets.gigya import prefetched
from gigya_cheetah_assets.ledger import DeliveredFile, Ledger, PreparedRows, RowShape, Tombstones, told
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound import carried, corrections, deleted, outbox
from gigya_cheetah_assets.outbound.lite_keys import Following
from gigya_cheetah_assets.outbound.same_site import fingerprint
from gigya_cheetah_assets.outbound.sealing import Seals
from gigya_cheetah_assets.outbound.summary import DeliverySummary, ProfilesSummary, RowsSummary
from gigya_cheetah_assets.outbound.window import Window
from gigya_cheetah_assets.outbound.window_files import WindowFiles
from gigya_cheetah_assets.staging import Staging
from gigya_cheetah_assets.store import folders, steps, summary
from gigya_cheetah_assets.store.batches import read_batches

log = logging.getLogger(__name__)


class Delivery:
    """One window's way from rows to the outbox."""

    def __init__(self, sync: Sync, table: FieldTable, window: Window, ledger: Ledger, *, data: Path) -> None:
        self.sync = sync
        self.table = table
        self.window = window
        self.ledger = ledger
        self.superseded = 0
        self.carried_over: Counter[Kind] = Counter()
        self._data = data
        self._shape = RowShape.of(table.fields)
        self._stones = Tombstones(ledger, sync.name)
        self._rows = folders.finished(self._folder(folders.ROWS))
        self._counted = summary.read(self._rows, RowsSummary)
        self._extracted = summary.read(folders.finished(self._folder(folders.PROFILES)), ProfilesSummary)
        self._moved_on = True

    def run(self, staging: Staging) -> DeliverySummary:
        """Writes, delivers and records; a copy of each file with its manifest stays in the window's folder.

        Raises:
            StopSync: The rows were made with other rules than the sync file has now, or break their schema.
        """
        self._refuse_other_mapping()
        with folders.building(self._folder(folders.FILES)) as building:
            with self.ledger.writing(self.sync.name):
                result = self._delivered_and_recorded(staging, building)
                summary.write(building, result)
            steps.reached(steps.DELIVERY_RECORDED)
        return result

    def _delivered_and_recorded(self, staging: Staging, building: Path) -> DeliverySummary:
        """All of it under the ledger's lock, up to the commit."""
        files, earlier = self.sync.import_files, self._earlier()
        self._moved_on = self.ledger.revision(self.sync.name) != self._counted.ledger_revision
        with Seals(files, self._folder(folders.FILES)) as seals:
            own = WindowFiles(
                files,
                self.window,
                building,
                seals,
                self._shape,
                self._extracted.queries,
                self.table.version,
                self.carried_over,
            )
            for kind, _ in files.in_order():
                if kind != "profiles":
                    made = map(self._current, read_batches(self._rows / f"{kind}.parquet"))
                    own.write(kind, chain(made, self._carried(kind)))
            with self._ahead(self._prepared(own.writing("profiles", self._checked()))) as rows:
                revision = self._record(rows, self._delivered(staging, own, earlier))
        return self._summary(own.written(), revision)

    def _earlier(self) -> list[Manifest]:
        """What this window delivered when it ran before."""
        folder = self._folder(folders.FILES)
        if not (folder / folders.SUMMARY).is_file():
            return []
        return summary.read(folder, DeliverySummary).files

    def _folder(self, asset: str) -> Path:
        return folders.asset_folder(self._data, self.sync.name, asset, self.window.stamp)

    def _refuse_other_mapping(self) -> None:
        if self._counted.mapping_version != self.table.version:
            raise StopSync(
                f"{self.sync.name}, window {self.window.key}: made with other fields than the sync file has now",
                next_step="materialize gigya_profiles and cheetahmail_rows of this window again",
            )

    def _prepared(self, rows: Generator[pa.Table, None, None]) -> Generator[PreparedRows, None, None]:
        with closing(rows):
            for batch in rows:
                yield PreparedRows.of(batch, self._shape)

    def _ahead(self, rows: Generator[PreparedRows, None, None]) -> AbstractContextManager[Iterator[PreparedRows]]:
        """The rows, written by a thread while the ledger takes those before; by this one if they ask the ledger too."""
        return closing(rows if self._moved_on else prefetched(rows, depth=1))

    def _delivered(self, staging: Staging, own: WindowFiles, earlier: list[Manifest]) -> Iterator[DeliveredFile]:
        """Brings all files to the outbox when the first of them is asked for.

        By then all are written, so a key that cannot be used stops the window as a whole, and the ledger has all rows
        but has not committed them.
        """
        written = own.written()
        outbox.deliver_all(staging, own.folder, own.files, written)
        outbox.remove_surplus(staging, own.files, earlier, written)
        yield from (DeliveredFile(f.kind, f.name, f.rows, f.bytes, f.sha256) for f in written)

    def _checked(self) -> Iterator[pa.Table]:
        """The profiles' rows once more through the last gate: nothing superseded, nothing that breaks the schema."""
        schema = schemas.rows_schema(self.table)
        for batch in read_batches(self._rows / "profiles.parquet"):
            rows = self._current(batch)
            self._refuse_deleted_addresses(rows)
            breaches = schemas.validate(schema, rows)
            if breaches.problems or len(breaches.rejects):
                raise StopSync(
                    f"{self.sync.name}, window {self.window.key}: {len(breaches.rejects)} rows break the schema that "
                    f"cheetahmail_rows had passed ({', '.join(breaches.problems) or 'single records'})",
                    next_step="materialize cheetahmail_rows of this window again",
                )
            self.superseded += len(batch) - len(rows)
            yield rows
        # The ledger has these already: recording them once more changes nothing.
        yield from self._carried("profiles")

    def _carried(self, kind: Kind) -> Iterator[pa.Table]:
        """What the window goes on telling, as far as it still holds."""
        for batch in read_batches(self._rows / carried.file_of(kind)):
            rows = self._current(batch) if kind == "profiles" else self._holding(batch)
            self.carried_over[kind] += len(rows)
            yield rows

    def _holding(self, rows: pa.Table) -> pa.Table:
        """A later delivery may have overtaken the people of carried rows long ago: what they say is what counts."""
        if not self._moved_on:
            return rows
        now = self.ledger.baseline(self.sync.name, told.uids_of(rows), window="")
        return deleted.without(rows.filter(pa.array(told.holds(rows, now, self._shape))), self._stones, self._shape.key)

    def _current(self, rows: pa.Table) -> pa.Table:
        """Leaves out whom a later delivery overtook, or who was deleted, since the rows were made."""
        if not self._moved_on:
            return rows
        overtaken = self.ledger.superseded(
            self.sync.name, rows[self._shape.key], rows["_updated"], window=self.window.stamp
        )
        current = Following(self.ledger, self.sync.name, self.table).standing(rows.filter(pc.invert(overtaken)))
        return deleted.without(current, self._stones, self._shape.key)

    def _refuse_deleted_addresses(self, rows: pa.Table) -> None:
        """Whether an opt-in is older than a deletion of its address is looked at when rows are made."""
        if not self._moved_on:
            return
        count = deleted.addresses_deleted_since(rows, self._stones, self._shape, self._counted.ledger_revision)
        if count:
            raise StopSync(
                f"{self.sync.name}, window {self.window.key}: {count} addresses were deleted since its rows were made",
                next_step="materialize cheetahmail_rows of this window again",
            )

    def _record(self, rows: Iterable[PreparedRows], files: Iterable[DeliveredFile]) -> int:
        revision = self.ledger.record(
            self.sync.name,
            self.window.stamp,
            rows,
            shape=self._shape,
            consents_only=read_batches(self._rows / "rejected_consents.parquet"),
            mapping_version=self.table.version,
            files=files,
            seen=read_batches(self._rows / "seen.parquet"),
            corrected=corrections.read(self._folder(folders.PROFILES)),
            left=read_batches(self._rows / "left.parquet"),
            counts=self._counts,
        )
        self.ledger.note_site(self.sync.name, fingerprint(self.sync))
        log.info("window %s: recorded as revision %d", self.window.key, revision)
        return revision

    def _counts(self) -> dict[str, int]:
        counted = self._counted
        return {
            "read": counted.read,
            "delivered": counted.changed - self.superseded,
            "unchanged": counted.unchanged + self.superseded,
            "filtered": counted.filtered,
            "rejected": counted.rejected,
        }

    def _summary(self, files: list[Manifest], revision: int) -> DeliverySummary:
        return DeliverySummary(
            window=self.window.key,
            **self._counts(),
            superseded=self.superseded,
            carried_over=self.carried_over.total(),
            files=files,
            revision=revision,
            mapping_version=self.table.version,
            sample_size=self._counted.sample_size,
            seen_at=self._counted.seen_at,
        )
