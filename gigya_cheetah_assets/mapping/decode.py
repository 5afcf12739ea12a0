"""Pages of a search -> Arrow tables, only the wanted fields, one typed decode a page.

The types are in `structs`, odd accounts in `repair`, states and times of subscriptions in `consent`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import chain
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.gigya import SearchEnvelope
from gigya_cheetah_assets.mapping import consent
from gigya_cheetah_assets.mapping.field_table import FieldTable
from gigya_cheetah_assets.mapping.repair import leaf, repaired
from gigya_cheetah_assets.mapping.structs import Keys, leaf_values, page_type, record_type, tree

Decode = Callable[[bytes], tuple[SearchEnvelope, pa.Table]]
_SCALARS = {str, int, float, bool, type(None)}
_EMAIL_ACCOUNT_FLAGS = ("token", "email", "hasFullAccount", "hasLiteAccount")


class RecordDecoder:
    """Decodes a page's bytes into the leaves of its records.

    Args:
        leaves: Path to kind: `scalar`, `array` or `subscription`.
    """

    def __init__(self, leaves: dict[str, str]) -> None:
        self._leaves = leaves
        self._spellings = {path: _spellings(path, kind) for path, kind in leaves.items()}
        self._tree = tree((keys, leaves[path]) for path, ways in self._spellings.items() for keys in ways)
        self._record = record_type(self._tree)
        self._page = msgspec.json.Decoder(page_type(self._record))
        self._raw_page = msgspec.json.Decoder(page_type(msgspec.Raw))
        self._one = msgspec.json.Decoder(self._record)

    def decode(self, body: bytes) -> tuple[SearchEnvelope, dict[str, list[Any]], list[str | None]]:
        """Envelope, values by path (one a record) and the paths that could not be read (comma-joined, or None).

        Raises:
            msgspec.DecodeError: The body is no JSON object.
        """
        try:
            page: Any = self._page.decode(body)
            records: list[Any] = page.results or []
            errors: list[str | None] = [None] * len(records)
        except msgspec.ValidationError:
            page = self._raw_page.decode(body)
            records, errors = self._one_by_one(page.results or [])
        found = dict(leaf_values(records, self._tree))
        values = {path: _first(found, ways) for path, ways in self._spellings.items()}
        for path, kind in self._leaves.items():
            if kind != "subscription":
                _mend_leaves(path, kind, values, errors)
        return page, values, errors

    def _one_by_one(self, raws: list[msgspec.Raw]) -> tuple[list[Any], list[str | None]]:
        records: list[Any] = []
        errors: list[str | None] = []
        for raw in raws:
            try:
                records.append(self._one.decode(raw))
                errors.append(None)
            except msgspec.ValidationError:
                record, paths = repaired(bytes(raw), self._tree, self._record)
                records.append(record)
                errors.append(",".join(sorted(paths)) or None)
        return records, errors


def account_decoder(table: FieldTable) -> Decode:
    """Decodes pages FROM accounts into `table.account_schema`."""
    decoder = RecordDecoder({"UID": "scalar", "lastUpdatedTimestamp": "scalar", **_plain_leaves(table)})

    def decode(body: bytes) -> tuple[SearchEnvelope, pa.Table]:
        envelope, values, errors = decoder.decode(body)
        columns = {
            "UID": _texts(values["UID"]),
            "account": pa.repeat("full", len(errors)),
            "updated": consent.milliseconds_of(values["lastUpdatedTimestamp"]),
            **_plain_columns(table, values),
            "value_errors": pa.array(errors, pa.string()),
        }
        return envelope, pa.table(columns, schema=table.account_schema)

    return decode


def email_account_decoder(table: FieldTable) -> Decode:
    """Decodes pages FROM emailAccounts into `table.email_account_schema`; a lite account's key is its token."""
    leaves = dict.fromkeys(("UID", "lastUpdatedTimestamp", *_EMAIL_ACCOUNT_FLAGS), "scalar")
    leaves |= dict.fromkeys(table.subscription_paths, "subscription")
    decoder = RecordDecoder({**(_plain_leaves(table) if table.lite else {}), **leaves})

    def decode(body: bytes) -> tuple[SearchEnvelope, pa.Table]:
        envelope, values, errors = decoder.decode(body)
        is_full = pc.equal(pc.fill_null(_texts(values["hasFullAccount"]), "false"), "true")
        email = _texts(values["email"])
        columns: dict[str, Any] = {
            "UID": pc.if_else(is_full, _texts(values["UID"]), _texts(values["token"])),
            "email": email,
            "is_full": is_full,
            "updated": consent.milliseconds_of(values["lastUpdatedTimestamp"]),
        }
        for path, field in table.subscription_paths.items():
            columns[path], columns[f"{path}.at"] = consent.columns(values[path], field)
        columns |= _plain_columns(table, values, rows=len(errors))
        if table.lite:
            path = table.email.paths[0]
            columns[path] = pc.coalesce(columns[path], email)
        columns["value_errors"] = pa.array(errors, pa.string())
        return envelope, pa.table(columns, schema=table.email_account_schema)

    return decode


def canonical(value: Any) -> str | None:
    """A JSON scalar as text: 17 and 17.0 are "17", true is "true"; no exponent and no trailing zeros."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
    return str(value)


def _mend_leaves(path: str, kind: str, values: dict[str, list[Any]], errors: list[str | None]) -> None:
    """Mends the leaves of one path that are no scalars (or arrays of them); nearly always there are none."""
    column = values[path]
    kinds = set(map(type, column))
    if kind == "array" and list in kinds:
        kinds |= set(map(type, chain.from_iterable(value for value in column if type(value) is list)))
        kinds.discard(list)
    if kinds <= _SCALARS:
        return
    values[path] = mended = list(column)
    for number, value in enumerate(column):
        mended[number], fine = leaf(kind, value)
        if not fine:
            errors[number] = ",".join(sorted({*(errors[number] or path).split(","), path}))


def _spellings(path: str, kind: str) -> tuple[Keys, ...]:
    """The ways in which a path may be nested: a dotted subscription id stands flat or nested."""
    keys = tuple(path.split("."))
    if kind == "subscription" and len(keys) > 3:
        return ((keys[0], ".".join(keys[1:-1]), keys[-1]), keys)
    return (keys,)


def _first(found: dict[Keys, list[Any]], ways: Iterable[Keys]) -> list[Any]:
    lists = [found[keys] for keys in ways if keys in found]
    if len(lists) == 1:
        return lists[0]
    return [next((value for value in values if value is not None), None) for values in zip(*lists, strict=True)]


def _plain_leaves(table: FieldTable) -> dict[str, str]:
    return {path: "array" if path in table.list_paths else "scalar" for path in table.plain_paths}


def _plain_columns(table: FieldTable, values: dict[str, list[Any]], rows: int = 0) -> dict[str, pa.Array]:
    columns: dict[str, pa.Array] = {}
    for path in table.plain_paths:
        kind = table.account_schema.field(path).type
        if path not in values:
            columns[path] = pa.nulls(rows, kind)
        else:
            columns[path] = _lists(values[path]) if path in table.list_paths else _texts(values[path])
    return columns


def _texts(values: list[Any]) -> pa.Array:
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        return pa.array([canonical(value) for value in values], pa.string())


def _lists(values: list[Any]) -> pa.Array:
    """Arrays of texts without empty elements; a scalar counts as an array of one."""
    items = [value if isinstance(value, list) or value is None else [value] for value in values]
    texts = [None if item is None else [canonical(v) for v in item if v is not None] for item in items]
    return pa.array(texts, pa.list_(pa.string()))
