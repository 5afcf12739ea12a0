"""Conditions taken apart and put together by the rules of logic; what a single one means does not matter here.

Each single condition is true or not true of an account, also where the field is absent, so that NOT may be moved
inward (`!=` and NOT are true where a field is absent).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from gigya_cheetah_assets.grammar.nodes import Both, Condition, Not, Single


def top_level(condition: Condition) -> tuple[Condition, ...]:
    """The conditions that all must hold: what AND joins outside of parentheses, else the condition itself."""
    if isinstance(condition, Both) and condition.word == "AND":
        return tuple(inner for part in condition.conditions for inner in top_level(part))
    return (condition,)


def singles(condition: Condition) -> tuple[Single, ...]:
    """The single conditions, each once, in the order of the text."""
    if isinstance(condition, Both):
        found = [single for part in condition.conditions for single in singles(part)]
        return tuple(dict.fromkeys(found))
    return singles(condition.condition) if isinstance(condition, Not) else (condition,)


def paths(condition: Condition) -> tuple[str, ...]:
    """The fields that it names, each once."""
    return tuple(dict.fromkeys(single.path for single in singles(condition)))


def joined(word: Literal["AND", "OR"], conditions: Sequence[Condition]) -> Condition:
    """Some conditions, at least one, joined by a word."""
    return conditions[0] if len(conditions) == 1 else Both(word, tuple(conditions))


def negated(condition: Condition) -> Condition:
    """The contrary, with NOT at the single conditions only."""
    if isinstance(condition, Not):
        return inward(condition.condition)
    if isinstance(condition, Both):
        return Both("OR" if condition.word == "AND" else "AND", tuple(map(negated, condition.conditions)))
    return Not(condition)


def inward(condition: Condition) -> Condition:
    """The same, with NOT at the single conditions only."""
    if isinstance(condition, Not):
        return negated(condition.condition)
    if isinstance(condition, Both):
        return Both(condition.word, tuple(map(inward, condition.conditions)))
    return condition


def weakened(condition: Condition, mine: Callable[[str], bool]) -> Condition | None:
    """What of a condition those who know only some fields can say: it holds of everybody of whom the whole does.

    Args:
        condition: The whole.
        mine: Whether a field is known.

    Returns:
        None when nothing can be said, so that nobody may be left out.
    """
    return _weakened(inward(condition), mine)


def _weakened(condition: Condition, mine: Callable[[str], bool]) -> Condition | None:
    if not isinstance(condition, Both):
        return condition if all(map(mine, paths(condition))) else None
    parts = [_weakened(part, mine) for part in condition.conditions]
    known = [part for part in parts if part is not None]
    if not known or (condition.word == "OR" and len(known) < len(parts)):
        return None
    return joined(condition.word, known)


def all_but_one(conditions: Sequence[Condition]) -> Condition:
    """Exactly one of several conditions (two or more) does not hold."""
    return joined("OR", [joined("AND", _with_one(conditions, place, negated)) for place in range(len(conditions))])


def at_most_one_fails(conditions: Sequence[Condition]) -> Condition:
    """All of several conditions (two or more) hold, or all but one."""
    rest = [[c for other, c in enumerate(conditions) if other != place] for place in range(len(conditions))]
    return joined("OR", [joined("AND", some) for some in rest])


def _with_one(
    conditions: Sequence[Condition], place: int, changed: Callable[[Condition], Condition]
) -> list[Condition]:
    return [changed(c) if other == place else c for other, c in enumerate(conditions)]
