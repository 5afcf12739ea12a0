"""One odd account at a time: what typed decoding refuses is read leniently, and what no rule can read is named.

Branches and consents of a wrong shape become absent and their paths value errors; leaves go through as they
are, `leaves` judges them. Nothing else of the account is lost with them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from math import isfinite
from typing import Any

import msgspec

from gigya_cheetah_assets.mapping.leaves import MOST_DIGITS
from gigya_cheetah_assets.mapping.structs import Keys, Node

_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
# Stands for a status that is no text: whatever it is, it is no confirmation.
_ODD_STATUS = "unreadable"


def repaired(raw: bytes, node: Node) -> tuple[Any, list[str]]:
    """The record, without its unreadable parts, as an object of the node's type, and the paths of those parts."""
    errors: list[str] = []
    # Bytes that are no UTF-8 become U+FFFD; the rest of the account is fine.
    value = json.loads(raw.decode(errors="replace"), parse_int=_integer)
    clean = _branch(value, node, (), errors) or {}
    return msgspec.convert(clean, node.type), errors


def _branch(value: Any, node: Node, path: Keys, errors: list[str]) -> dict[str, Any] | None:
    if value is None and path:
        return None
    if not isinstance(value, dict):
        errors.append(".".join(path) or "(account)")
        return None
    return {
        key: value[key] if child.is_plain_leaf else _child(value[key], child, (*path, key), errors)
        for key, child in node.children.items()
        if key in value
    }


def _child(value: Any, node: Node, path: Keys, errors: list[str]) -> dict[str, Any] | None:
    branch = _branch(value, node, path, errors)
    if branch is None or node.kind not in _READERS:
        return branch
    consent = _READERS[node.kind](value)
    if consent is None:
        errors.append(".".join(path))
    return branch | (consent or {})


def _subscription(value: dict[str, Any]) -> dict[str, Any] | None:
    """The parts of a subscription that decide on its state; None where they can't be read."""
    state, double = _boolean(value.get("isSubscribed")), value.get("doubleOptIn")
    if not isinstance(state, bool | None) or not isinstance(double, dict | None):
        return None
    return {
        "isSubscribed": state,
        "lastUpdatedSubscriptionState": _text(value.get("lastUpdatedSubscriptionState")),
        "doubleOptIn": double and {"status": _status(double), "confirmTime": _text(double.get("confirmTime"))},
    }


def _preference(value: dict[str, Any]) -> dict[str, Any] | None:
    """The parts of a consent statement that decide on its state; None where they can't be read."""
    state = _boolean(value.get("isConsentGranted"))
    if not isinstance(state, bool | None):
        return None
    times = ("docDate", "lastConsentModified", "actionTimestamp")
    return {
        "isConsentGranted": state,
        "docVersion": _number(value.get("docVersion")),
        **{name: _text(value.get(name)) for name in times},
    }


_READERS: dict[str, Callable[[dict[str, Any]], dict[str, Any] | None]] = {
    "subscription": _subscription,
    "preference": _preference,
}


def _boolean(value: Any) -> Any:
    """Old imports left booleans as text or number."""
    if isinstance(value, str | int | float):
        return _BOOLEANS.get(str(value).strip().lower(), value)
    return value


def _number(value: Any) -> float | None:
    try:
        number = float(value) if isinstance(value, str | int | float) else None
    except (ValueError, OverflowError):
        return None
    # NaN and infinity are no version that could be new enough.
    return number if number is not None and isfinite(number) else None


def _status(double: dict[str, Any]) -> str | None:
    status = double.get("status")
    return status if isinstance(status, str | None) else _ODD_STATUS


def _integer(digits: str) -> int | float:
    # Python refuses to read integers of more than 4,300 digits; infinity is no value either.
    return int(digits) if len(digits) <= MOST_DIGITS else float("inf")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
