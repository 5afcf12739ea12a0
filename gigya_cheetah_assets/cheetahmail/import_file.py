"""Writing one import file: locally, whole or not at all, and the same bytes for the same rows.

Which bytes a row becomes is in `delimited`; delivering the file is `staging`'s matter.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import pyarrow as pa
from isal import igzip

from gigya_cheetah_assets.cheetahmail.delimited import DelimitedText
from gigya_cheetah_assets.config.files import ImportFileDefaults
from gigya_cheetah_assets.errors import ConfigError

# About 11 times as fast as zlib's level 6, and 10 % larger.
_GZIP_LEVEL = 2
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class WrittenFile:
    """A finished import file.

    Attributes:
        path: Where it is.
        name: Its name.
        rows: Data rows, the header not counted.
        bytes: Its size, compressed as it is.
        sha256: Of these bytes, in hex.
        columns: Its columns in order.
    """

    path: Path
    name: str
    rows: int
    bytes: int
    sha256: str
    columns: tuple[str, ...]


class ImportFileWriter:
    """Writes one file within a `with` block; if the block raises, nothing is left of it.

    Without any row the file still comes into being, with its header alone.

    Args:
        path: The file's final path; its folder exists.
        columns: The columns that every table has, in this order.
        layout: How it is written.

    Raises:
        ConfigError: The layout asks for what cannot be written: a strange delimiter, or encryption.
    """

    def __init__(self, path: Path, columns: Sequence[str], layout: ImportFileDefaults) -> None:
        if layout.pgp is not None:
            raise ConfigError(
                [f"{path.name}: expected no pgp key, because files are not encrypted by this version"],
                next_step="take pgp out of import_files",
            )
        self._path = path
        self._columns = tuple(columns)
        self._layout = layout
        self._text = DelimitedText(layout)
        self._partial = path.with_name(f".{path.name}.part")
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
        with ExitStack() as stack:
            stack.callback(self._partial.unlink, missing_ok=True)
            self._file = self._open.enter_context(_compressing(self._partial, self._path.name, self._layout))
            stack.pop_all()
        self._file.write(header)
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
            self._file.write(piece)
        self._rows += len(table)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._open.close()
            if kind is None:
                self._written = self._describe()
                self._partial.replace(self._path)
        finally:
            self._partial.unlink(missing_ok=True)

    def _describe(self) -> WrittenFile:
        with self._partial.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
        return WrittenFile(self._path, self._path.name, self._rows, size, digest, self._columns)


@contextmanager
def _compressing(partial: Path, name: str, layout: ImportFileDefaults) -> Iterator[IO[bytes]]:
    """The opened file behind its compression, whose headers carry neither a clock time nor a folder."""
    # A file that a kill left is removed and not reused: it may have another mode.
    partial.unlink(missing_ok=True)
    with ExitStack() as stack:
        file = stack.enter_context(os.fdopen(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "wb"))
        if layout.compression == "gzip":
            make: Any = igzip.IGzipFile  # isal ships no types
            yield stack.enter_context(make(filename="", mode="wb", compresslevel=_GZIP_LEVEL, fileobj=file, mtime=0))
        elif layout.compression == "zip":
            archive = stack.enter_context(zipfile.ZipFile(file, "w"))
            yield stack.enter_context(archive.open(_member(name), "w", force_zip64=True))
        else:
            yield file


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name.removesuffix(".zip"), _ZIP_DATE)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.create_system = 3
    member.external_attr = 0o600 << 16
    return member
