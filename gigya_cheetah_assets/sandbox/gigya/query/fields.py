"""Where a field of the search language lives in the database: a column, or a path inside a JSON document.

Which fields are encrypted is Gigya's default (Gigya, accounts.search, encrypted fields): of those only equality is
known to the index.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Source = Literal["accounts", "emailAccounts", "communications", "auditLog"]
Kind = Literal["text", "number", "moment", "flag"]

_PERSONAL = ("email", "username", "firstName", "lastName", "zip", "country", "gender")
ENCRYPTED = frozenset([f"profile.{name}" for name in _PERSONAL]) | {"email", "loginIDs.emails", "loginIDs.username"}
# Kept, but unknown to the index: Gigya, encrypted fields that are not searchable.
NEVER_SEARCHED = frozenset(["data.passport"])


@dataclass(frozen=True)
class Column:
    """A column of the source's table, and what its values are."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class Document:
    """A place in a JSON document.

    Attributes:
        text: SQL that gives the document.
        paths: SQLite's JSON paths; a dotted subscription id may be one flat key or nested objects.
    """

    text: str
    paths: tuple[str, ...]


_BOTH = {
    "UID": Column("uid", "text"),
    "token": Column("token", "text"),
    "profile.email": Column("email", "text"),
    "createdTimestamp": Column("created", "number"),
    "created": Column("created", "moment"),
    "hasFullAccount": Column("is_full", "flag"),
    "hasLiteAccount": Column("has_lite", "flag"),
}
COLUMNS: dict[Source, dict[str, Column]] = {
    "accounts": {
        **_BOTH,
        "lastUpdatedTimestamp": Column("updated", "number"),
        "lastUpdated": Column("updated", "moment"),
        "lastLoginTimestamp": Column("logged_in", "number"),
        "lastLogin": Column("logged_in", "moment"),
        "isRegistered": Column("is_registered", "flag"),
        "isActive": Column("is_active", "flag"),
        "isVerified": Column("is_verified", "flag"),
    },
    "emailAccounts": {
        **_BOTH,
        "email": Column("email", "text"),
        "lastUpdatedTimestamp": Column("email_updated", "number"),
        "lastUpdated": Column("email_updated", "moment"),
    },
    "communications": {
        "UID": Column("uid", "text"),
        "topicId": Column("topic", "text"),
        "channelId": Column("channel", "text"),
        "status": Column("status", "text"),
        "timestamp": Column("at", "moment"),
    },
    "auditLog": {
        "@timestamp": Column("at", "moment"),
        "endpoint": Column("endpoint", "text"),
        "uid": Column("uid", "text"),
        "errCode": Column("err_code", "text"),
    },
}
# The parts of an account as stored: see sandbox.gigya.rows.
_SHARED = """'{"":0' || shared || '}'"""
_SUBSCRIPTIONS = """'{"":0' || subscriptions || '}'"""
_HEADS: dict[Source, str] = {
    "accounts": "'{' || account || '}'",
    "emailAccounts": "'{' || email_account || '}'",
    "communications": "document",
    "auditLog": "content",
}


def locate(source: Source, path: str) -> Column | Document:
    """The place of a field; one that exists nowhere is simply absent in every document."""
    column = COLUMNS[source].get(path)
    if column is not None:
        return column
    paths = tuple("$" + "".join(f'."{segment}"' for segment in variant) for variant in variants(path))
    top = "" if source in ("auditLog", "communications") else path.split(".", 1)[0]
    if top in ("profile", "data"):
        return Document(_SHARED, paths)
    if top == "subscriptions":
        # Gigya, accounts.search: FROM accounts does not return subscriptions.
        return Document(_SUBSCRIPTIONS if source == "emailAccounts" else "'{}'", paths)
    return Document(_HEADS[source], paths)


def variants(path: str) -> list[tuple[str, ...]]:
    """The keys to go through: nested, and for a dotted subscription id also with the id as one key.

    Gigya, subscriptions object: `"jun4th.a001"` is seen as one flat key and as nested objects.
    """
    keys = tuple(path.split("."))
    if keys[0] != "subscriptions" or len(keys) < 3:
        return [keys]
    end = keys.index("email", 2) if "email" in keys[2:] else len(keys)
    flat = (keys[0], ".".join(keys[1:end]), *keys[end:])
    return [keys] if flat == keys else [keys, flat]
