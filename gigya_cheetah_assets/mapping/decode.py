"""Pages of a search -> Arrow tables with the columns that the field table asks for.

How a page is read is in `records`, states and times of consents in `consent`, pages of communications in
`communications`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.gigya import SearchEnvelope
from gigya_cheetah_assets.mapping import consent
from gigya_cheetah_assets.mapping.field_table import IS_LITE, LITE_KEY, FieldTable
from gigya_cheetah_assets.mapping.records import UPDATED, UPDATED_TEXT, RecordDecoder, Records
from gigya_cheetah_assets.mapping.structs import Kind

Decode = Callable[[bytes], tuple[SearchEnvelope, pa.Table]]


def account_decoder(table: FieldTable) -> Decode:
    """Decodes pages FROM accounts into `table.account_schema`; a record without UID is a row without UID."""
    preferences: dict[str, Kind] = dict.fromkeys(table.preference_paths, "preference")
    decoder = RecordDecoder(
        {**_kinds(table, table.plain_paths), **scalars("UID", UPDATED, UPDATED_TEXT), **preferences}
    )

    def decode(body: bytes) -> tuple[SearchEnvelope, pa.Table]:
        envelope, records = decoder.decode(body)
        columns = {
            "UID": known(records.texts("UID")),
            "account": pa.repeat("full", len(records.problems)),
            "updated": records.updated(),
            **_columns(table, records, table.plain_paths),
        }
        for path in table.preference_paths:
            states = consent.preference_columns(records.values[path], table.oldest_documents(path))
            columns[path], columns[f"{path}.at"] = states
        columns["value_errors"] = records.value_errors()
        return envelope, pa.table(columns, schema=table.account_schema)

    return decode


def email_account_decoder(table: FieldTable) -> Decode:
    """Decodes pages FROM emailAccounts into `table.email_account_schema`; a lite account's key is made of its token.

    Where only lite accounts are read, one that registered meanwhile stays one. The plain paths are read for lite
    accounts only, and are null where the table has none.
    """
    own = scalars("UID", "token", "email", "hasFullAccount", "hasLiteAccount", UPDATED, UPDATED_TEXT)
    paths = (*(table.plain_paths if table.lite else ()), *table.subscription_parts)
    subscriptions: dict[str, Kind] = dict.fromkeys(table.subscription_paths, "subscription")
    decoder = RecordDecoder({**_kinds(table, paths), **own, **subscriptions})

    def decode(body: bytes) -> tuple[SearchEnvelope, pa.Table]:
        envelope, records = decoder.decode(body)
        has_full = pc.fill_null(pc.equal(pc.utf8_lower(records.texts("hasFullAccount")), "true"), False)
        is_full = pc.and_(has_full, table.accounts != "lite")
        lite_key = pc.binary_join_element_wise(table.lite_prefix, known(records.texts("token")), "")
        email = known(records.texts("email"))
        columns: dict[str, Any] = {
            "UID": pc.if_else(is_full, known(records.texts("UID")), lite_key),
            "email": email,
            "is_full": is_full,
            "updated": records.updated(),
        }
        if table.both:
            columns[LITE_KEY] = pc.if_else(is_full, lite_key, pa.scalar(None, pa.string()))
            columns[IS_LITE] = pc.equal(pc.utf8_lower(records.texts("hasLiteAccount")), "true")
        for path, field in table.subscription_paths.items():
            columns[path], columns[f"{path}.at"] = consent.subscription_columns(records.values[path], field)
        columns |= _columns(table, records, paths)
        for path in table.plain_paths:
            if path not in columns:
                columns[path] = pa.nulls(len(email), table.account_schema.field(path).type)
        if table.lite:
            path = table.email.paths[0]
            columns[path] = pc.coalesce(columns[path], email)
        columns["value_errors"] = records.value_errors()
        return envelope, pa.table(columns, schema=table.email_account_schema)

    return decode


def scalars(*paths: str) -> dict[str, Kind]:
    """These paths as scalar leaves."""
    return dict.fromkeys(paths, "scalar")


def _kinds(table: FieldTable, paths: Sequence[str]) -> dict[str, Kind]:
    return {path: "array" if path in table.list_paths else "scalar" for path in paths}


def _columns(table: FieldTable, records: Records, paths: Sequence[str]) -> dict[str, pa.Array]:
    return {path: records.lists(path) if path in table.list_paths else records.texts(path) for path in paths}


def known(keys: pa.Array) -> pa.Array:
    """Keys without the empty ones."""
    return pc.if_else(pc.equal(keys, ""), pa.scalar(None, pa.string()), keys)
