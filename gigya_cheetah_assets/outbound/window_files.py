"""The files of one window as they are written here, kind by kind; bringing them to the outbox is in `outbox`."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from gigya_cheetah_assets.cheetahmail import Manifest, PartsWriter, WrittenFile, columns_of, file_name
from gigya_cheetah_assets.config.files import FilesTogether, ImportFileDefaults, Kind
from gigya_cheetah_assets.ledger import RowShape
from gigya_cheetah_assets.outbound.sealing import Seals, WindowSeal
from gigya_cheetah_assets.outbound.window import Window

log = logging.getLogger(__name__)


@dataclass
class WindowFiles:
    """Writes the files of one window, each with its manifest.

    Attributes:
        files: How each kind is named and written.
        window: The window.
        folder: Where they are written.
        seals: Encrypts them.
        shape: Names of the columns of the rows.
        queries: For the manifests: what was asked of Gigya.
        mapping_version: For the manifests.
        carried_over: For the manifests: rows by kind that an earlier run had told; counted while they are written.
    """

    files: FilesTogether
    window: Window
    folder: Path
    seals: Seals
    shape: RowShape
    queries: Sequence[str]
    mapping_version: str
    carried_over: Mapping[Kind, int] = field(default_factory=dict)
    _written: dict[Kind, list[Manifest]] = field(default_factory=dict)

    def write(self, kind: Kind, batches: Iterable[pa.Table]) -> None:
        """Writes all rows of a kind; without a row there is no file."""
        for _ in self.writing(kind, batches):
            pass

    def writing(self, kind: Kind, batches: Iterable[pa.Table]) -> Generator[pa.Table, None, None]:
        """The same, and gives each batch back when it is written; the files are finished with the last one."""
        config = dict(self.files.in_order())[kind]
        layout: ImportFileDefaults = config.layout(self.files.defaults)
        columns = columns_of(kind, self.shape.key, self.shape.email, self.shape.columns)
        seal = self.seals.of(kind)

        def name_of(part: int) -> str:
            return file_name(config, self.window.stamp, layout, part=part)

        with PartsWriter(self.folder, name_of, columns, layout, seal=seal) as writer:
            for batch in batches:
                writer.write(batch.select(list(columns)))
                yield batch
        parts = len(writer.written)
        self._written[kind] = [
            self._manifest(kind, file, seal, (part, parts)) for part, file in enumerate(writer.written, start=1)
        ]

    def written(self) -> list[Manifest]:
        """What was written, in the order of the kinds."""
        return [manifest for kind, _ in self.files.in_order() for manifest in self._written.get(kind, [])]

    def _manifest(self, kind: Kind, file: WrittenFile, seal: WindowSeal | None, part: tuple[int, int]) -> Manifest:
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
            queries=list(self.queries),
            mapping_version=self.mapping_version,
            carried_over=self.carried_over.get(kind, 0),
            part=part[0],
            parts=part[1],
            encrypted_to=seal.sealer.encrypted_to if seal else None,
            signed_by=seal.sealer.signed_by if seal else None,
        )
        manifest.write(self.folder)
        return manifest
