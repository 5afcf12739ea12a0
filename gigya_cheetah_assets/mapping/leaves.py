"""Leaves of accounts -> Arrow columns of canonical text, and which of them no rule can read.

An array of one where a scalar is wanted counts as its element, a scalar where an array is wanted as an array of one.
An object, or an array of several where a scalar is wanted, can't be read: it becomes absent and is reported.
"""

from __future__ import annotations

from decimal import Decimal
from math import isfinite
from typing import Any

import pyarrow as pa

# A column and the positions of the values that could not be read.
Column = tuple[pa.Array, list[int]]
_UNREADABLE = object()
_TEXT = pa.string()
_LIST = pa.list_(_TEXT)
_NONE = type(None)
# Longer than any id or amount; Python itself refuses to write integers of more than 4,300 digits.
MOST_DIGITS = 300
_MOST = 10**MOST_DIGITS


def texts(values: list[Any]) -> Column:
    """One text a value: 17, 17.0 and "17" are "17", true is "true"."""
    try:
        return pa.array(values, pa.string()), []
    except (pa.ArrowTypeError, pa.ArrowInvalid, UnicodeEncodeError):
        pass
    if set(map(type, values)) <= {bool, _NONE}:
        return pa.array(values, pa.bool_()).cast(_TEXT), []
    # Numbers and texts side by side need no call each.
    found = [
        value if value is None or type(value) is str else str(value) if type(value) is int and -_MOST < value < _MOST
        else _text(value)
        for value in values
    ]  # fmt: skip
    try:
        return _column(found, _TEXT)
    except UnicodeEncodeError:
        return _column(list(map(_text, values)), _TEXT)


def lists(values: list[Any]) -> Column:
    """One list of texts a value, without empty elements; a scalar counts as a list of one."""
    if set(map(type, values)) <= {list, str, _NONE}:
        try:
            column = pa.array([[value] if type(value) is str else value for value in values], _LIST)
        except (pa.ArrowTypeError, pa.ArrowInvalid, UnicodeEncodeError):
            pass
        else:
            if not column.values.null_count:
                return column, []
    return _column(list(map(_list, values)), _LIST)


def milliseconds(values: list[Any]) -> pa.Array:
    """Epoch milliseconds from numbers or texts; null where there are none."""
    try:
        return pa.array(values, pa.int64())
    except (pa.ArrowTypeError, pa.ArrowInvalid, OverflowError):
        return pa.array([_milliseconds(value) for value in values], pa.int64())


def _milliseconds(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = int(value)
    except (ValueError, OverflowError):
        return None
    # Beyond the year 9999 it is no time of ours.
    return number if abs(number) < 253_402_300_800_000 else None


def canonical(value: str | float | None) -> str | None:
    """A JSON scalar as text: no exponent, no trailing zeros, no sign of zero."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
    return str(value)


def _column(found: list[Any], kind: pa.DataType) -> Column:
    """What was found, null where it could not be read."""
    bad = [position for position, value in enumerate(found) if value is _UNREADABLE] if _UNREADABLE in found else []
    for position in bad:
        found[position] = None
    return pa.array(found, kind), bad


def _text(value: Any) -> Any:
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else (_UNREADABLE if value else None)
    return canonical(value) if _is_scalar(value) else _UNREADABLE


def _list(value: Any) -> Any:
    if value is None:
        return None
    items = value if isinstance(value, list) else [value]
    return [canonical(item) for item in items if item is not None] if all(map(_is_scalar, items)) else _UNREADABLE


def _is_scalar(value: Any) -> bool:
    if isinstance(value, str):
        # Half of a surrogate pair is valid JSON but no character.
        return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, float):
        return isfinite(value)
    if isinstance(value, int):
        return -_MOST < value < _MOST
    return value is None
