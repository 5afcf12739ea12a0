"""A row as one text: its cells joined with U+001F, and back. Consents and digests are in modules of their own.

A cell that holds the separator, the escape character or NUL (which no text in PostgreSQL can hold) is escaped, so
every row comes back as it was. Null and "" are the same cell: a CSV file cannot tell them apart either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from gigya_cheetah_assets.ledger.arrow import Texts, pc, texts
from gigya_cheetah_assets.ledger.errors import LedgerDamaged

SEPARATOR = "\x1f"
ESCAPE = "\x1b"
# The escape character goes first when writing and last when reading, else its own traces would be read as escapes.
_ESCAPED = ((ESCAPE, ESCAPE + "e"), (SEPARATOR, ESCAPE + "s"), ("\x00", ESCAPE + "z"))


def encode(table: pa.Table, columns: Sequence[str]) -> Texts:
    """One text a row, of the named string columns in this order."""
    cells = [texts(table.column(name)) for name in columns]
    joined = _joined(cells)
    return _joined([_escape(cell) for cell in cells]) if _needs_escapes(joined, len(cells)) else joined


def decode(row_texts: Texts, columns: Sequence[str]) -> pa.Table:
    """The rows of some texts; a null text is a row of nulls, an empty cell is null.

    Raises:
        LedgerDamaged: A text has another number of cells than there are columns.
    """
    return pa.table([_unescape(cells) for cells in _split(row_texts, len(columns))], names=list(columns))


def cell(row_texts: Texts, columns: Sequence[str], column: str) -> Texts:
    """One column of some texts; null where the text is null or the cell empty, or if there is no such column.

    Raises:
        LedgerDamaged: A text has another number of cells than there are columns.
    """
    if column not in columns:
        return pa.nulls(len(row_texts), pa.string())
    return _unescape(_split(row_texts, len(columns))[columns.index(column)])


def _joined(cells: list[Texts]) -> Texts:
    return pc.binary_join_element_wise(*cells, SEPARATOR, null_handling="replace", null_replacement="")


def _needs_escapes(row_texts: Texts, width: int) -> bool:
    # Looking once through the joined bytes is far cheaper than replacing in every cell.
    size = pc.sum(pc.binary_length(row_texts)).as_py()
    if not size:
        return False
    content = np.frombuffer(row_texts.buffers()[2], dtype=np.uint8)[:size]
    separators = int(np.count_nonzero(content == ord(SEPARATOR)))
    special = bool(np.any(content == ord(ESCAPE)) or np.any(content == 0))
    return special or separators != (width - 1) * len(row_texts)


def _split(row_texts: Texts, width: int) -> list[Texts]:
    """The cells by column, still escaped; null where the text is null."""
    lists = pc.split_pattern(row_texts, SEPARATOR)
    counts = pc.unique(pc.list_value_length(lists).drop_null()).to_pylist()
    if counts not in ([], [width]):
        raise LedgerDamaged(
            f"each row of the ledger should have {width} cells here, found rows with {sorted(counts)}",
            next_step="restore the ledger from a back-up (docs/ledger.md)",
        )
    pieces = lists.flatten()
    known = pc.is_valid(row_texts)
    rank = pc.subtract(pc.cumulative_sum(known.cast(pa.int64())), 1)
    starts: Any = pc.if_else(known, pc.multiply(rank, width), None)
    return [pieces.take(pc.add(starts, index)) for index in range(width)]


def _escape(cells: Texts) -> Texts:
    for plain, escaped in _ESCAPED:
        cells = pc.replace_substring(cells, plain, escaped)
    return cells


def _unescape(cells: Texts) -> Texts:
    if pc.any(pc.match_substring(cells, ESCAPE)).as_py():
        for plain, escaped in reversed(_ESCAPED):
            cells = pc.replace_substring(cells, escaped, plain)
    return pc.if_else(pc.equal(cells, ""), None, cells)
