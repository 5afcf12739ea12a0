"""CRC-32 of many texts at once: the hash that spreads people evenly and that their stable order begins with."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Hashes = npt.NDArray[np.uint32]
# Below these many texts, and beyond that length, one call a text is quicker.
_MANY = 1_000
_LONG = 128


def crc32s(texts: pa.Array | pa.ChunkedArray) -> Hashes:
    """CRC-32 of each text's UTF-8 bytes, as `zlib.crc32` gives it; that of null is that of "".

    Byte by byte over all texts together: a sixth of the time of a call for each.
    """
    array: Any = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    if len(array) < _MANY:
        return np.fromiter((crc32((text or "").encode()) for text in array.to_pylist()), np.uint32, len(array))
    offsets, data = _bytes(array)
    lengths = np.diff(offsets)
    # The longest first, so that those who still have a byte at some position are the first ones.
    order = np.argsort(-lengths, kind="stable")
    starts, ends = offsets[:-1][order], lengths[order]
    found = np.full(len(array), 0xFFFFFFFF, np.uint32)
    for position in range(min(int(ends[0]), _LONG)):
        count = int(np.searchsorted(-ends, -position))
        part = found[:count]
        found[:count] = _TABLE[(part ^ data[starts[:count] + position]) & 0xFF] ^ (part >> 8)
    result = np.empty_like(found)
    result[order] = ~found
    for place in np.flatnonzero(lengths > _LONG):
        result[place] = crc32(data[offsets[place] : offsets[place + 1]].tobytes())
    return result


def _bytes(array: Any) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Where each text begins, with the end of the last one, and the bytes of all."""
    _, offsets, data = array.buffers()
    bounds = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1].astype(np.int64)
    return bounds, np.frombuffer(data if data is not None else b"", np.uint8)


def _table() -> Hashes:
    values = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        values = np.where(values & 1, (values >> 1) ^ np.uint32(0xEDB88320), values >> 1)
    return values


_TABLE = _table()
