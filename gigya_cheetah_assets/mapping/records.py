"""One page's bytes -> the leaves of its records, one typed decode a page.

The types are in `structs`, odd accounts in `repair`, leaves in `leaves`. Which columns a table has is in `decode`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.gigya import SearchEnvelope
from gigya_cheetah_assets.gigya.repair import mended
from gigya_cheetah_assets.mapping import leaves, moments
from gigya_cheetah_assets.mapping.consent import the_one_that_stands
from gigya_cheetah_assets.mapping.repair import repaired
from gigya_cheetah_assets.mapping.structs import Keys, Kind, leaf_values, page_type, tree

UPDATED, UPDATED_TEXT = "lastUpdatedTimestamp", "lastUpdated"
_CHANNEL = "email"


@dataclass
class Records:
    """The leaves of one page.

    Attributes:
        values: By path, one a record; None where the record lacks it.
        problems: For each record the paths that could not be read, or None.
    """

    values: dict[str, list[Any]]
    problems: list[set[str] | None]

    def texts(self, path: str) -> pa.Array:
        """A scalar leaf as canonical text."""
        return self._column(path, leaves.texts(self.values[path]))

    def lists(self, path: str) -> pa.Array:
        """An array leaf as a list of canonical texts."""
        return self._column(path, leaves.lists(self.values[path]))

    def updated(self) -> pa.Array:
        """The last update in epoch ms; null if the record does not tell it in either way."""
        stamps = leaves.milliseconds(self.values[UPDATED])
        if not stamps.null_count or not any(self.values[UPDATED_TEXT]):
            return stamps
        return pc.coalesce(stamps, moments.milliseconds(self.texts(UPDATED_TEXT).to_pylist()))

    def value_errors(self) -> pa.Array:
        """The unreadable paths of each record, comma-joined; ask for it last."""
        return pa.array([",".join(sorted(paths)) if paths else None for paths in self.problems], pa.string())

    def _column(self, path: str, column: leaves.Column) -> pa.Array:
        array, unreadable = column
        for position in unreadable:
            self.problems[position] = {*(self.problems[position] or ()), path}
        return array


class RecordDecoder:
    """Decodes a page's bytes into the leaves of its records.

    Args:
        kinds: Path to kind of leaf; the path of a part of a consent begins with the consent's.
    """

    def __init__(self, kinds: dict[str, Kind]) -> None:
        parts = {path: kind for path, kind in kinds.items() if _within(path, kinds)}
        # What a consent is made of has types of its own, so parts of it that are read too are read once more.
        self._parts = RecordDecoder(parts) if parts else None
        kinds = {path: kind for path, kind in kinds.items() if path not in parts}
        self._kinds = kinds
        self._spellings = {path: spellings(path) for path in kinds}
        self._tree = tree((keys, kinds[path]) for path, ways in self._spellings.items() for keys in ways)
        record: Any = self._tree.type
        self._page = msgspec.json.Decoder(page_type(record))
        self._raw_page = msgspec.json.Decoder(page_type(msgspec.Raw))
        self._one = msgspec.json.Decoder(record)

    def decode(self, body: bytes) -> tuple[SearchEnvelope, Records]:
        """Envelope and records.

        Raises:
            msgspec.DecodeError: The body is no JSON object, or its `results` are no array.
        """
        page, records, problems = self._objects(body)
        found = dict(leaf_values(records, self._tree))
        values = {path: _standing(found, ways, self._kinds[path]) for path, ways in self._spellings.items()}
        if self._parts is not None:
            parts = self._parts.decode(body)[1]
            values |= parts.values
            problems = [
                (one or set()) | (two or set()) or None for one, two in zip(problems, parts.problems, strict=True)
            ]
        return page, Records(values, problems)

    def _objects(self, body: bytes) -> tuple[SearchEnvelope, list[Any], list[set[str] | None]]:
        page: Any
        try:
            page = self._page.decode(body)
        except (msgspec.ValidationError, UnicodeDecodeError):
            page = self._raw(body)
            return page, *self._one_by_one(page.results or [])
        except msgspec.DecodeError:
            # Half a character makes the whole text undecodable.
            better = mended(body)
            if better is body:
                raise
            return self._objects(better)
        records: list[Any] = page.results or []
        return page, records, [None] * len(records)

    def _raw(self, body: bytes) -> Any:
        try:
            return self._raw_page.decode(body)
        except msgspec.DecodeError:
            better = mended(body)
            if better is body:
                raise
            return self._raw_page.decode(better)

    def _one_by_one(self, raws: list[msgspec.Raw]) -> tuple[list[Any], list[set[str] | None]]:
        records: list[Any] = []
        problems: list[set[str] | None] = []
        for raw in raws:
            try:
                records.append(self._one.decode(raw))
                problems.append(None)
            except (msgspec.ValidationError, UnicodeDecodeError):
                record, paths = repaired(bytes(raw), self._tree)
                records.append(record)
                problems.append(set(paths) or None)
        return records, problems


def _within(path: str, kinds: Iterable[str]) -> bool:
    return any(path.startswith(f"{whole}.") for whole in kinds)


def spellings(path: str) -> tuple[Keys, ...]:
    """The ways in which a path may be nested: a dotted subscription id stands flat or nested.

    Both appear (Gigya, Subscriptions object): `{"offers.partner": {"email": …}}` and `{"offers": {"partner": …}}`.
    """
    keys = tuple(path.split("."))
    if keys[0] != "subscriptions" or _CHANNEL not in keys[3:]:
        return (keys,)
    channel = 3 + keys[3:].index(_CHANNEL)
    return ((keys[0], ".".join(keys[1:channel]), *keys[channel:]), keys)


def _standing(found: dict[Keys, list[Any]], ways: tuple[Keys, ...], kind: Kind) -> list[Any]:
    """The values of a path, whichever way they are nested."""
    lists = [found[keys] for keys in ways]
    if len(lists) == 1:
        return lists[0]
    return [_one_of([value for value in values if value is not None], kind) for values in zip(*lists, strict=True)]


def _one_of(values: list[Any], kind: Kind) -> Any:
    if len(values) < 2:
        return values[0] if values else None
    return the_one_that_stands(values) if kind == "subscription" else values[0]
