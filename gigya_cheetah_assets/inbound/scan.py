r"""The exact way through delimited text: one record after the other, every rule in one place.

A cell that begins with a quote ends with the next single quote; a doubled quote in it is one quote, and delimiters
and line ends in it are text. A quote further inside a cell is text. Lines end with LF, CRLF or CR, also mixed.
`blocks` does the same for many clean records at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

TEXT_AFTER_QUOTE = "text_after_quote"
CONTROL_CHARACTER = "control_character"
UNDECODABLE = "undecodable"
LOST_CHARACTER = "lost_character"
TOO_FEW_CELLS = "too_few_cells"
TOO_MANY_CELLS = "too_many_cells"
FIELD_TOO_LONG = "field_too_long"

Unfinished = Literal["more", "quote"]
REPLACEMENT = "\ufffd".encode()
# Line ends stand only inside quotes here, and a tab may be text: both become a space later on.
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_QUOTED = re.compile(rb'"([^"]*+(?:""[^"]*+)*+)"')
_LINE_END = re.compile(rb"\r\n?|\n")


@dataclass(frozen=True, slots=True)
class Record:
    """One record.

    Attributes:
        cells: Its cells, still bytes.
        stop: Where its text ends.
        end: Where the next record begins.
        damaged: The cell, from 0, that goes on after its closing quote; None if none does.
    """

    cells: list[bytes]
    stop: int
    end: int
    damaged: int | None = None


@cache
def _plain(delimiter: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"[^" + re.escape(delimiter) + rb"\r\n]*+")


def scan(data: bytes, start: int, delimiter: bytes, *, final: bool) -> Record | Unfinished:
    """The record that begins at `start`.

    Args:
        data: UTF-8, valid or not.
        start: Where the record begins; before the end of the data unless `final`.
        delimiter: One byte.
        final: Whether nothing follows the data.

    Returns:
        The record, or `quote` when the data ends inside a quoted cell, `more` when it ends before the record does.
    """
    plain, at = _plain(delimiter), start
    cells: list[bytes] = []
    damaged: int | None = None
    while True:
        cell = b""
        if data.startswith(b'"', at):
            quoted = _QUOTED.match(data, at)
            if quoted is None:
                return "quote"
            cell, at = quoted[1].replace(b'""', b'"'), quoted.end()
            if at == len(data) and not final:
                return "quote"
            if not data.startswith((delimiter, b"\r", b"\n"), at) and at < len(data):
                damaged = len(cells) if damaged is None else damaged
        rest = plain.match(data, at)
        if rest is not None:
            cell, at = cell + rest[0], rest.end()
        cells.append(cell)
        if data.startswith(delimiter, at):
            at += 1
            continue
        end = _end(data, at, final=final)
        return "more" if end is None else Record(cells, at, end, damaged)


def _end(data: bytes, at: int, *, final: bool) -> int | None:
    """Where the next record begins, when this one's text ends at `at`; None if that can't be told yet."""
    if at == len(data):
        return at if final else None
    if data.startswith(b"\r\n", at):
        return at + 2
    if data.startswith(b"\r", at) and at + 1 == len(data) and not final:
        return None
    return at + 1


def judged(record: Record, width: int, longest: int) -> tuple[list[str], tuple[int | None, str] | None]:
    """The cells as texts, and what is wrong with the record: the column (from 0, None for the whole) and the reason.

    Args:
        record: The record.
        width: Expected cells; one empty cell behind them is a trailing delimiter and left out.
        longest: Characters that a cell may have.
    """
    cells = record.cells
    if record.damaged is not None:
        return [], (record.damaged, TEXT_AFTER_QUOTE)
    if len(cells) == width + 1 and not cells[-1]:
        cells = cells[:-1]
    if len(cells) != width:
        return [], (None, TOO_FEW_CELLS if len(cells) < width else TOO_MANY_CELLS)
    texts: list[str] = []
    for column, cell in enumerate(cells):
        reason = cell_problem(cell, longest)
        if reason is not None:
            return [], (column, reason)
        texts.append(cell.decode())
    return texts, None


def cell_problem(cell: bytes, longest: int) -> str | None:
    """What is wrong with a cell that may have so many characters; None if nothing is."""
    if _CONTROL.search(cell):
        return CONTROL_CHARACTER
    try:
        length = len(cell.decode())
    except UnicodeDecodeError:
        return UNDECODABLE
    if REPLACEMENT in cell:
        return LOST_CHARACTER
    return FIELD_TOO_LONG if length > longest else None


def is_blank(raw: bytes, delimiter: bytes) -> bool:
    """Whether a line holds nothing but spaces, tabs (unless they delimit) and end-of-file bytes."""
    return not raw.strip(b" \x1a" if delimiter == b"\t" else b" \t\x1a")


def lines_in(data: bytes) -> int:
    """How many line ends there are."""
    if b"\r" not in data:
        return data.count(b"\n")
    return sum(1 for _ in _LINE_END.finditer(data))
