"""Sets of many keys in little memory: eight bytes a key, whatever its length."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Texts: TypeAlias = Any
"""A pa.StringArray, in chunks or not."""


class Keys:
    """A set of tuples of texts, by their hash; for this process only, since Python's hash differs from one to the next.

    Of a million keys and a million that are looked for, one is mistaken for another once in twenty million times.
    """

    def __init__(self) -> None:
        self._parts: list[npt.NDArray[np.int64]] = []

    def add(self, *columns: Texts) -> None:
        """Takes a key of each row of some columns."""
        self._parts.append(_hashes(columns))

    def has(self, *columns: Texts) -> npt.NDArray[np.bool_]:
        """Of which rows the key is known."""
        self._parts = [np.unique(np.concatenate(self._parts))] if self._parts else []
        asked = _hashes(columns)
        return np.isin(asked, self._parts[0]) if self._parts else np.zeros(len(asked), np.bool_)


def _hashes(columns: Iterable[Texts]) -> npt.NDArray[np.int64]:
    rows = zip(*(column.to_pylist() for column in columns), strict=True)
    return np.fromiter(map(hash, rows), np.int64)
