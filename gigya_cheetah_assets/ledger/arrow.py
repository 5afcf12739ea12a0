"""Names for the arrays that this package hands around, and pyarrow's functions without their types.

The stubs of pyarrow refuse much that the functions take (a plain text or None as an operand, chunked and plain
arrays side by side), and know results as arrays of anything. So the names here say what an array holds, for
people; frames are typed as `pa.Table`, and tests hold the rest.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as _compute

pc: Any = _compute
Texts: TypeAlias = Any
"""A pa.StringArray."""
Numbers: TypeAlias = Any
"""A pa.Int64Array."""
Flags: TypeAlias = Any
"""A pa.BooleanArray."""
Digests: TypeAlias = Any
"""A pa.FixedSizeBinaryArray."""
Mask: TypeAlias = npt.NDArray[np.bool_]
"""A condition as numpy has it."""


def mask(condition: Flags) -> Mask:
    """A condition as numpy has it; null is False."""
    made: Mask = pc.fill_null(condition, False).to_numpy(zero_copy_only=False)
    return made


def places(condition: Mask) -> Any:
    """Where a condition holds, for `take`."""
    return pa.array(np.flatnonzero(condition))


def column(table: pa.Table, name: str) -> Any:
    """A column of a frame as one array, not in chunks."""
    return whole(table.column(name))


def whole(array: Any) -> Any:
    """An array or a chunked array as one array."""
    if not isinstance(array, pa.ChunkedArray):
        return array
    combined: Any = array.combine_chunks()
    if not isinstance(combined, pa.ChunkedArray):
        return combined
    return pa.concat_arrays(combined.chunks)


def texts(array: Any) -> Texts:
    """An array or chunked array of any string type as one pa.StringArray."""
    combined = whole(array)
    return combined if combined.type == pa.string() else combined.cast(pa.string())
