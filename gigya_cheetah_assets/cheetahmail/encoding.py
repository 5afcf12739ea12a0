"""Which texts an encoding cannot hold. Whether such a text is blanked or rejected is decided by the caller."""

from __future__ import annotations

import codecs

import pyarrow as pa


def unencodable(column: pa.ChunkedArray, encoding: str) -> pa.Array:
    """Marks the cells that hold a character which the encoding lacks.

    Args:
        column: Texts; null counts as encodable.
        encoding: A name that Python knows, such as cp1252.

    Returns:
        Booleans, one a cell.
    """
    # Arrow's strings are valid UTF-8, so any encoding of all of Unicode holds them.
    if not len(column) or codecs.lookup(encoding).name.startswith(("utf-", "gb18030")):
        return pa.array([False] * len(column), pa.bool_())
    texts = column.to_pylist()
    # One call for all is the common case: no cell breaks.
    if fits("".join(text for text in texts if text), encoding):
        return pa.array([False] * len(texts), pa.bool_())
    return pa.array([bool(text) and not fits(text, encoding) for text in texts], pa.bool_())


def fits(text: str, encoding: str) -> bool:
    """Whether an encoding has all characters of a text."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
