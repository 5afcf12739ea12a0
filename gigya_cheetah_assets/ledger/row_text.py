"""A row as one text: its cells joined with U+001F, and back. Consents and digests are in modules of their own.

A cell that holds the separator, the escape character or NUL (which PostgreSQL stores in no text) is escaped, so every
row comes back as it was. Null and "" are the same cell: a CSV file cannot tell them apart either.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.ledger.errors import LedgerDamaged

SEPARATOR = "\x1f"
ESCAPE = "\x1b"
# The escape character goes first when writing and last when reading, else its own traces would be read as escapes.
_ESCAPED = ((ESCAPE, ESCAPE + "e"), (SEPARATOR, ESCAPE + "s"), ("\x00", ESCAPE + "z"))


def encode(table: pa.Table, columns: Sequence[str]) -> pa.StringArray:
    """One text a row, of the named string columns in this order."""
    cells = [plain(table.column(name)) for name in columns]
    texts = _joined(cells)
    if _needs_escapes(texts, len(cells)):
        texts = _joined([_escape(cell) for cell in cells])
    return texts


def decode(texts: pa.StringArray, columns: Sequence[str]) -> pa.Table:
    """The rows of some texts; a null text is a row of nulls, an empty cell is null.

    Raises:
        LedgerDamaged: A text has another number of cells than there are columns.
    """
    known = pc.is_valid(texts)
    pieces = _split(texts.filter(known), len(columns))
    places = pc.if_else(known, pc.subtract(pc.cumulative_sum(known.cast(pa.int64())), 1), None)
    arrays = [_cell(pieces, index, len(columns)).take(places) for index in range(len(columns))]
    return pa.table(arrays, names=list(columns))


def cell(texts: pa.StringArray, columns: Sequence[str], column: str) -> pa.StringArray:
    """One column of some texts, without building the others; null where the text is null or the cell empty."""
    if column not in columns:
        return pa.nulls(len(texts), pa.string())
    return decode(texts, columns).column(column).combine_chunks()


def plain(column: pa.ChunkedArray | pa.Array) -> pa.StringArray:
    """A column as one plain string array, whatever chunks or string type it came in."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    return array if array.type == pa.string() else array.cast(pa.string())


def _joined(cells: list[pa.StringArray]) -> pa.StringArray:
    return pc.binary_join_element_wise(*cells, SEPARATOR, null_handling="replace", null_replacement="")


def _needs_escapes(texts: pa.StringArray, width: int) -> bool:
    # Looking once through the joined bytes is far cheaper than replacing in every cell.
    data = texts.buffers()[2]
    if data is None or not len(texts):
        return False
    content = np.frombuffer(data, dtype=np.uint8)[: int(pc.sum(pc.binary_length(texts)).as_py())]
    separators = int(np.count_nonzero(content == ord(SEPARATOR)))
    special = bool(np.any(content == ord(ESCAPE)) or np.any(content == 0))
    return special or separators != (width - 1) * len(texts)


def _escape(cells: pa.StringArray) -> pa.StringArray:
    for plain_text, escaped in _ESCAPED:
        cells = pc.replace_substring(cells, plain_text, escaped)
    return cells


def _split(texts: pa.StringArray, width: int) -> pa.StringArray:
    lists = pc.split_pattern(texts, SEPARATOR)
    lengths = pc.list_value_length(lists)
    if len(texts) and (pc.min(lengths).as_py() != width or pc.max(lengths).as_py() != width):
        raise LedgerDamaged(
            f"a row of the ledger should have {width} cells, found between "
            f"{pc.min(lengths).as_py()} and {pc.max(lengths).as_py()}",
            next_step="restore the ledger from a back-up (docs/ledger.md)",
        )
    return lists.flatten()


def _cell(pieces: pa.StringArray, index: int, width: int) -> pa.StringArray:
    cells = pieces.take(pa.array(np.arange(index, len(pieces), width)))
    if pc.any(pc.match_substring(cells, ESCAPE)).as_py():
        for plain_text, escaped in reversed(_ESCAPED):
            cells = pc.replace_substring(cells, escaped, plain_text)
    return pc.if_else(pc.equal(cells, ""), None, cells)
