"""Whether a record of a file is about one person: by key, or by address where no other key is named beside it."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

_UTF_16 = ("utf-16-le", "utf-16-be")


@dataclass(frozen=True)
class Person:
    """One person.

    Attributes:
        keys: UID, and keys of lite accounts.
        addresses: In lower case.
        key_columns: Names of the columns that hold keys.
    """

    keys: frozenset[str]
    addresses: frozenset[str]
    key_columns: frozenset[str]

    def rows(self, table: pa.Table) -> pa.Array:
        """Which rows of a table are hers; a row that names somebody else's key is not, whatever its address."""
        texts = {
            name: column.combine_chunks()
            for name, column in zip(table.column_names, table.columns, strict=True)
            if pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        }
        named = [column for name, column in texts.items() if name in self.key_columns]
        hers = _any([_in(column, self.keys) for column in texts.values()], len(table))
        other = _any([pc.fill_null(pc.not_equal(column, ""), False) for column in named], len(table))
        lower = [pc.utf8_lower(pc.utf8_trim_whitespace(column)) for column in texts.values()]
        by_address = _any([_in(column, self.addresses) for column in lower], len(table))
        return pc.or_(hers, pc.and_(by_address, pc.invert(other)))

    def addresses_in(self, table: pa.Table) -> set[str]:
        """The addresses that her own rows hold."""
        hers = table.filter(self.rows(table))
        cells = (cell for row in hers.to_pylist() for cell in row.values() if isinstance(cell, str))
        return {cell.strip().lower() for cell in cells if "@" in cell and " " not in cell.strip()}

    def needles(self) -> list[bytes]:
        """What to look for in bytes whose ASCII letters were made small, in every encoding that files come in."""
        words = [word.lower() for word in (*self.keys, *self.addresses) if word]
        return [word.encode(encoding) for word in words for encoding in ("utf-8", *_UTF_16)]


def _in(column: pa.Array, words: frozenset[str]) -> pa.Array:
    return pc.is_in(column, value_set=pa.array(sorted(words), column.type))


def _any(masks: list[pa.Array], length: int) -> pa.Array:
    found = pa.repeat(pa.scalar(False), length)
    for mask in masks:
        found = pc.or_(found, mask)
    return found
