"""Conditions as SQL for SQLite. Which column or document a field is, is in `fields`.

A field that holds an array satisfies a condition when one of its elements does; `!=` and `not` are true where the
field is absent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gigya_cheetah_assets.grammar.nodes import (
    Both,
    Compare,
    Condition,
    Contains,
    In,
    IsNull,
    Not,
    Order,
    Ordering,
    QueryError,
    Regex,
    Value,
)
from gigya_cheetah_assets.sandbox.gigya.clock import parse_iso
from gigya_cheetah_assets.sandbox.gigya.query.fields import ENCRYPTED, NEVER_SEARCHED, Column, Source, locate
from gigya_cheetah_assets.sandbox.gigya.query.functions import number

Parameter = str | int | float


@dataclass(frozen=True)
class Sql:
    """Text with `?` and the values for them."""

    text: str
    parameters: tuple[Parameter, ...] = ()


NEVER = Sql("0")


def condition(source: Source, node: Condition) -> Sql:
    """The condition of a WHERE clause.

    Raises:
        QueryError: An operator that the field does not know, or a regular expression that is none.
    """
    if isinstance(node, Both):
        return _balanced(node.word, [condition(source, part) for part in _grouped(node)])
    if isinstance(node, Not):
        inner = condition(source, node.condition)
        return Sql(f"(({inner.text}) IS NOT TRUE)", inner.parameters)
    if isinstance(node, Compare) and node.operator == "!=":
        return condition(source, Not(Compare(node.path, "=", node.value)))
    _refuse_encrypted(node)
    if isinstance(node, IsNull):
        return _is_null(source, node.path)
    place = locate(source, node.path)
    if isinstance(place, Column):
        return _column(place, node)
    test = _element_test(node)
    tests = [
        f"EXISTS (SELECT 1 FROM json_each({place.text}, ?) AS j WHERE typeof(j.key) <> 'text' AND {test.text})"  # noqa: S608 - names of our own; values go by ?
        for _ in place.paths
    ]
    parameters = [value for path in place.paths for value in (path, *test.parameters)]
    return Sql(f"({' OR '.join(tests)})", tuple(parameters))


def order_by(source: Source, orderings: Sequence[Ordering]) -> Sql:
    """The ORDER BY clause, the account's number last so that the order is total."""
    terms: list[str] = []
    parameters: list[Parameter] = []
    for ordering in orderings:
        if ordering.path in ENCRYPTED:
            raise QueryError(f"ORDER BY: {ordering.path} is encrypted")
        place = locate(source, ordering.path)
        if isinstance(place, Column):
            term = place.name
        else:
            term = f"json_extract({place.text}, ?)"
            parameters.append(place.paths[-1])
        terms.append(f"{term} {'DESC' if ordering.descending else 'ASC'}")
    return Sql(" ORDER BY " + ", ".join([*terms, "id"]), tuple(parameters))


def _grouped(node: Both) -> list[Condition]:
    """Equalities of one field joined by OR become one IN, which an index answers."""
    if node.word == "AND":
        return list(node.conditions)
    values: dict[str, list[Value]] = {}
    rest: list[Condition] = []
    for part in node.conditions:
        if isinstance(part, Compare) and part.operator == "=" and isinstance(part.value, str):
            values.setdefault(part.path, []).append(part.value)
        else:
            rest.append(part)
    return [*(_OneOf(path, tuple(found)) for path, found in values.items()), *rest]


class _OneOf(In):
    """An IN that stands for equalities, so that encrypted fields allow it."""


