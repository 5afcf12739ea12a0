"""Fields of a request as a method reads them: JSON texts, booleans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from gigya_cheetah_assets.sandbox.gigya.answers import SiteError

Params: TypeAlias = Mapping[str, str]


def json_object(params: Params, name: str) -> dict[str, Any]:
    """A field that holds a JSON object."""
    try:
        value = msgspec.json.decode(params[name])
    except msgspec.DecodeError as error:
        raise SiteError(400006, f"Invalid parameter value: {name} is no JSON") from error
    if not isinstance(value, dict):
        raise SiteError(400006, f"Invalid parameter value: {name} is no JSON object")
    return value


def json_array(params: Params, name: str) -> list[Any]:
    """A field that holds a JSON array."""
    try:
        value = msgspec.json.decode(params[name])
    except msgspec.DecodeError as error:
        raise SiteError(400006, f"Invalid parameter value: {name} is no JSON") from error
    if not isinstance(value, list):
        raise SiteError(400006, f"Invalid parameter value: {name} is no JSON array")
    return value


def boolean(params: Params, name: str) -> bool:
    """A field that holds `true` or `false`."""
    if params[name] not in ("true", "false"):
        raise SiteError(400006, f"Invalid parameter value: {name}")
    return params[name] == "true"
