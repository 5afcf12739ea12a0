"""What a single condition means of a value: Gigya's operators, for what the site cannot be asked.

Source: Gigya, accounts.search, operators. A field that holds an array satisfies a condition when one of its elements
does; an absent field satisfies none but `is null`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from gigya_cheetah_assets.grammar.dates import milliseconds
from gigya_cheetah_assets.grammar.nodes import Both, Compare, Condition, Contains, In, IsNull, Not, Regex, Single, Value

Truths = npt.NDArray[np.bool_]
Test = Callable[[Any], bool]
_WORD = re.compile(r"[^\W_]+")
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
# Moments that one site writes with another number of fraction digits than a person does.
_MOMENTS = frozenset(("created", "lastUpdated", "lastLogin", "registered", "verified", "oldestDataUpdated"))


def truths(condition: Condition, known: Mapping[Single, Truths]) -> Truths:
    """Of whom a condition holds.

    Args:
        condition: Made of single conditions that are all known.
        known: Of whom each single condition holds.
    """
    if isinstance(condition, Not):
        return ~truths(condition.condition, known)
    if isinstance(condition, Both):
        parts = [truths(part, known) for part in condition.conditions]
        result: Truths = (np.logical_and if condition.word == "AND" else np.logical_or).reduce(parts)
        return result
    return known[condition]


def column_of(single: Single, values: Sequence[Any], *, encrypted: bool) -> Truths:
    """Of which values of its field a single condition holds; None is an absent one.

    Args:
        single: The condition.
        values: JSON values as they were decoded.
        encrypted: Whether the field is encrypted: then `contains` asks for the full value, letter case aside.
    """
    test = test_of(single, encrypted=encrypted)
    return np.fromiter((test(value) for value in values), bool, len(values))


def test_of(single: Single, *, encrypted: bool) -> Test:
    """The condition as a function of the field's value."""
    if isinstance(single, IsNull):
        return lambda value: value is None
    if isinstance(single, Compare) and single.operator == "!=":
        equal = _compared(single.path, "=", single.value)
        return lambda value: not _any(equal, value)
    test = _element_test(single, encrypted=encrypted)
    return lambda value: _any(test, value)


def _any(test: Test, value: Any) -> bool:
    if isinstance(value, list):
        return any(test(item) for item in value if item is not None and not isinstance(item, dict | list))
    return value is not None and not isinstance(value, dict) and test(value)


def _element_test(single: Compare | In | Contains | Regex, *, encrypted: bool) -> Test:
    if isinstance(single, Compare):
        return _compared(single.path, single.operator, single.value)
    if isinstance(single, In):
        tests = [_compared(single.path, "=", value) for value in single.values]
        return lambda value: any(test(value) for test in tests)
    if isinstance(single, Regex):
        pattern = re.compile(single.pattern, re.DOTALL)
        return lambda value: not isinstance(value, bool) and pattern.fullmatch(str(value)) is not None
    if not isinstance(single.value, str):
        return _compared(single.path, "=", single.value)
    if encrypted:
        whole = single.value.casefold()
        return lambda value: isinstance(value, str) and value.casefold() == whole
    return _words_test(_WORD.findall(single.value))


def _words_test(wanted: list[str]) -> Test:
    """Whole words, in this order, one after the other; `_` ends a word."""

    def test(value: Any) -> bool:
        if not isinstance(value, str) or not wanted:
            return False
        words = _WORD.findall(value)
        return any(words[at : at + len(wanted)] == wanted for at in range(len(words) - len(wanted) + 1))

    return test


def _compared(path: str, sign: str, wanted: Value) -> Test:
    order = _ORDERS[sign]
    if isinstance(wanted, bool):
        return lambda value: sign == "=" and value is wanted
    if not isinstance(wanted, str):
        return lambda value: (number := _number(value)) is not None and order(number, wanted)
    moment = _moment(wanted)
    if moment is not None and (sign != "=" or path in _MOMENTS):
        return lambda value: (found := _moment(value)) is not None and order(found, moment)
    number = _number(wanted)

    def test(value: Any) -> bool:
        if isinstance(value, str):
            return order(value, wanted)
        return number is not None and not isinstance(value, bool) and order(value, number)

    return test


def _number(value: Any) -> float | int | None:
    """A number, or a text that is one (Gigya's quirk: "1980" in a numeric field)."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _moment(value: Any) -> int | None:
    """Epoch milliseconds of ISO text; without a zone it is UTC."""
    if not isinstance(value, str) or len(value) < 10 or value[4:5] != "-":
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return milliseconds(moment.replace(tzinfo=moment.tzinfo or UTC))
