"""Search queries as text: validated names, escaped values, a user's own condition in parentheses.

Sending a query is in `search`. Grammar: Gigya, accounts.search; an unknown FROM would silently become `accounts`, so
it is checked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from gigya_cheetah_assets.errors import ConfigError

Source = Literal["accounts", "emailAccounts"]
LONGEST = 30_000
_SOURCES = ("accounts", "emailAccounts", "communications")
_NAME = re.compile(r"[A-Za-z_][\w\-]*(\.[\w\-]+)*\Z")
_CLAUSE = re.compile(r"\b(select|from|filter|with|order\s+by|start|limit|group\s+by)\b", re.IGNORECASE)
_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")


@dataclass(frozen=True)
class Query:
    """One search.

    Attributes:
        select: Field paths.
        source: What FROM names.
        where: Conditions that all must hold, each already text.
        page_size: Accounts a page, as LIMIT; with a cursor it is the size of a batch.
    """

    select: Sequence[str]
    source: Source
    where: Sequence[str] = ()
    page_size: int = 1000

    def __str__(self) -> str:
        if self.source not in _SOURCES:
            raise ConfigError([f"FROM {self.source!r}: expected one of {', '.join(_SOURCES)}"])
        where = f" WHERE {' AND '.join(self.where)}" if self.where else ""
        return f"SELECT {', '.join(map(name, self.select))} FROM {self.source}{where} LIMIT {self.page_size:d}"


def name(path: str) -> str:
    """The path itself.

    Raises:
        ConfigError: It is no field path.
    """
    if not _NAME.match(path):
        raise ConfigError([f"{path!r} is no field path of Gigya"], next_step="use letters, digits, _ and dots")
    return path


def quoted(value: str) -> str:
    """A string literal."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def equals(path: str, value: str | int | bool) -> str:
    """`path = value`; on an encrypted field such as the e-mail address nothing else is allowed."""
    return f"{name(path)} = {_literal(value)}"


def at_least(path: str, value: int) -> str:
    """`path >= value`."""
    return f"{name(path)} >= {value:d}"


def below(path: str, value: int) -> str:
    """`path < value`."""
    return f"{name(path)} < {value:d}"


def one_of(path: str, values: Sequence[str]) -> str:
    """`path in ("a", "b")`."""
    return f"{name(path)} in ({', '.join(map(quoted, values))})"


def any_equals(path: str, values: Sequence[str]) -> str:
    """A chain of `=` joined by OR, for encrypted fields, which know no `in`."""
    return "(" + " OR ".join(equals(path, value) for value in values) + ")"


def own_condition(where: str) -> str:
    """A user's condition in parentheses.

    Raises:
        ConfigError: It is not one condition: parentheses or quotes are not balanced, or it has a clause.
    """
    bare = _STRING.sub('""', where)
    depth = 0
    for character in bare:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            break
    if depth != 0 or '"' in bare.replace('""', "") or "'" in bare or ";" in bare:
        raise ConfigError([f"gigya.where: {where!r}: parentheses or quotes are not balanced"])
    clause = _CLAUSE.search(bare)
    if clause:
        raise ConfigError([f"gigya.where: {where!r}: expected a condition only, found {clause.group()!r}"])
    return f"({where})"


def chunked(values: Sequence[str], *, longest: int = LONGEST // 2, most: int = 500) -> Iterator[list[str]]:
    """Keys in groups that fit into one query's text."""
    group: list[str] = []
    length = 0
    for value in values:
        if group and (length + len(value) > longest or len(group) >= most):
            yield group
            group, length = [], 0
        group.append(value)
        length += len(value) + 30
    if group:
        yield group


def _literal(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else quoted(value)
