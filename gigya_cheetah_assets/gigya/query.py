"""Search queries as text: validated names, escaped values, a user's own condition in parentheses.

Each function gives one condition that may stand beside others joined by AND; sending a query is in `search`.
Grammar: Gigya, accounts.search. An unknown FROM would silently become `accounts`, so it is checked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal, get_args

from gigya_cheetah_assets.config.model import GIGYA_PATH
from gigya_cheetah_assets.errors import ConfigError

Source = Literal["accounts", "emailAccounts", "communications", "auditLog"]
Value = str | int | float | bool
# No limit is documented; a connector of Gigya's found that about 30,000 characters pass.
LONGEST = 30_000
# More are silently cut to 10,000 (Gigya: search, LIMIT).
LARGEST_PAGE = 10_000
# What `path = ` and ` OR ` may add to a value, and what SELECT and the other conditions may take.
_AROUND, _BESIDE = 48, 8_000
_OPERATORS = ("=", "!=", ">", ">=", "<", "<=")
_CLAUSES = frozenset(
    (
        "select",
        "from",
        "where",
        "filter",
        "with",
        "group",
        "order",
        "by",
        "having",
        "limit",
        "start",
        "join",
        "union",
    )
)
# A string literal, a word with its dots (a path may hold `.limit`), spaces, or any other single character.
_TOKEN = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<word>[\w.\-]+)|\s+|(?P<sign>.)""", re.DOTALL
)


@dataclass(frozen=True)
class Query:
    """One search; checked when it is made.

    Attributes:
        select: Field paths, or `*` or `count(*)` alone.
        source: What FROM names.
        where: Conditions that all must hold, each already text.
        page_size: Accounts a page, as LIMIT; with a cursor it is the size of a batch.

    Raises:
        ConfigError: A name is none of Gigya's, the page size is out of range, or the text is too long.
    """

    select: Sequence[str]
    source: Source
    where: Sequence[str] = ()
    page_size: int = 1000

    def __post_init__(self) -> None:
        if self.source not in get_args(Source):
            raise ConfigError([f"FROM {self.source!r}: expected one of {', '.join(get_args(Source))}"])
        if not 1 <= self.page_size <= LARGEST_PAGE:
            raise ConfigError([f"LIMIT {self.page_size}: expected 1 to {LARGEST_PAGE}"])
        if not self.select:
            raise ConfigError([f"nothing is selected from {self.source}"])
        if len(str(self)) > LONGEST:
            raise ConfigError(
                [f"a query of {len(str(self))} characters; Gigya takes about {LONGEST}"],
                next_step="shorten gigya.where, or ask for fewer fields or keys at once",
            )

    def __str__(self) -> str:
        fields = self.select[0] if tuple(self.select) in (("*",), ("count(*)",)) else ", ".join(map(name, self.select))
        clauses = [f"SELECT {fields}", f"FROM {self.source}"]
        if self.where:
            clauses.append("WHERE " + " AND ".join(self.where))
        return " ".join([*clauses, f"LIMIT {self.page_size}"])


def name(path: str) -> str:
    """The path itself.

    Raises:
        ConfigError: It is no field path.
    """
    if not GIGYA_PATH.match(path):
        raise ConfigError([f"{path!r} is no field path of Gigya"], next_step="use a path such as UID or profile.email")
    return path


def quoted(value: str) -> str:
    """A string literal."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def compare(path: str, operator: str, value: Value) -> str:
    """`path operator value`, one of `=`, `!=`, `>`, `>=`, `<`, `<=`; times are epoch milliseconds, as numbers.

    Raises:
        ConfigError: Another operator, a path that is none, or a number that JSON does not know.
    """
    if operator not in _OPERATORS:
        raise ConfigError([f"operator {operator!r}: expected one of {' '.join(_OPERATORS)}"])
    return f"{name(path)} {operator} {_literal(value)}"


def equals(path: str, value: Value) -> str:
    """`path = value`; on an encrypted field such as the e-mail address nothing else is allowed."""
    return compare(path, "=", value)


def at_least(path: str, value: Value) -> str:
    """`path >= value`."""
    return compare(path, ">=", value)


def below(path: str, value: Value) -> str:
    """`path < value`."""
    return compare(path, "<", value)


def one_of(path: str, values: Sequence[str]) -> str:
    """`path in ("a", "b")`; not for encrypted fields."""
    return f"{name(path)} in ({', '.join(map(quoted, _some(path, values)))})"


def any_equals(path: str, values: Sequence[str]) -> str:
    """A chain of `=` joined by OR, for encrypted fields, which know no `in` (Gigya: search, encrypted fields)."""
    return any_of([equals(path, value) for value in _some(path, values)])


def any_of(conditions: Sequence[str]) -> str:
    """At least one of these holds; in parentheses, since AND binds tighter."""
    return "(" + " OR ".join(conditions) + ")"


def all_of(conditions: Sequence[str]) -> str:
    """All of these hold; in parentheses, to stand beside others."""
    return "(" + " AND ".join(conditions) + ")"


def own_condition(where: str) -> str:
    """A user's condition in parentheses.

    Raises:
        ConfigError: It is not one condition: it would leave its parentheses, a quote is open, or it has a clause.
    """
    depth = 0
    for token in _TOKEN.finditer(where):
        sign, word = token["sign"], token["word"]
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            break
        if sign and sign in "\"'\\;":
            raise _no_condition(f"a {sign} outside of a string, or a string that does not end")
        if word and word.lower() in _CLAUSES:
            raise _no_condition(word.upper())
    if depth:
        raise _no_condition("parentheses that are not balanced")
    if not where.strip():
        raise _no_condition("nothing")
    return f"({where.strip()})"


def chunked(values: Sequence[str], *, longest: int = LONGEST - _BESIDE, most: int = 500) -> Iterator[list[str]]:
    """Keys in groups that fit into one query's text, each in `any_equals` or `one_of`.

    Args:
        values: The keys, as they are.
        longest: Characters that a group's condition may take.
        most: Keys in a group.
    """
    group: list[str] = []
    length = 0
    for value in values:
        needed = len(quoted(value)) + _AROUND
        if group and (length + needed > longest or len(group) >= most):
            yield group
            group, length = [], 0
        group.append(value)
        length += needed
    if group:
        yield group


def _literal(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if not isfinite(value):
        raise ConfigError([f"{value} is no number that a query can hold"])
    return repr(value)


def _some(path: str, values: Sequence[str]) -> Sequence[str]:
    if not values:
        raise ConfigError([f"no value to look up by {path}: such a condition would hold for nobody"])
    return values


def _no_condition(found: str) -> ConfigError:
    return ConfigError(
        [f"gigya.where: expected one condition, found {found}"],
        next_step='write only the condition, for example isRegistered = true AND data.tier = "gold"',
    )
