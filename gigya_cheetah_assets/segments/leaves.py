"""Single conditions on a page of records: a column of truths for each, decoded from the page's bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from gigya_cheetah_assets.gigya.schema import SiteSchema
from gigya_cheetah_assets.grammar.nodes import Single
from gigya_cheetah_assets.mapping.records import RecordDecoder
from gigya_cheetah_assets.segments.evaluate import Truths, column_of


class Leaves:
    """Evaluates single conditions.

    Args:
        singles: The conditions; their columns are named by `names`, in the same order.
        schema: Tells which fields are encrypted.
    """

    def __init__(self, singles: Sequence[Single], schema: SiteSchema) -> None:
        self.singles = tuple(singles)
        self.names = tuple(f"condition {place}" for place in range(len(self.singles)))
        paths = dict.fromkeys(single.path for single in self.singles)
        # A field inside of another one that is read too comes with that one.
        self.select = tuple(path for path in paths if _outer(path, paths) is None)
        self._within = {path: _outer(path, paths) or path for path in paths}
        self._encrypted = {
            path for path in paths if (field := schema.fields.get(path)) is not None and field.search == "encrypted"
        }
        self._decoder = RecordDecoder(dict.fromkeys(self.select, "scalar")) if paths else None

    @property
    def fields(self) -> list[tuple[str, pa.DataType]]:
        """The columns, for a schema."""
        return [(name, pa.bool_()) for name in self.names]

    def columns(self, body: bytes) -> list[pa.Array]:
        """The columns of a page's records."""
        if self._decoder is None:
            return []
        _, records = self._decoder.decode(body)
        return [pa.array(self._truths(records.values, single)) for single in self.singles]

    def add(self, body: bytes, table: pa.Table) -> pa.Table:
        """The table of a page's records with the columns."""
        for name, column in zip(self.names, self.columns(body), strict=True):
            table = table.append_column(name, column)
        return table

    def _truths(self, values: dict[str, list[Any]], single: Single) -> Truths:
        return column_of(single, self._values(values, single.path), encrypted=single.path in self._encrypted)

    def _values(self, values: dict[str, list[Any]], path: str) -> list[Any]:
        outer = self._within[path]
        if outer == path:
            return values[path]
        keys = path.removeprefix(f"{outer}.").split(".")
        return [_inside(value, keys) for value in values[outer]]


def _outer(path: str, paths: dict[str, None]) -> str | None:
    """The outermost of the paths that this one lies in."""
    keys = path.split(".")
    outer = (".".join(keys[:length]) for length in range(1, len(keys)))
    return next((candidate for candidate in outer if candidate in paths), None)


def _inside(value: Any, keys: list[str]) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
