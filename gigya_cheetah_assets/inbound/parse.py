"""A delimited file as a stream of Arrow tables: a column `line` and texts, beside them the rows that broke a rule.

Blocks of clean text go the fast way (`blocks`), whatever is odd the exact one (`scan`); both give the same. Memory
depends on the size of a block and of the longest record, not on the file. What the texts mean is for `feeds`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from gigya_cheetah_assets.errors import RefuseFile
from gigya_cheetah_assets.inbound import blocks
from gigya_cheetah_assets.inbound.header import Header, read_header
from gigya_cheetah_assets.inbound.scan import Record, is_blank, judged, lines_in, scan
from gigya_cheetah_assets.inbound.text import as_utf8

LINE = "line"
LINE_TOO_LONG = "line_too_long"
REJECTS = pa.schema([("line", pa.int64()), ("column", pa.string()), ("reason", pa.string())])
BLOCK = 4 << 20


@dataclass(frozen=True)
class Shape:
    """How a file is written and what it may hold.

    Attributes:
        delimiter: One character, or `auto` (see `header.read_header`).
        encoding: A name that Python knows.
        max_columns: More refuse the file.
        max_field: Characters of a cell; a longer one rejects its row.
        max_record: Bytes of a row in UTF-8; a longer one is rejected, and refuses the file when it is inside quotes
            there: the quote is then taken for one that nobody closed.
    """

    delimiter: str = "auto"
    encoding: str = "utf-8"
    max_columns: int = 2000
    max_field: int = 65_536
    max_record: int = 1 << 20


@dataclass(frozen=True)
class Batch:
    """Some of the rows.

    Attributes:
        rows: `line` (int64) and the columns asked for, by line; texts, null only where a JSON line lacks one.
        rejects: line, column (null: the whole row), reason; one a row; by line.
        blank_lines: Lines without anything.
    """

    rows: pa.Table
    rejects: pa.Table
    blank_lines: int = 0


@dataclass
class _Odd:
    """What the exact way gathers."""

    lines: list[int] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    rejects: list[tuple[int, str | None, str]] = field(default_factory=list)
    blank: int = 0


class Parser:
    """Reads one file; the header at once, the rows with `batches`.

    Args:
        pieces: The file's bytes, unpacked.
        shape: How it is written.
        block: Bytes looked at together.

    Attributes:
        header: The header that was found.

    Raises:
        RefuseFile: The header is none, or the encoding is another.
    """

    def __init__(self, pieces: Iterable[bytes], shape: Shape | None = None, *, block: int = BLOCK) -> None:
        self._shape = shape or Shape()
        self._pieces = as_utf8(pieces, self._shape.encoding)
        self._block = block
        self._data, self._line, self._final = b"", 1, False
        self._skipping = False
        self._blank = 0
        self.header: Header = self._header()
        self._delimiter = self.header.delimiter.encode()

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[Batch]:
        """The rows in the order of the file, a block at a time.

        Args:
            columns: Names of the header; all when None.

        Raises:
            RefuseFile: A quote is not closed within the limit of a row; names the line on which it opened.
        """
        wanted = list(self.header.names if columns is None else columns)
        while self._data or not self._final:
            if not self._final:
                self._fill()
            if self._skipping:
                self._skip()
                continue
            if self._data:
                yield self._fast(wanted) or self._exact(wanted)
        if self._blank:
            yield self._batch(_Odd(), wanted)

    def _fill(self) -> None:
        """More data; at the end of the file its end-of-file bytes go and its last line gets an end."""
        gathered, size = [self._data], 0
        while size < self._block:
            piece = next(self._pieces, None)
            if piece is None:
                self._final = True
                break
            gathered.append(piece)
            size += len(piece)
        self._data = b"".join(gathered)
        if self._final:
            self._data = self._data.rstrip(b"\x1a")
            if self._data and not self._data.endswith((b"\n", b"\r")):
                self._data += b"\n"

    def _header(self) -> Header:
        while True:
            self._fill()
            while (end := self._line_end()) is not None:
                first, self._data = self._data[:end], self._data[end:]
                text = first.rstrip(b"\r\n")
                line, self._line = self._line, self._line + 1
                if not is_blank(text, b""):
                    shape = self._shape
                    return read_header(text, line=line, delimiter=shape.delimiter, max_columns=shape.max_columns)
                self._blank += 1
            if self._final or len(self._data) > self._shape.max_record:
                raise RefuseFile(
                    "expected a header, found no line of an acceptable length", next_step="have the export mended"
                )

    def _line_end(self) -> int | None:
        """Where the first line ends, its end included."""
        ends = [at for at in (self._data.find(b"\n"), self._data.find(b"\r")) if at >= 0]
        if not ends:
            return None
        at = min(ends)
        if self._data[at : at + 1] == b"\n" or self._data[at + 1 : at + 2] not in (b"\n", b""):
            return at + 1
        if self._data[at + 1 : at + 2] == b"\n":
            return at + 2
        return at + 1 if self._final else None

    def _fast(self, wanted: list[str]) -> Batch | None:
        shape, data, names = self._shape, self._data, self.header.names
        records = blocks.cut(
            data,
            self._delimiter,
            width=len(names),
            longest=shape.max_field,
            longest_record=shape.max_record,
            final=self._final,
        )
        if records is None:
            return None
        odd = _Odd()
        for at in np.flatnonzero(records.odd).tolist():
            start, end = int(records.starts[at]), int(records.ends[at])
            self._take(data[start:end], scan(data[start:end], 0, self._delimiter, final=True),
                       self._line + int(records.lines[at]), odd)  # fmt: skip
        clean = blocks.clean_table(data, records, names, self.header.delimiter, wanted)
        lines = pa.array(records.lines[~records.odd] + self._line)
        self._line += records.line_ends
        self._data = data[int(records.ends[-1]) :]
        return self._batch(odd, wanted, clean.add_column(0, LINE, lines))

    def _exact(self, wanted: list[str]) -> Batch:
        """Record by record, as far as they are complete."""
        data, at, odd = self._data, 0, _Odd()
        while at < len(data):
            record = scan(data, at, self._delimiter, final=self._final)
            if isinstance(record, Record) and record.stop - at <= self._shape.max_record:
                self._take(data[at : record.end], record, self._line, odd)
                self._line += lines_in(data[at : record.end])
                at = record.end
                continue
            if isinstance(record, Record) or len(data) - at > self._shape.max_record + 1:
                at = self._overlong(data, at, odd)
            elif self._final:
                raise self._unclosed("the file")
            break
        self._data = data[at:]
        return self._batch(odd, wanted)

    def _overlong(self, data: bytes, start: int, odd: _Odd) -> int:
        """Rejects a record beyond the limit and goes on behind the first line end beyond it."""
        limit = start + self._shape.max_record
        if scan(data[start:limit], 0, self._delimiter, final=False) == "quote":
            raise self._unclosed(f"{self._shape.max_record} bytes")
        odd.rejects.append((self._line, None, LINE_TOO_LONG))
        self._line += lines_in(data[start:limit].removesuffix(b"\r"))
        self._skipping = True
        return limit

    def _skip(self) -> None:
        end = self._line_end()
        if end is not None:
            self._data, self._skipping = self._data[end:], False
            self._line += 1
        else:
            self._data = b"\r" if self._data.endswith(b"\r") and not self._final else b""
            self._skipping = not self._final

    def _unclosed(self, where: str) -> RefuseFile:
        return RefuseFile(
            f"a quote in the row that begins on line {self._line} is not closed within {where}",
            next_step="have the export mended; a quote inside a quoted cell must be doubled",
        )

    def _take(self, raw: bytes, record: object, line: int, odd: _Odd) -> None:
        """One record of the exact way: a row, a reject or a blank line."""
        if is_blank(raw.rstrip(b"\r\n"), self._delimiter):
            odd.blank += 1
            return
        if not isinstance(record, Record):
            raise self._unclosed("its row")
        texts, problem = judged(record, len(self.header.names), self._shape.max_field)
        if problem is None:
            odd.lines.append(line)
            odd.rows.append(texts)
            return
        column, reason = problem
        names = self.header.names
        odd.rejects.append((line, names[column] if column is not None and column < len(names) else None, reason))

    def _batch(self, odd: _Odd, wanted: list[str], clean: pa.Table | None = None) -> Batch:
        at = {name: number for number, name in enumerate(self.header.names)}
        rows = pa.table(
            {LINE: pa.array(odd.lines, pa.int64())}
            | {name: pa.array([row[at[name]] for row in odd.rows], pa.string()) for name in wanted}
        )
        if clean is not None:
            rows = pa.concat_tables([clean, rows]).sort_by(LINE) if odd.lines else clean
        rejects = pa.Table.from_pylist(
            [{"line": line, "column": column, "reason": reason} for line, column, reason in odd.rejects], REJECTS
        )
        blank, self._blank = odd.blank + self._blank, 0
        return Batch(rows, rejects, blank)
