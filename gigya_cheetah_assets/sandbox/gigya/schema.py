"""accounts.getSchema: the fields of the sandbox's people, the encrypted ones marked as real sites mark them.

Source: Gigya, accounts.getSchema. The schema does not follow what accounts are given later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gigya_cheetah_assets.sandbox.gigya.consents import DOCUMENTS
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
_NEVER = {path.partition(".")[2]: {"type": "string", "encrypt": "AES-nonsearchable"} for path in NEVER_SEARCHED}


def schema(params: Mapping[str, str], oldest: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The parts of the schema that `include` names, all of them without it.

    Args:
        params: Of the call.
        oldest: The oldest document to which consent is valid, by statement, as `consents.OLDEST_DOCUMENTS`.
    """
    parts = {
        "profileSchema": {"fields": {name: _profile_field(name, kind) for name, kind in _PROFILE.items()}},
        "dataSchema": {"fields": {name: _field(kind) for name, kind in _DATA.items()} | _NEVER},
        "subscriptionsSchema": {"fields": {name: {"email": _subscription(name)} for name in _SUBSCRIPTIONS}},
        "preferencesSchema": {
            "fields": {name: _consent(current, oldest.get(name, {})) for name, current in DOCUMENTS.items()}
        },
    }
    wanted = params.get("include", ",".join(parts)).split(",")
    return {name: part | {"dynamicSchema": name == "dataSchema"} for name, part in parts.items() if name in wanted}


def _consent(current: Mapping[str, Any], oldest: Mapping[str, Any]) -> dict[str, Any]:
    """A statement with its documents: an account's `docVersion` is `currentDocVersion` and `minDocVersion` here."""
    documents = {"current": current, "min": oldest}
    told = {f"{which}D{name[1:]}": value for which, one in documents.items() for name, value in one.items()}
    return {"type": "consent", "format": "true", **told}


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
