"""Rows of a window -> files in the outbox, and what the ledger has to know about them.

The order is what makes it safe to be killed anywhere: look at the brakes, write the files here, deliver them in the
order of their kinds, then record all of it in one transaction. A run that comes after a kill compares with the same
ledger, so it writes and delivers the same files again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets import schemas
from gigya_cheetah_assets.cheetahmail import ImportFileWriter, Manifest, columns_of, file_name, trigger_name
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.config.files import ImportFileDefaults, Kind
from gigya_cheetah_assets.errors import StopSync
from gigya_cheetah_assets.ledger import DeliveredFile, Ledger, RowShape
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound import brakes, corrections
from gigya_cheetah_assets.outbound.summary import DeliverySummary, ProfilesSummary, RowsSummary
from gigya_cheetah_assets.outbound.window import Window
from gigya_cheetah_assets.staging import Staging
from gigya_cheetah_assets.store import folders, summary
from gigya_cheetah_assets.store.batches import read_batches

log = logging.getLogger(__name__)


def refuse_if_braked(sync: Sync, window: Window, found: Sequence[brakes.Brake], ledger: Ledger) -> None:
    """Stops before anything is written when a limit is exceeded and nobody released it.

    Raises:
        StopSync: Names each exceeded limit, its figures and the command that releases it.
    """
    broken = [brake for brake in found if not brake.holds]
    broken = [brake for brake in broken if not ledger.is_released(sync.name, window.stamp, brake.name)]
    if broken:
        raise StopSync(
            f"{sync.name}, window {window.key}: "
            + "; ".join(f"{b.name} {b.found:.1%} is over its limit {b.limit:.1%} ({b.explanation})" for b in broken),
            next_step="look at the rejects and checks of the window; if they are right, run: "
            + " && ".join(f"gigya-cheetah release {sync.name} {window.key} {b.name}" for b in broken),
        )


class Delivery:
    """One window's way from rows to the outbox."""

    def __init__(self, sync: Sync, table: FieldTable, window: Window, ledger: Ledger, *, data: Path) -> None:
        self.sync = sync
        self.table = table
        self.window = window
        self.ledger = ledger
        self.superseded = 0
        self._data = data
        self._shape = RowShape.of(table.fields)
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
        with folders.building(self._folder(folders.FILES)) as building, self.ledger.writing(self.sync.name):
            self._moved_on = self.ledger.revision(self.sync.name) != self._counted.ledger_revision
            files = [self._write(kind, building) for kind, _ in self.sync.import_files.in_order()]
            written = [file for file in files if file is not None]
            for file in written:
                self._deliver(staging, building, file)
            result = self._summary(written, self._record(written))
            summary.write(building, result)
        return result

    def _folder(self, asset: str) -> Path:
        return folders.asset_folder(self._data, self.sync.name, asset, self.window.stamp)

    def _refuse_other_mapping(self) -> None:
        if self._counted.mapping_version != self.table.version:
            raise StopSync(
                f"{self.sync.name}, window {self.window.key}: made with other fields than the sync file has now",
                next_step="materialize gigya_profiles and cheetahmail_rows of this window again",
            )

    def _write(self, kind: Kind, folder: Path) -> Manifest | None:
        """The local file of one kind, or None when it has no row."""
        config = getattr(self.sync.import_files, kind)
        layout: ImportFileDefaults = config.format(self.sync.import_files.defaults)
        name = file_name(config, self.window.stamp, layout)
        columns = columns_of(kind, self._shape.key, self._shape.email, self.table.columns)
        with ImportFileWriter(folder / name, columns, layout) as writer:
            for batch in self._checked(kind):
                writer.write(batch.select(list(columns)))
        written = writer.written
        if not written.rows:
            written.path.unlink()
            return None
        log.info("window %s: wrote %s, %d rows", self.window.key, name, written.rows)
        manifest = Manifest(
            kind=kind,
            name=name,
            rows=written.rows,
            bytes=written.bytes,
            sha256=written.sha256,
            columns=list(columns),
            window=self.window.key,
            queries=self._extracted.queries,
            mapping_version=self.table.version,
        )
        manifest.write(folder)
        return manifest

    def _checked(self, kind: Kind) -> Iterator[pa.Table]:
        """The kind's rows once more through the last gate: nothing superseded, nothing that breaks the schema."""
        schema = schemas.rows_schema(self.table)
        for batch in read_batches(self._rows / f"{kind}.parquet"):
            if kind != "profiles":
                yield self._current(batch)
                continue
            rows = self._current(batch)
            breaches = schemas.validate(schema, rows)
            if breaches.problems or len(breaches.rejects):
                raise StopSync(
                    f"{self.sync.name}, window {self.window.key}: {len(breaches.rejects)} rows break the schema that "
                    f"cheetahmail_rows had passed ({', '.join(breaches.problems) or 'single records'})",
                    next_step="materialize cheetahmail_rows of this window again",
                )
            self.superseded += len(batch) - len(rows)
            yield rows

    def _current(self, rows: pa.Table) -> pa.Table:
        """Leaves out whom a later delivery overtook since the rows were made."""
        if not self._moved_on:
            return rows
        overtaken = self.ledger.superseded(
            self.sync.name, rows[self._shape.key], rows["_updated"], window=self.window.stamp
        )
        return rows.filter(pc.invert(overtaken))

    def _deliver(self, staging: Staging, folder: Path, file: Manifest) -> None:
        layout: ImportFileDefaults = getattr(self.sync.import_files, file.kind).format(self.sync.import_files.defaults)
        staging.deliver(folder / file.name, file.name)
        log.info("window %s: delivered %s, %d bytes", self.window.key, file.name, file.bytes)
        trigger = trigger_name(file.name, layout)
        if trigger is not None:
            (folder / trigger).touch()
            staging.deliver(folder / trigger, trigger)

    def _record(self, files: list[Manifest]) -> int:
        counted = self._counted
        revision = self.ledger.record(
            self.sync.name,
            self.window.stamp,
            (self._current(batch) for batch in read_batches(self._rows / "profiles.parquet")),
            shape=self._shape,
            consents_only=read_batches(self._rows / "rejected_consents.parquet"),
            mapping_version=self.table.version,
            files=[DeliveredFile(f.kind, f.name, f.rows, f.bytes, f.sha256) for f in files],
            seen=read_batches(self._rows / "seen.parquet"),
            corrected=corrections.read(self._folder(folders.PROFILES)),
            counts={
                "read": counted.read,
                "delivered": counted.changed - self.superseded,
                "unchanged": counted.unchanged + self.superseded,
                "filtered": counted.filtered,
                "rejected": counted.rejected,
            },
        )
        log.info("window %s: recorded as revision %d", self.window.key, revision)
        return revision

    def _summary(self, files: list[Manifest], revision: int) -> DeliverySummary:
        counted = self._counted
        return DeliverySummary(
            window=self.window.key,
            read=counted.read,
            delivered=counted.changed - self.superseded,
            unchanged=counted.unchanged + self.superseded,
            filtered=counted.filtered,
            rejected=counted.rejected,
            superseded=self.superseded,
            files=files,
            revision=revision,
            mapping_version=self.table.version,
            sample_size=counted.sample_size,
        )
