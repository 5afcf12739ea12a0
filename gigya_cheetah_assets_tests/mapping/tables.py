"""Field tables and profiles for the tests of mapping."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from gigya_cheetah_assets.config import FieldConfig, RecordFilter
from gigya_cheetah_assets.mapping import FieldTable, Mapped, account_decoder, email_account_decoder, map_profiles
from gigya_cheetah_assets.mapping.field_table import Accounts

KEY = {"cheetahmail": "GIGYA_UID", "gigya": "UID", "key": True}
EMAIL = {"cheetahmail": "EMAIL", "gigya": "profile.email", "type": "email"}


def table(
    *fields: dict[str, Any], record_filter: tuple[dict[str, Any], ...] = (), accounts: Accounts = "full"
) -> FieldTable:
    """A table with key, address and these fields."""
    configs = tuple(FieldConfig.model_validate(field) for field in (KEY, EMAIL, *fields))
    return FieldTable(configs, tuple(RecordFilter.model_validate(f) for f in record_filter), accounts)


def page(*records: object, **envelope: Any) -> bytes:
    """A search answer."""
    return json.dumps({"errorCode": 0, "results": list(records), **envelope}).encode()


def accounts(fields: FieldTable, *records: object) -> pa.Table:
    """Records as FROM accounts gives them, decoded."""
    return account_decoder(fields)(page(*records))[1]


def emails(fields: FieldTable, *records: object) -> pa.Table:
    """Records as FROM emailAccounts gives them, decoded."""
    return email_account_decoder(fields)(page(*records))[1]


def profiles(fields: FieldTable, *records: dict[str, Any]) -> pa.Table:
    """Accounts with their subscriptions, as the join makes them; UID and address are added where missing."""
    full = [{"UID": f"u{n}", "profile": {"email": f"p{n}@example.org"}, **record} for n, record in enumerate(records)]
    for account in full:
        account["profile"] = {"email": f"{account['UID']}@example.org", **(account["profile"] or {})}
    decoded = accounts(fields, *full)
    consents = emails(fields, *[{**account, "hasFullAccount": True} for account in full])
    for name in fields.profile_schema.names:
        if name not in decoded.column_names:
            decoded = decoded.append_column(name, consents[name])
    return decoded.select(fields.profile_schema.names)


def mapped(fields: FieldTable, *records: dict[str, Any]) -> Mapped:
    """Those profiles, mapped."""
    return map_profiles(fields, profiles(fields, *records))


def cells(field: dict[str, Any], *values: Any) -> list[str | None]:
    """What one column makes of JSON values at `data.x`."""
    fields = table({"cheetahmail": "X", "gigya": "data.x", **field})
    records = [{"data": {"x": value}} for value in values]
    result = mapped(fields, *records)
    return result.rows["X"].to_pylist()


def errors(field: dict[str, Any], *values: Any) -> dict[str, int]:
    """The value errors of one column by reason."""
    fields = table({"cheetahmail": "X", "gigya": "data.x", **field})
    found = mapped(fields, *[{"data": {"x": value}} for value in values]).value_errors
    return {reason: count for (column, reason), count in found.items() if column == "X"}
