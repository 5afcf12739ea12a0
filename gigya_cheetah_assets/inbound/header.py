"""The header: which delimiter, which columns, and which of them are the ones that are wanted.

Names are compared trimmed and in upper case. No message shows a name that was not asked for: a file without a header
begins with a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gigya_cheetah_assets.errors import RefuseFile
from gigya_cheetah_assets.inbound.scan import Record, scan

CANDIDATES = (",", "|", ";", "\t")
_WORDS = {",": "comma", "|": "pipe", ";": "semicolon", "\t": "tab"}
# What a person cannot see, but an export may put around a name.
_INVISIBLE = " \t\u00a0\u200b\u200c\u200d\u2060\ufeff\x1a"


@dataclass(frozen=True)
class Header:
    """The header of a file.

    Attributes:
        names: Trimmed, in upper case, in the order of the file; without the nameless column of a trailing delimiter.
        delimiter: As declared, or as found.
        line: Its line.
    """

    names: tuple[str, ...]
    delimiter: str
    line: int = 1


def read_header(text: bytes, *, line: int, delimiter: str, max_columns: int) -> Header:
    """The header in the first line of a file.

    Args:
        text: That line, with or without its end.
        line: Its number.
        delimiter: One character, or `auto` for the only one of comma, pipe, semicolon and tab that it holds.
        max_columns: More columns refuse the file.

    Raises:
        RefuseFile: No or several delimiters fit, there is one column only, a name is missing or stands twice, or the
            line is no text.
    """
    found = [mark for mark in CANDIDATES if _divides(text, mark)]
    if delimiter == "auto":
        if len(found) > 1:
            raise RefuseFile(
                f"expected one delimiter in the header on line {line}, found {_named(found)}",
                next_step="set delimiter of this feed in inbound_files",
            )
        delimiter = found[0] if found else ","
    cells = _cells(text, delimiter, line)
    if len(cells) < 2:
        other = f"; the header holds {_named(found)}" if found else ""
        raise RefuseFile(
            f"expected several columns divided by {_named([delimiter])} on line {line}, found one column{other}",
            next_step="set delimiter of this feed in inbound_files, or have the export mended",
        )
    names = tuple(normal(cell) for cell in _decoded(cells, line))
    names = names[:-1] if not names[-1] else names
    _check(names, line, max_columns)
    return Header(names, delimiter, line)


def normal(name: str) -> str:
    """A column's name as names are compared."""
    return name.strip(_INVISIBLE).upper()


def resolved(header: Header, aliases: Mapping[str, Sequence[str]], required: Iterable[str]) -> dict[str, str]:
    """Canonical column to the header's name for it; columns that the file lacks are left out.

    The canonical name itself comes first, then the aliases in their order.

    Raises:
        RefuseFile: A required column is missing.
    """
    there = set(header.names)
    found: dict[str, str] = {}
    for canonical, others in aliases.items():
        names = (normal(name) for name in (canonical, *others))
        name = next((name for name in names if name in there), None)
        if name is not None:
            found[canonical] = name
    missing = [name for name in required if name not in found]
    if missing:
        wanted = "; ".join(" or ".join((name, *aliases[name])) for name in missing)
        raise RefuseFile(
            f"expected a column {wanted} in the header on line {header.line},"
            f" found {len(header.names)} columns, known of them: {', '.join(found.values()) or 'none'}",
            next_step="add the column to the export, or its name to aliases of this feed in inbound_files",
        )
    return found


def _divides(text: bytes, delimiter: str) -> bool:
    record = scan(text, 0, delimiter.encode(), final=True)
    return isinstance(record, Record) and record.damaged is None and len(record.cells) > 1


def _cells(text: bytes, delimiter: str, line: int) -> list[bytes]:
    record = scan(text, 0, delimiter.encode(), final=True)
    if not isinstance(record, Record) or record.damaged is not None:
        raise RefuseFile(
            f"expected a header on line {line}, found a quote that is not closed there",
            next_step="have the export mended",
        )
    return record.cells


def _decoded(cells: list[bytes], line: int) -> list[str]:
    try:
        return [cell.decode() for cell in cells]
    except UnicodeDecodeError as error:
        raise RefuseFile(
            f"the header on line {line} is not in the declared encoding",
            next_step="set encoding of this feed in inbound_files",
        ) from error


def _check(names: tuple[str, ...], line: int, max_columns: int) -> None:
    if len(names) > max_columns:
        raise RefuseFile(
            f"expected at most {max_columns} columns, found {len(names)}",
            next_step="raise max_columns in inbound_files if that is right",
        )
    nameless = [str(number) for number, name in enumerate(names, 1) if not name]
    if nameless:
        raise RefuseFile(
            f"expected a name for every column on line {line}, found none for column {', '.join(nameless[:5])}",
            next_step="have the export mended",
        )
    places: dict[str, list[str]] = {}
    for number, name in enumerate(names, 1):
        places.setdefault(name, []).append(str(number))
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        where = "; ".join(" and ".join(places[name]) for name in twice[:5])
        raise RefuseFile(
            f"expected every column once on line {line}, letter case aside; the same name stands in columns {where}",
            next_step="have the export mended",
        )


def _named(delimiters: list[str]) -> str:
    return " and ".join(_WORDS.get(mark, repr(mark)) for mark in delimiters)
