"""One odd account at a time: what typed decoding refuses is read leniently, and what no rule can read is named.

An array of one where a scalar is wanted counts as its element; `"true"` counts as true. Anything else of a wrong
shape becomes absent and its path a value error. Nothing is ever thrown away with it.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from gigya_cheetah_assets.mapping.structs import Keys, Node

_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


def repaired(raw: bytes, node: Node, record: type[msgspec.Struct]) -> tuple[Any, list[str]]:
    """The record with unreadable parts left out, and the paths of those parts."""
    errors: list[str] = []
    clean = _branch(json.loads(raw), node, (), errors)
    return msgspec.convert(clean, record), errors


def _branch(value: Any, node: Node, path: Keys, errors: list[str]) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        errors.append(".".join(path) or "(account)")
        return {} if not path else None
    return {
        key: _child(value[key], child, (*path, key), errors) for key, child in node.children.items() if key in value
    }


def _child(value: Any, node: Node, path: Keys, errors: list[str]) -> Any:
    if node.kind is None:
        return _branch(value, node, path, errors)
    if node.kind == "subscription":
        return _subscription(value, path, errors)
    return value


def leaf(kind: str, value: Any) -> tuple[Any, bool]:
    """The leaf as a scalar or an array of scalars, and whether all of it could be read."""
    if kind == "array" and isinstance(value, list):
        fine = [_scalar(item) for item in value if _is_scalar(item)]
        return fine, len(fine) == len(value)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return (_scalar(value), True) if _is_scalar(value) else (None, False)


def _subscription(value: Any, path: Keys, errors: list[str]) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        errors.append(".".join(path))
        return None
    state = value.get("isSubscribed")
    double = value.get("doubleOptIn")
    if isinstance(state, str | int):
        state = _BOOLEANS.get(str(state).lower())
    if not (isinstance(state, bool | None) and isinstance(double, dict | None)) or (
        state is None and value.get("isSubscribed") is not None
    ):
        errors.append(".".join(path))
        return None
    return {
        "isSubscribed": state,
        "lastUpdatedSubscriptionState": _text_or_none(value.get("lastUpdatedSubscriptionState")),
        "doubleOptIn": None if double is None else {k: _text_or_none(double.get(k)) for k in ("status", "confirmTime")},
    }


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _is_scalar(value: Any) -> bool:
    if isinstance(value, str):
        # Half of a surrogate pair is valid JSON but no character.
        return not any("\ud800" <= character <= "\udfff" for character in value)
    return isinstance(value, int | float | bool | None)


def _scalar(value: Any) -> Any:
    # A number beyond 64 bits is an id; as text it keeps all its digits.
    return str(value) if isinstance(value, int) and not -(2**63) <= value < 2**63 else value
