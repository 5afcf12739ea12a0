"""One kind of a window as files of at most `max_rows` rows each; without such a limit it is one file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from gigya_cheetah_assets.cheetahmail.import_file import ImportFileWriter, Seal, WrittenFile
from gigya_cheetah_assets.config.files import ImportFileDefaults


class PartsWriter:
    """Writes numbered files within a `with` block; a part begins with its first row, so without rows there is none.

    Args:
        folder: Where they are written.
        name_of: The name of a part by its number, from 1.
        columns: The columns that every table has, in this order.
        layout: How they are written.
        seal: Encrypts each; see `ImportFileWriter`.
    """

    def __init__(
        self,
        folder: Path,
        name_of: Callable[[int], str],
        columns: Sequence[str],
        layout: ImportFileDefaults,
        *,
        seal: Seal | None = None,
    ) -> None:
        self.written: list[WrittenFile] = []
        self._folder = folder
        self._name_of = name_of
        self._columns = columns
        self._layout = layout
        self._seal = seal
        self._open: ImportFileWriter | None = None
        self._room = 0

    def __enter__(self) -> Self:
        return self

    def write(self, rows: pa.Table) -> None:
        """Appends rows, to as many files as they need; raises as `ImportFileWriter.write`."""
        start = 0
        while start < len(rows):
            part = self._open or self._next()
            taken = rows.slice(start, self._room)
            part.write(taken)
            start += len(taken)
            self._room -= len(taken)
            if not self._room:
                self._end(None, None, None)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end(kind, error, trace)

    def _next(self) -> ImportFileWriter:
        path = self._folder / self._name_of(len(self.written) + 1)
        self._open = ImportFileWriter(path, self._columns, self._layout, seal=self._seal).__enter__()
        # A part that is never full has room for the largest table.
        self._room = self._layout.max_rows or (1 << 62)
        return self._open

    def _end(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        part, self._open = self._open, None
        if part is None:
            return
        part.__exit__(kind, error, trace)
        if kind is None:
            self.written.append(part.written)
