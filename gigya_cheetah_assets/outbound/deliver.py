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
from gigya_cheetah_assets.cheetahmail import Manifest, PartsWriter, WrittenFile, columns_of, file_name
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.config.files import ImportFileDefaults, Kind
from gigya_cheetah_assets.errors import StopSync
from gigya_cheetah_assets.ledger import DeliveredFile, Ledger, RowShape
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound import brakes, corrections, outbox
from gigya_cheetah_assets.outbound.sealing import Seals, WindowSeal
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
        files, earlier = self.sync.import_files, self._earlier()
        with folders.building(self._folder(folders.FILES)) as building, self.ledger.writing(self.sync.name):
            self._moved_on = self.ledger.revision(self.sync.name) != self._counted.ledger_revision
            # All is written before the first file leaves: a key that cannot be used stops the window as a whole.
            with Seals(files, self._folder(folders.FILES)) as seals:
                written = [file for kind, _ in files.in_order() for file in self._write(kind, building, seals)]
            outbox.deliver_all(staging, building, files, written)
            outbox.remove_surplus(staging, files, earlier, written)
            result = self._summary(written, self._record(written))
            summary.write(building, result)
        return result

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

    def _write(self, kind: Kind, folder: Path, seals: Seals) -> list[Manifest]:
        """The local files of one kind; none when it has no row."""
        config = getattr(self.sync.import_files, kind)
        layout: ImportFileDefaults = config.layout(self.sync.import_files.defaults)
        columns = columns_of(kind, self._shape.key, self._shape.email, self.table.columns)
        seal = seals.of(kind)

        def name_of(part: int) -> str:
            return file_name(config, self.window.stamp, layout, part=part)

        with PartsWriter(folder, name_of, columns, layout, seal=seal) as writer:
            for batch in self._checked(kind):
                writer.write(batch.select(list(columns)))
        return [
            self._manifest(kind, file, folder, seal, (part, len(writer.written)))
            for part, file in enumerate(writer.written, start=1)
        ]

    def _manifest(
        self, kind: Kind, file: WrittenFile, folder: Path, seal: WindowSeal | None, part: tuple[int, int]
    ) -> Manifest:
        log.info("window %s: wrote %s, %d rows", self.window.key, file.name, file.rows)
        manifest = Manifest(
            kind=kind,
            name=file.name,
            rows=file.rows,
            bytes=file.bytes,
            sha256=file.sha256,
            packed_sha256=file.packed_sha256,
            plain_sha256=file.plain_sha256,
            columns=list(file.columns),
            window=self.window.key,
            queries=self._extracted.queries,
            mapping_version=self.table.version,
            part=part[0],
            parts=part[1],
            encrypted_to=seal.sealer.encrypted_to if seal else None,
            signed_by=seal.sealer.signed_by if seal else None,
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
