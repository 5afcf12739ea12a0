"""Conditions taken apart: each law is checked by evaluating both sides for every combination of truths."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from gigya_cheetah_assets.grammar.logic import (
    all_but_one,
    at_most_one_fails,
    inward,
    joined,
    negated,
    paths,
    top_level,
    weakened,
)
from gigya_cheetah_assets.grammar.nodes import Both, Compare, Condition, Not, Single

NAMES = ("a", "b", "c", "s.d", "s.e")
SINGLES = st.sampled_from([Compare(name, "=", 1) for name in NAMES])
TREES: st.SearchStrategy[Condition] = st.recursive(
    SINGLES,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(Both, st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)
WORLDS = [dict(zip(NAMES, truths, strict=True)) for truths in product((False, True), repeat=len(NAMES))]


def holds(condition: Condition, world: Mapping[str, bool]) -> bool:
    if isinstance(condition, Both):
        return (all if condition.word == "AND" else any)(holds(part, world) for part in condition.conditions)
    return not holds(condition.condition, world) if isinstance(condition, Not) else world[condition.path]


@given(TREES)
def test_moving_not_inward_changes_no_truth(tree: Condition) -> None:
    assert all(holds(inward(tree), world) == holds(tree, world) != holds(negated(tree), world) for world in WORLDS)


@given(TREES)
def test_not_stands_at_single_conditions_only(tree: Condition) -> None:
    def plain(condition: Condition) -> bool:
        if isinstance(condition, Both):
            return all(map(plain, condition.conditions))
        return not isinstance(condition, Not) or isinstance(condition.condition, Single)

    assert plain(inward(tree))


@given(TREES)
def test_a_weakened_condition_holds_of_everybody_of_whom_the_whole_does(tree: Condition) -> None:
    part = weakened(tree, lambda path: path.startswith("s."))
    assert part is None or all(holds(part, world) for world in WORLDS if holds(tree, world))
    assert part is None or all(path.startswith("s.") for path in paths(part))


@given(TREES)
def test_a_condition_on_known_fields_only_is_not_weakened(tree: Condition) -> None:
    part = weakened(tree, set(NAMES).__contains__)
    assert part is not None
    assert all(holds(part, world) == holds(tree, world) for world in WORLDS)


@given(TREES)
def test_the_top_level_conditions_together_are_the_whole(tree: Condition) -> None:
    assert all(holds(joined("AND", top_level(tree)), world) == holds(tree, world) for world in WORLDS)


@given(st.lists(TREES, min_size=2, max_size=4))
def test_near_misses_are_those_of_whom_one_condition_fails(conditions: list[Condition]) -> None:
    for world in WORLDS:
        failing = sum(not holds(condition, world) for condition in conditions)
        assert holds(all_but_one(conditions), world) == (failing == 1)
        assert holds(at_most_one_fails(conditions), world) == (failing <= 1)