def _balanced(word: str, parts: Sequence[Sql]) -> Sql:
    """Joins conditions as a tree of little depth: SQLite limits depth, not number."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    left, right = _balanced(word, parts[:half]), _balanced(word, parts[half:])
    return Sql(f"({left.text} {word} {right.text})", left.parameters + right.parameters)


def _refuse_encrypted(node: Compare | In | IsNull | Contains | Regex) -> None:
    if node.path in NEVER_SEARCHED:
        raise QueryError(f"{node.path} is encrypted and cannot be searched")
    if node.path not in ENCRYPTED or isinstance(node, IsNull | Contains | _OneOf):
        return
    if isinstance(node, Compare) and node.operator == "=":
        return
    raise QueryError(f"{node.path} is encrypted: only = and != and contains with the full value are supported")


def _is_null(source: Source, path: str) -> Sql:
    place = locate(source, path)
    if isinstance(place, Column):
        return Sql(f"{place.name} IS NULL")
    tests = [f"COALESCE(json_type({place.text}, ?), 'null') = 'null'" for _ in place.paths]
    return Sql(f"({' AND '.join(tests)})", place.paths)


# Columns


def _column(column: Column, node: Compare | In | Contains | Regex) -> Sql:
    if column.name == "email":
        return _email_column(node)
    if isinstance(node, Compare):
        value = _column_value(column, node.value)
        return NEVER if value is None else Sql(f"{column.name} {node.operator} ?", (value,))
    if isinstance(node, In):
        values = [value for value in (_column_value(column, raw) for raw in node.values) if value is not None]
        return Sql(f"{column.name} IN ({', '.join('?' * len(values))})", tuple(values))
    if column.kind != "text":
        return NEVER
    if isinstance(node, Regex):
        return Sql(f"gigya_regex({column.name}, ?)", (_checked(node.pattern),))
    return Sql(f"gigya_words({column.name}, ?)", (str(node.value),))


def _email_column(node: Compare | In | Contains | Regex) -> Sql:
    """The address is encrypted, so that only equality comes here."""
    if isinstance(node, Contains):
        return Sql("email_key = ?", (str(node.value).lower(),))
    if isinstance(node, In):
        return _emails([str(value) for value in node.values])
    return _emails([str(node.value)]) if isinstance(node, Compare) else NEVER


def _emails(values: Sequence[str]) -> Sql:
    """Exact addresses; the index is on their lower-case form."""
    marks = ", ".join("?" * len(values))
    text = f"(email_key IN ({marks}) AND email IN ({marks}))"
    return Sql(text, (*(value.lower() for value in values), *values))


def _column_value(column: Column, value: Value) -> Parameter | None:
    """The value as the column has it, `None` when it can never be equal."""
    if column.kind == "text":
        return str(value)
    if column.kind == "flag":
        return {"true": 1, "false": 0}.get(str(value).lower())
    moment = parse_iso(value) if column.kind == "moment" else None
    return number(value) if moment is None else moment


# Elements of JSON documents


def _element_test(node: Compare | In | Contains | Regex) -> Sql:
    if isinstance(node, Compare):
        return _compared(node.operator, node.value)
    if isinstance(node, In):
        return _balanced("OR", [_compared("=", value) for value in node.values])
    if isinstance(node, Regex):
        return Sql("gigya_regex(j.value, ?)", (_checked(node.pattern),))
    if not isinstance(node.value, str):
        return _compared("=", node.value)
    if node.path in ENCRYPTED:
        return Sql("gigya_fold(j.value) = ?", (node.value.casefold(),))
    return Sql("gigya_words(j.value, ?)", (node.value,))


def _compared(operator: Order, value: Value) -> Sql:
    if isinstance(value, bool):
        return Sql("j.type = ?", ("true" if value else "false",)) if operator == "=" else NEVER
    if not isinstance(value, str):
        return Sql(f"(j.type IN ('integer', 'real', 'text') AND gigya_number(j.value) {operator} ?)", (value,))
    moment = parse_iso(value)
    if operator != "=" and moment is not None:
        return Sql(f"gigya_moment(j.value) {operator} ?", (moment,))
    texts = Sql(f"(j.type = 'text' AND j.value {operator} ?)", (value,))
    as_number = number(value)
    if as_number is None:
        return texts
    numbers = Sql(f"(j.type IN ('integer', 'real') AND j.value {operator} ?)", (as_number,))
    return _balanced("OR", [texts, numbers])


def _checked(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise QueryError(f"regex: {error}") from error
    return pattern
