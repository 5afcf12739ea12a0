"""The fields that a site has, by the names that queries know: what may be asked of each, and what consents must be to.

Source: Gigya, accounts.getSchema; search, encrypted fields. Top-level fields are in no schema of a site, so those that
search documents stand here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import nan
from typing import Any, Literal

import msgspec

from gigya_cheetah_assets.gigya.client import GigyaClient
from gigya_cheetah_assets.gigya.envelope import Envelope, envelope_only

Kind = Literal["text", "number", "date", "flag"]
Search = Literal["full", "encrypted", "never"]
_PARTS = {
    "profileSchema": "profile",
    "dataSchema": "data",
    "subscriptionsSchema": "subscriptions",
    "preferencesSchema": "preferences",
}
_KINDS: dict[str, Kind] = {
    "integer": "number", "long": "number", "float": "number", "date": "date", "boolean": "flag",
    "string": "text", "basic-string": "text", "text": "text", "binary": "text",
}  # fmt: skip
# What lies below a field of these types.
_BELOW: dict[str, dict[str, Kind]] = {
    "subscription": {
        "isSubscribed": "flag", "lastUpdatedSubscriptionState": "date", "tags": "text", "doubleOptIn.status": "text",
        "doubleOptIn.emailSentTime": "date", "doubleOptIn.confirmTime": "date",
    },
    "consent": {
        "isConsentGranted": "flag", "docVersion": "number", "docDate": "date", "lang": "text", "tags": "text",
        "lastConsentModified": "date", "actionTimestamp": "date", "entitlements": "text",
    },
}  # fmt: skip
_TIMES = ("created", "lastUpdated", "lastLogin", "registered", "verified", "oldestDataUpdated")
_TEXTS = ("UID", "loginProvider", "socialProviders", "regSource", "lang", "phoneNumber", "emails.verified")
_PLACES = ("lastLoginLocation.country", "lastLoginLocation.state", "lastLoginLocation.city")
_FLAGS = ("isActive", "isRegistered", "isVerified", "isLockedOut", "hasFullAccount", "hasLiteAccount")
_TOP_LEVEL: dict[str, Kind] = {
    **dict.fromkeys((*_TEXTS, *_PLACES, "emails.unverified"), "text"),
    **dict.fromkeys(_TIMES, "date"),
    **dict.fromkeys((f"{name}Timestamp" for name in _TIMES), "number"),
    **dict.fromkeys(_FLAGS, "flag"),
}
# Encrypted on every site, whatever its schema says of profile.email.
_LOGIN_IDS = ("loginIDs.emails", "loginIDs.username", "loginIDs.unverifiedEmails")


@dataclass(frozen=True)
class SiteField:
    """What is known of a field.

    Attributes:
        kind: What its values are.
        search: `full`; `encrypted`: only equality; `never`: it cannot be queried.
    """

    kind: Kind
    search: Search = "full"


@dataclass(frozen=True)
class SiteSchema:
    """All fields of a site by path."""

    fields: Mapping[str, SiteField]

    def is_object(self, path: str) -> bool:
        """Whether a path is no field itself but holds fields."""
        return path not in self.fields and any(name.startswith(f"{path}.") for name in self.fields)


def get_schema(client: GigyaClient) -> SiteSchema:
    """Asks the site for its schema.

    Raises:
        GigyaCheetahError: As `GigyaClient.call`.
    """
    params = {"include": ",".join(_PARTS), "filter": "full"}
    return schema_of(client.call("accounts.getSchema", params, _as_dict))


def schema_of(answer: Mapping[str, Any]) -> SiteSchema:
    """The schema of an answer of accounts.getSchema."""
    fields = {name: SiteField(kind) for name, kind in _TOP_LEVEL.items()}
    fields |= {name: SiteField("text", "encrypted") for name in _LOGIN_IDS}
    for part, top in _PARTS.items():
        for path, settings in _settings((answer.get(part) or {}).get("fields") or {}, top):
            fields |= _fields(path, settings)
    return SiteSchema(fields)


@dataclass(frozen=True)
class OldestDocument:
    """The oldest document to which a consent statement still is valid consent.

    Attributes:
        version: Its version; NaN where nobody can read it, so that no document is as new.
        date: Its date, ISO 8601.
    """

    version: float | None = None
    date: str | None = None

    @property
    def in_words(self) -> str:
        """Such as `version 2.0 or newer`."""
        told = [("version", self.version), ("a document of", self.date)]
        return ", ".join(f"{what} {least} or newer" for what, least in told if least is not None)


def get_oldest_documents(client: GigyaClient) -> dict[str, OldestDocument]:
    """What the site asks of its consent statements, by path (`preferences.…`); of which it asks nothing is not there.

    Source: Gigya, accounts.getSchema: minDocVersion and minDocDate are the lowest that a user can have consented to and
    still have a valid consent.

    Raises:
        GigyaCheetahError: As `GigyaClient.call`.
    """
    answer = client.call("accounts.getSchema", {"include": "preferencesSchema", "filter": "full"}, _as_dict)
    fields = (answer.get("preferencesSchema") or {}).get("fields") or {}
    found = {path: _oldest(settings) for path, settings in _settings(fields, "preferences")}
    return {path: oldest for path, oldest in found.items() if oldest != OldestDocument()}


def _oldest(settings: Mapping[str, Any]) -> OldestDocument:
    version, date = settings.get("minDocVersion"), settings.get("minDocDate")
    return OldestDocument(None if version is None else _number(version), None if date is None else str(date))


def _number(value: object) -> float:
    with suppress(ValueError):
        return float(str(value))
    return nan


def _settings(node: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The settings of each field; names stand dotted or nested."""
    for name, inner in node.items():
        if not isinstance(inner, dict):
            continue
        # A field may itself be called "type": then it holds settings, and is no text.
        if isinstance(inner.get("type"), str):
            yield f"{path}.{name}", inner
        else:
            yield from _settings(inner, f"{path}.{name}")


def _fields(path: str, settings: Mapping[str, Any]) -> dict[str, SiteField]:
    below = _BELOW.get(settings["type"])
    if below is not None:
        return {f"{path}.{name}": SiteField(kind) for name, kind in below.items()}
    return {path: SiteField(_KINDS.get(settings["type"], "text"), _search(settings.get("encrypt")))}


def _search(encrypt: object) -> Search:
    if not encrypt:
        return "full"
    return "encrypted" if encrypt == "AES" else "never"


def _as_dict(body: bytes) -> tuple[Envelope, dict[str, Any]]:
    return envelope_only(body)[0], msgspec.json.decode(body, type=dict[str, Any])
