"""Conditions back to text, so that a condition that was taken apart can be asked of a site."""

from __future__ import annotations

from decimal import Decimal

from gigya_cheetah_assets.grammar.nodes import Both, Compare, Condition, Contains, In, IsNull, Not, Regex, Value


def text_of(condition: Condition) -> str:
    """The condition as a query says it; parsed again it is the same condition."""
    if isinstance(condition, Both):
        # AND binds tighter than OR, so only an OR inside of an AND needs its parentheses; all get them.
        return f" {condition.word} ".join(
            f"({text_of(part)})" if isinstance(part, Both) else text_of(part) for part in condition.conditions
        )
    if isinstance(condition, Not):
        return _negated(condition.condition)
    return _single(condition)


def _negated(condition: Condition) -> str:
    """The spellings that the documentation shows, where there is one."""
    if isinstance(condition, IsNull):
        return f"{condition.path} is not null"
    if isinstance(condition, Contains):
        return f"{condition.path} not contains {_value(condition.value)}"
    return f"NOT ({text_of(condition)})"


def _single(condition: Compare | In | IsNull | Contains | Regex) -> str:
    path = condition.path
    if isinstance(condition, Compare):
        return f"{path} {condition.operator} {_value(condition.value)}"
    if isinstance(condition, In):
        return f"{path} in ({', '.join(map(_value, condition.values))})"
    if isinstance(condition, IsNull):
        return f"{path} is null"
    if isinstance(condition, Contains):
        return f"{path} contains {_value(condition.value)}"
    return f"{path} = regex({_quoted(condition.pattern)})"


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    # No exponent: the grammar has none.
    return format(Decimal(repr(value)), "f")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
