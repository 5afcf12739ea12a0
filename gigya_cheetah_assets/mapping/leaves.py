"""Leaves of accounts -> Arrow columns of canonical text, and which of them no rule can read.

An array of one where a scalar is wanted counts as its element, a scalar where an array is wanted as an array of one.
An object, or an array of several where a scalar is wanted, can't be read: it becomes absent and is reported.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from math import isfinite
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# A column and the positions of the values that could not be read.
Column = tuple[pa.Array, list[int]]
_UNREADABLE = object()
_TEXT = pa.string()
_LIST = pa.list_(_TEXT)
_NONE = type(None)
_PLAIN = {str, int, _NONE}
# Longer than any id or amount; Python itself refuses to write integers of more than 4,300 digits.
MOST_DIGITS = 300


def texts(values: list[Any]) -> Column:
    """One text a value: 17, 17.0 and "17" are "17", true is "true"."""
    try:
        return pa.array(values, pa.string()), []
    except (pa.ArrowTypeError, pa.ArrowInvalid, UnicodeEncodeError):
        pass
    try:
        if set(map(type, values)) <= {bool, _NONE}:
            return pa.array(values, pa.bool_()).cast(_TEXT), []
        plain = pc.coalesce(_of_type(values, int, pa.int64()).cast(_TEXT), _of_type(values, str))
    except (OverflowError, UnicodeEncodeError):
        return _one_by_one(values, _text, _TEXT)
    odd = [place for place, value in enumerate(values) if type(value) not in _PLAIN]
    column, unreadable = _one_by_one([values[place] for place in odd], _text, _TEXT)
    there = np.zeros(len(values), dtype=bool)
    there[odd] = True
    return pc.replace_with_mask(plain, pa.array(there), column), [odd[place] for place in unreadable]


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
    return _one_by_one(values, _list, _LIST)


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


def _of_type(values: list[Any], kind: type, arrow: pa.DataType = _TEXT) -> pa.Array:
    """The values of exactly one type; null for all others."""
    return pa.array([value if type(value) is kind else None for value in values], arrow)


def _one_by_one(values: list[Any], read: Callable[[Any], Any], kind: pa.DataType) -> Column:
    found = [read(value) for value in values]
    bad = [position for position, value in enumerate(found) if value is _UNREADABLE]
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
        return -(10**MOST_DIGITS) < value < 10**MOST_DIGITS
    return value is None
