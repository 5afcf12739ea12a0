"""A search query as parsed: plain data, made by `parser`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Value = str | int | float | bool
Order = Literal["=", "!=", "<", "<=", ">", ">="]


class QueryError(Exception):
    """The text is no query of Gigya's grammar; the message says where and what was expected."""


@dataclass(frozen=True)
class Compare:
    """`path operator value`."""

    path: str
    operator: Order
    value: Value


@dataclass(frozen=True)
class In:
    """`path in (values)`."""

    path: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class IsNull:
    """`path is null`."""

    path: str


@dataclass(frozen=True)
class Contains:
    """`path contains value`: the words of `value` stand in the field, whole and in this order."""

    path: str
    value: Value


@dataclass(frozen=True)
class Regex:
    """`path = regex(pattern)`: the pattern matches the whole value."""

    path: str
    pattern: str


@dataclass(frozen=True)
class Not:
    """The contrary, also true where the field is absent."""

    condition: Condition


@dataclass(frozen=True)
class Both:
    """Conditions that all hold (`and`) or of which one holds (`or`)."""

    word: Literal["AND", "OR"]
    conditions: tuple[Condition, ...]


Single = Compare | In | IsNull | Contains | Regex
"""A condition on one field."""
Condition = Single | Not | Both


@dataclass(frozen=True)
class Selected:
    """One entry of SELECT; `path` is `*` or `count(*)` for these two."""

    path: str
    alias: str | None = None


@dataclass(frozen=True)
class Ordering:
    """One entry of ORDER BY."""

    path: str
    descending: bool = False


@dataclass(frozen=True)
class Select:
    """A whole query; `start` and `limit` are `None` where the text has no such clause."""

    selected: tuple[Selected, ...]
    source: str
    where: Condition | None = None
    order: tuple[Ordering, ...] = ()
    start: int | None = None
    limit: int | None = None
