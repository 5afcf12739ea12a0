"""A window's deletions -> the suppression file in the outbox, and tombstones in the ledger.

As in `outbound.deliver` the file is written and delivered within the ledger's transaction, which is committed last: a
run after a kill compares with the same ledger and delivers the same file again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from gigya_cheetah_assets.cheetahmail import Manifest
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.deletions.brake import deletion_share
from gigya_cheetah_assets.deletions.find import FILE
from gigya_cheetah_assets.deletions.people import Told, by_address, taken_apart
from gigya_cheetah_assets.deletions.summary import DeletionFileSummary, DeletionsSummary
from gigya_cheetah_assets.ledger import DeletedPerson, Ledger, RowShape, Tombstones
from gigya_cheetah_assets.ledger.lists import stamp
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound import outbox
from gigya_cheetah_assets.outbound.brakes import Partition, refuse_if_braked
from gigya_cheetah_assets.outbound.same_site import site_brake
from gigya_cheetah_assets.outbound.sealing import Seals
from gigya_cheetah_assets.outbound.window import Window
from gigya_cheetah_assets.outbound.window_files import WindowFiles
from gigya_cheetah_assets.staging import Staging
from gigya_cheetah_assets.store import folders, summary
from gigya_cheetah_assets.store.batches import read_batches

log = logging.getLogger(__name__)


class DeletionDelivery:
    """One window's way from deleted accounts to the outbox."""

    def __init__(self, sync: Sync, table: FieldTable, window: Window, ledger: Ledger, *, data: Path) -> None:
        self._sync, self._table, self._window, self._ledger = sync, table, window, ledger
        self._shape = RowShape.of(table.fields)
        self._stones = Tombstones(ledger, sync.name)
        self._target = folders.asset_folder(data, sync.name, folders.DELETION_FILE, window.stamp)
        self._found = folders.finished(folders.asset_folder(data, sync.name, folders.DELETIONS, window.stamp))
        self._counted = summary.read(self._found, DeletionsSummary)
        self._delivered = self._never_delivered = self._told_before = self._readdressed = 0
        self._former_addresses = 0

    def run(self, staging: Staging) -> DeletionFileSummary:
        """Writes, delivers and records; a copy of the file with its manifest stays in the window's folder.

        Raises:
            StopSync: The brake holds and nobody released it.
        """
        braked = Partition(self._window.key, self._window.stamp)
        found = [site_brake(self._ledger, self._sync), deletion_share(self._counted, self._sync.limits)]
        refuse_if_braked(self._ledger, self._sync.name, braked, found)
        files, earlier = self._sync.deletion_files, self._earlier()
        with folders.building(self._target) as building, self._ledger.writing(self._sync.name):
            with Seals(files, self._target) as seals:
                own = WindowFiles(
                    files, self._window, building, seals, self._shape, [self._counted.query], self._table.version
                )
                own.write("deletions", self._rows())
            outbox.deliver_all(staging, building, files, own.written())
            outbox.remove_surplus(staging, files, earlier, own.written())
            result = self._summary(own.written())
            summary.write(building, result)
        log.info("window %s: %d people are to be suppressed", self._window.key, self._delivered)
        return result

    def _earlier(self) -> list[Manifest]:
        """What this window delivered when it ran before."""
        if not (self._target / folders.SUMMARY).is_file():
            return []
        return summary.read(self._target, DeletionFileSummary).files

    def _rows(self) -> Iterator[pa.Table]:
        """The rows of the file, batch by batch; each batch's tombstones are put up when it is written."""
        for batch in read_batches(self._found / FILE):
            told = taken_apart(self._ledger, self._sync.name, self._shape, self._window.stamp, batch)
            self._delivered += len(told.to_tell)
            self._never_delivered += len(told.unknown)
            self._told_before += len(told.told_before)
            lines = by_address(told.to_tell)
            self._former_addresses += len(lines) - len(told.to_tell)
            yield self._file_rows(lines)
            self._record(told)

    def _file_rows(self, lines: pa.Table) -> pa.Table:
        columns = [lines["email"], lines["uid"], stamp(lines["deleted_at"].combine_chunks()), lines["reason"]]
        return pa.table(columns, names=[self._shape.email, self._shape.key, "DELETED_AT", "REASON"])

    def _record(self, told: Told) -> None:
        people = [
            DeletedPerson(row["uid"], row["email"], row["deleted_at"], row["reason"])
            for table in (told.to_tell, told.unknown)
            for row in table.to_pylist()
        ]
        self._stones.put_up(self._window.stamp, people)
        successors = told.to_tell["successor"].drop_null().to_pylist()
        self._readdressed += self._stones.make_room(successors)

    def _summary(self, files: list[Manifest]) -> DeletionFileSummary:
        return DeletionFileSummary(
            window=self._window.key,
            read=self._counted.deleted,
            delivered=self._delivered,
            never_delivered=self._never_delivered,
            told_before=self._told_before,
            readdressed=self._readdressed,
            former_addresses=self._former_addresses,
            files=files,
            revision=self._ledger.revision(self._sync.name),
        )
