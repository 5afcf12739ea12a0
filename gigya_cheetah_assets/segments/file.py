"""The segment file as it is written here: joins and leaves, or all members; bringing it to the outbox is in `deliver`.

Columns: address, key, SEGMENT_CODE, ACTION (J or L), AS_OF, and REASON where it is wanted. No column says anything of
consent.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from gigya_cheetah_assets.cheetahmail import ImportFileWriter, Manifest, PartsWriter, WrittenFile, with_endings
from gigya_cheetah_assets.config import Segment, SegmentFile, Sync
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound.sealing import WindowSeal
from gigya_cheetah_assets.pgp import Sealer
from gigya_cheetah_assets.segments.summary import MembersSummary
from gigya_cheetah_assets.store.batches import read_batches

log = logging.getLogger(__name__)
KIND = "segment"
JOIN, LEAVE = "J", "L"


@dataclass(frozen=True)
class SegmentFiles:
    """Writes the file of one segment, in parts where it is too long.

    Attributes:
        sync: The sync.
        segment: One of its segments.
        file: How its file is named and written.
        found: What was counted of its members.
        members: Folder with its members, joins and leaves.
        earlier: Where the delivery before lies: an encrypted file of the same content is taken from there.
    """

    sync: Sync
    segment: Segment
    file: SegmentFile
    found: MembersSummary
    members: Path
    earlier: Path

    def write(self, folder: Path) -> list[Manifest]:
        """Writes the file and its manifests; joins and leaves that are none make no file, an empty full list does."""
        layout = self.file.layout(self.sync.import_files.defaults)
        stamp = f"{_moment(self.found.as_of):%Y%m%dT%H%M%SZ}"
        own = self.file.name.replace("{segment}", self.segment.name).replace("{as_of}", stamp)

        def name_of(part: int) -> str:
            return with_endings(own.replace("{part}", f"{part:03d}"), layout)

        with ExitStack() as stack:
            seal = None
            if layout.pgp is not None:
                place = (
                    "import_files.defaults.pgp" if self.file.pgp is None else f"segments.{self.segment.name}.file.pgp"
                )
                seal = WindowSeal(stack.enter_context(Sealer(layout.pgp, place)), self.earlier)
            with PartsWriter(folder, name_of, self._columns, layout, seal=seal) as writer:
                for rows in self._rows():
                    writer.write(rows)
            written = writer.written
            if not written and self.segment.deliver == "full":
                with ImportFileWriter(folder / name_of(1), self._columns, layout, seal=seal) as empty:
                    pass
                written = [empty.written]
        manifests = [self._manifest(file, part, len(written), seal) for part, file in enumerate(written, start=1)]
        for manifest in manifests:
            manifest.write(folder)
        return manifests

    @property
    def _columns(self) -> tuple[str, ...]:
        table = FieldTable.from_sync(self.sync)
        reason = ("REASON",) if self.file.reason_column else ()
        return (table.email.cheetahmail, table.key.cheetahmail, "SEGMENT_CODE", "ACTION", "AS_OF", *reason)

    def _rows(self) -> Iterator[pa.Table]:
        """Leaves first: whatever fails afterwards, nobody is taken for a member who is none."""
        if self.segment.deliver == "full":
            for batch in read_batches(self.members / "members.parquet"):
                yield self._told(batch, JOIN)
            return
        for name, action in (("leaves", LEAVE), ("joins", JOIN)):
            for batch in read_batches(self.members / f"{name}.parquet"):
                yield self._told(batch, action)

    def _told(self, people: pa.Table, action: str) -> pa.Table:
        count = len(people)
        as_of = f"{_moment(self.found.as_of):%Y%m%d%H%M%S}"
        cells = [
            people["email"],
            people["uid"],
            *(pa.repeat(text, count) for text in (self.segment.name, action, as_of)),
        ]
        if self.file.reason_column:
            cells.append(people["reason"] if "reason" in people.column_names else pa.nulls(count, pa.string()))
        return pa.table(cells, names=list(self._columns))

    def _manifest(self, file: WrittenFile, part: int, parts: int, seal: WindowSeal | None) -> Manifest:
        log.info("segment %s: wrote %s, %d rows", self.segment.name, file.name, file.rows)
        return Manifest(
            kind=KIND,
            name=file.name,
            rows=file.rows,
            bytes=file.bytes,
            sha256=file.sha256,
            packed_sha256=file.packed_sha256,
            plain_sha256=file.plain_sha256,
            columns=list(file.columns),
            window=self.segment.name,
            queries=self.found.queries,
            mapping_version=FieldTable.from_sync(self.sync).version,
            part=part,
            parts=parts,
            encrypted_to=seal.sealer.encrypted_to if seal else None,
            signed_by=seal.sealer.signed_by if seal else None,
        )


def _moment(as_of: int) -> datetime:
    return datetime.fromtimestamp(as_of / 1000, UTC)
