"""accounts.getSchema: the fields of the sandbox's people, the encrypted ones marked as real sites mark them.

Source: Gigya, accounts.getSchema. The schema does not follow what accounts are given later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gigya_cheetah_assets.sandbox.gigya.query.fields import ENCRYPTED, NEVER_SEARCHED

_TEXTS = (
    "email",
    "firstName",
    "lastName",
    "username",
    "gender",
    "country",
    "city",
    "state",
    "zip",
    "address",
    "locale",
)
_NUMBERS = ("birthYear", "birthMonth", "birthDay", "age")
_PROFILE = dict.fromkeys((*_TEXTS, "languages", "phones.number"), "string") | dict.fromkeys(_NUMBERS, "long")
_DATA = {
    "loyalty.tier": "string",
    "loyalty.points": "integer",
    "loyalty.joined": "date",
    "brands": "string",
    "optInSource": "string",
    "externalIds.crm": "string",
}
_SUBSCRIPTIONS = ("newsletter", "offers.partner")
_CONSENTS: dict[str, dict[str, Any]] = {
    "terms.tos": {"currentDocVersion": 3.0},
    "privacy.partners": {"currentDocDate": "2025-05-25T00:00:00Z"},
}
_NEVER = {path.partition(".")[2]: {"type": "string", "encrypt": "AES-nonsearchable"} for path in NEVER_SEARCHED}


def schema(params: Mapping[str, str]) -> dict[str, Any]:
    """The parts of the schema that `include` names, all of them without it."""
    parts = {
        "profileSchema": {"fields": {name: _profile_field(name, kind) for name, kind in _PROFILE.items()}},
        "dataSchema": {"fields": {name: _field(kind) for name, kind in _DATA.items()} | _NEVER},
        "subscriptionsSchema": {"fields": {name: {"email": _subscription(name)} for name in _SUBSCRIPTIONS}},
        "preferencesSchema": {
            "fields": {name: {"type": "consent", "format": "true", **own} for name, own in _CONSENTS.items()}
        },
    }
    wanted = params.get("include", ",".join(parts)).split(",")
    return {name: part | {"dynamicSchema": name == "dataSchema"} for name, part in parts.items() if name in wanted}


def _profile_field(name: str, kind: str) -> dict[str, Any]:
    return _field(kind) | ({"encrypt": "AES"} if f"profile.{name}" in ENCRYPTED else {})


def _field(kind: str) -> dict[str, Any]:
    return {"type": kind, "required": False, "allowNull": True, "writeAccess": "clientModify"}


def _subscription(name: str) -> dict[str, Any]:
    return {
        "type": "subscription",
        "required": False,
        "doubleOptIn": name != "newsletter",
        "enableConditionalDoubleOptIn": False,
    }
