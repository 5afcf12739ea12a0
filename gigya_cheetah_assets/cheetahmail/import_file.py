"""Writing one import file: locally, whole or not at all, and the same bytes for the same rows.

Which bytes a row becomes is in `delimited` and `json_lines`, compression in `packing`; delivering the file is
`staging`'s matter, and how it is encrypted is for whoever gives a `Seal`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import pyarrow as pa

from gigya_cheetah_assets.cheetahmail.delimited import DelimitedText
from gigya_cheetah_assets.cheetahmail.json_lines import JsonLines
from gigya_cheetah_assets.cheetahmail.packing import packing
from gigya_cheetah_assets.config.files import ImportFileDefaults


class Seal(Protocol):
    """Encrypts a finished file.

    Args:
        packed: The file as it is compressed.
        target: The new, encrypted file; there only when the call returned.
        packed_sha256: Of `packed`, in hex: what the content is known by, since no two encryptions are the same.
    """

    def __call__(self, packed: Path, target: Path, packed_sha256: str) -> None: ...  # noqa: D102 - see the class


@dataclass(frozen=True)
class WrittenFile:
    """A finished import file.

    Attributes:
        path: Where it is.
        name: Its name.
        rows: Data rows, the header not counted.
        bytes: Its size, as it is to be delivered.
        sha256: Of these bytes, in hex.
        packed_sha256: Of the file before it was encrypted; else the same.
        plain_sha256: Of its text, before it was compressed.
        columns: Its columns in order.
    """

    path: Path
    name: str
    rows: int
    bytes: int
    sha256: str
    packed_sha256: str
    plain_sha256: str
    columns: tuple[str, ...]


class ImportFileWriter:
    """Writes one file within a `with` block; if the block raises, nothing is left of it.

    Without any row the file still comes into being, with its header alone.

    Args:
        path: The file's final path; its folder exists.
        columns: The columns that every table has, in this order.
        layout: How it is written.
        seal: Encrypts it; required by a layout with `pgp`, so that such a file never stays plain.

    Raises:
        ConfigError: The layout asks for a delimiter that cannot be written.
        ValueError: The layout asks for encryption and there is no seal, or the other way round.
    """

    def __init__(
        self, path: Path, columns: Sequence[str], layout: ImportFileDefaults, *, seal: Seal | None = None
    ) -> None:
        if (layout.pgp is None) != (seal is None):
            raise ValueError(f"{path.name}: expected a seal exactly when the layout has pgp")
        self._path = path
        self._columns = tuple(columns)
        self._layout = layout
        self._seal = seal
        self._text = DelimitedText(layout) if layout.format == "delimited" else JsonLines(layout)
        self._partial = path.with_name(f".{path.name}.part")
        self._sealed = path.with_name(f".{path.name}.sealed")
        self._plain = hashlib.sha256()
        self._rows = 0
        self._open = ExitStack()
        self._written: WrittenFile | None = None

    @property
    def written(self) -> WrittenFile:
        """The finished file; there only after the block.

        Raises:
            ValueError: The block has not ended, or it raised.
        """
        if self._written is None:
            raise ValueError(f"{self._path.name} is not finished")
        return self._written

    def __enter__(self) -> Self:
        # Made first: it may be refused, and then no file is open yet.
        header = self._text.header(self._columns)
        member = self._path.name.removesuffix(".pgp").removesuffix(".zip")
        with ExitStack() as stack:
            stack.callback(self._partial.unlink, missing_ok=True)
            file = packing(self._partial, self._layout.compression, member=member)
            self._file = self._open.enter_context(file)
            stack.pop_all()
        self._add(header)
        return self

    def write(self, rows: pa.Table | pa.RecordBatch) -> None:
        """Appends rows of string columns; null and "" become empty cells.

        Raises:
            ValueError: The table's columns are not those of the file.
            RefuseFile: A cell holds a character that the encoding lacks.
        """
        table = pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows
        if tuple(table.column_names) != self._columns:
            raise ValueError(f"{self._path.name}: expected columns {self._columns}, found {tuple(table.column_names)}")
        for piece in self._text.lines(table):
            self._add(piece)
        self._rows += len(table)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._open.close()
            if kind is None:
                self._written = self._finish()
        finally:
            self._partial.unlink(missing_ok=True)
            self._sealed.unlink(missing_ok=True)

    def _add(self, piece: bytes) -> None:
        self._plain.update(piece)
        self._file.write(piece)

    def _finish(self) -> WrittenFile:
        packed = sha256_of(self._partial)
        finished, digest = self._partial, packed
        if self._seal is not None:
            self._seal(self._partial, self._sealed, packed)
            finished, digest = self._sealed, sha256_of(self._sealed)
        size = finished.stat().st_size
        finished.replace(self._path)
        return WrittenFile(
            path=self._path,
            name=self._path.name,
            rows=self._rows,
            bytes=size,
            sha256=digest,
            packed_sha256=packed,
            plain_sha256=self._plain.hexdigest(),
            columns=self._columns,
        )


def sha256_of(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
