"""A JSON lines file as a stream of Arrow tables, as `parse` makes them of a delimited file.

One object a line, flat: texts, numbers, true, false and null. A column that a line lacks, or that is null there, says
nothing (null in the table); an empty text is a blank cell. The file is read twice: which columns there are is known
only at its end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec
import pyarrow as pa

from gigya_cheetah_assets.errors import RefuseFile
from gigya_cheetah_assets.inbound.header import Header, normal
from gigya_cheetah_assets.inbound.parse import LINE, LINE_TOO_LONG, REJECTS, Batch, Shape
from gigya_cheetah_assets.inbound.scan import UNDECODABLE, cell_problem, is_blank
from gigya_cheetah_assets.inbound.text import as_utf8

NOT_AN_OBJECT = "not_an_object"
SAME_NAME_TWICE = "same_name_twice"
NOT_A_TEXT = "not_a_text"
ROWS = 20_000
_NAMES = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _refuse_constant(word: str) -> object:
    raise ValueError(word)


# Numbers stay the texts they are; NaN and Infinity are no JSON.
_VALUES = json.JSONDecoder(
    object_pairs_hook=tuple, parse_int=str, parse_float=str, parse_constant=_refuse_constant, strict=False
)


@dataclass(frozen=True)
class _Line:
    """A line of the file: its number, its bytes (None when it is too long), whether its end is there."""

    number: int
    data: bytes | None
    ended: bool = True


@dataclass
class _Gathered:
    lines: list[int] = field(default_factory=list)
    rows: list[list[str | None]] = field(default_factory=list)
    rejects: list[tuple[int, str | None, str]] = field(default_factory=list)
    blank: int = 0


class JsonParser:
    """Reads one file; the columns at once, the rows with `batches`.

    Args:
        pieces: Gives the file's bytes, unpacked, each time anew.
        shape: How it is written; the delimiter means nothing here.

    Attributes:
        header: All names that occur, in the order in which they come; without a delimiter.

    Raises:
        RefuseFile: There is no object in it, or it has too many columns.
    """

    def __init__(self, pieces: Callable[[], Iterable[bytes]], shape: Shape | None = None) -> None:
        self._pieces = pieces
        self._shape = shape or Shape()
        self.header = self._names()

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[Batch]:
        """The rows in the order of the file, some thousands at a time.

        Args:
            columns: Names of the header; all when None.

        Raises:
            RefuseFile: The last line is cut.
        """
        wanted = list(self.header.names if columns is None else columns)
        found = _Gathered()
        for line in self._lines():
            self._take(line, wanted, found)
            if len(found.rows) + len(found.rejects) >= ROWS:
                yield _batch(found, wanted)
                found = _Gathered()
        if found.rows or found.rejects or found.blank:
            yield _batch(found, wanted)

    def _names(self) -> Header:
        names: dict[str, None] = {}
        objects, first = 0, 1
        for line in self._lines():
            try:
                found = _NAMES.decode(line.data or b"")
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
            first = first if objects else line.number
            objects += 1
            names.update(dict.fromkeys(normal(name) for name in found))
            if len(names) > self._shape.max_columns:
                raise RefuseFile(
                    f"expected at most {self._shape.max_columns} columns, found more",
                    next_step="raise max_columns in inbound_files if that is right",
                )
        if not objects:
            raise RefuseFile(
                "expected JSON lines, found no line with an object",
                next_step="have one object written per line, or set format: delimited for this feed in inbound_files",
            )
        return Header(tuple(names), "", first)

    def _lines(self) -> Iterator[_Line]:
        """The lines, without their ends; memory depends on the longest acceptable one."""
        number, left, longest = 1, b"", self._shape.max_record
        skipping = False
        for piece in as_utf8(self._pieces(), self._shape.encoding):
            *whole, left = (left + piece).split(b"\n")
            for data in whole:
                too_long = skipping or len(data) > longest
                yield _Line(number, None if too_long else data)
                number, skipping = number + 1, False
            if len(left) > longest:
                left, skipping = b"", True
        left = left.rstrip(b"\x1a")
        if left or skipping:
            yield _Line(number, None if skipping else left, ended=False)

    def _take(self, line: _Line, wanted: list[str], found: _Gathered) -> None:
        if line.data is None:
            found.rejects.append((line.number, None, LINE_TOO_LONG))
        elif is_blank(line.data.rstrip(b"\r"), b""):
            found.blank += 1
        else:
            row, problem = _row(line.data, wanted, self._shape.max_field)
            if problem is None:
                found.lines.append(line.number)
                found.rows.append(row)
                return
            if problem[1] == NOT_AN_OBJECT and not line.ended:
                raise RefuseFile(f"the file is cut: line {line.number} has no end", next_step="have it sent again")
            found.rejects.append((line.number, *problem))


def _row(data: bytes, wanted: Sequence[str], longest: int) -> tuple[list[str | None], tuple[str | None, str] | None]:
    """The texts of the wanted columns, and what is wrong: the column (None for the whole) and the reason."""
    try:
        pairs = _VALUES.decode(data.decode())
    except UnicodeDecodeError:
        return [], (None, UNDECODABLE)
    except (ValueError, RecursionError):
        return [], (None, NOT_AN_OBJECT)
    if not isinstance(pairs, tuple):
        return [], (None, NOT_AN_OBJECT)
    texts: dict[str, str | None] = {}
    columns = set(wanted)
    for name, value in pairs:
        column = normal(name)
        # What nobody reads holds nobody up.
        if column not in columns:
            continue
        if column in texts:
            return [], (column, SAME_NAME_TWICE)
        texts[column], problem = _text(value, longest)
        if problem is not None:
            return [], (column, problem)
    return [texts.get(column) for column in wanted], None


def _text(value: object, longest: int) -> tuple[str | None, str | None]:
    """A value as text, or what is wrong with it."""
    if value is None:
        return None, None
    if isinstance(value, bool):
        return str(value).lower(), None
    if not isinstance(value, str):
        return None, NOT_A_TEXT
    try:
        return value, cell_problem(value.encode(), longest)
    except UnicodeEncodeError:
        # Half of a surrogate pair, as an escape.
        return None, UNDECODABLE


def _batch(found: _Gathered, wanted: Sequence[str]) -> Batch:
    columns = zip(*found.rows, strict=True) if found.rows else [()] * len(wanted)
    texts = {name: pa.array(column, pa.string()) for name, column in zip(wanted, columns, strict=True)}
    rejects = pa.Table.from_pylist(
        [{"line": line, "column": column, "reason": reason} for line, column, reason in found.rejects], REJECTS
    )
    return Batch(pa.table({LINE: pa.array(found.lines, pa.int64()), **texts}), rejects, found.blank)
