"""What holds for any files in any order: opt-outs, convergence, idempotence; on a small model of both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from gigya_cheetah_assets.ledger.fold import Event, fold
from gigya_cheetah_assets.ledger.merge import AGREE, merge
from gigya_cheetah_assets.ledger.sides import UNKNOWN, Asked, Base, FieldRule, Side

NEWS = FieldRule("latest", subscription=True)
NOW = 1_000_000_000_000
"""Our writes happen long after the events that they carry."""


@dataclass(frozen=True)
class World:
    gigya: Side
    base: Base = UNKNOWN
    clock: int = NOW

    def take(self, events: Sequence[Event], rule: FieldRule, *, killed: bool = False) -> World:
        """One file, as inbound takes it; killed after Gigya was written and before that was noted."""
        rules = {"C": rule}
        sides = fold(events, rules).sides
        for decision in merge(rules, {"C": self.base}, {"C": self.gigya}, sides).values():
            if decision.write:
                base = Base(decision.value, decision.at, self.clock)
                if killed:
                    base = replace(self.base, asked=(*self.base.asked, Asked(decision.value, decision.at)))
                return World(Side(decision.value, self.clock), base, self.clock + 1)
            if decision.rule == AGREE and not killed:
                written = self.base.written if self.base.known and self.base.value == decision.value else None
                ours = any(one.value == decision.value for one in self.base.asked)
                return replace(self, base=Base(decision.value, decision.at, self.clock if ours else written))
        return self


def run(world: World, files: Sequence[Sequence[Event]], rule: FieldRule) -> World:
    for events in files:
        world = world.take(events, rule)
    return world


TIMES = st.one_of(st.none(), st.integers(1, 9))
DECISIONS = st.builds(
    lambda value, at, own: Event(1, {"C": value}, at, first_party=own),
    st.sampled_from(["opt_in", "opt_out"]), TIMES, st.booleans(),
)  # fmt: skip
FILES = st.lists(st.lists(DECISIONS, min_size=1, max_size=3), min_size=1, max_size=4)
GIGYA = st.builds(Side, st.sampled_from([None, "opt_in", "opt_out", "pending"]), TIMES)
WORLDS = st.one_of(
    st.builds(World, GIGYA),
    GIGYA.map(lambda side: World(side, Base(side.value, side.at))),
)
OWNERS = st.sampled_from(["latest", "cheetahmail"])


@given(WORLDS, FILES, st.randoms(use_true_random=False), OWNERS)
def test_two_orders_of_the_same_files_converge(
    world: World, files: list[list[Event]], random: object, owner: str
) -> None:
    rule = replace(NEWS, owner=owner)
    shuffled = [*files, *files[:1]]
    random.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    assert run(world, files, rule).gigya.value == run(world, shuffled, rule).gigya.value


@given(WORLDS, FILES)
def test_an_opt_out_is_never_lost(world: World, files: list[list[Event]]) -> None:
    events = [event for file in files for event in file]
    outs = [event.at for event in events if event.values["C"] == "opt_out"]
    outs += [world.gigya.at] if world.gigya.value == "opt_out" else []
    ins = [event.at for event in events if event.values["C"] == "opt_in" and event.first_party]
    ins += [world.gigya.at] if world.gigya.value == "opt_in" else []
    proven = [at for at in ins if at is not None and all(out is not None and out < at for out in outs)]
    if outs and not proven:
        assert run(world, files, NEWS).gigya.value == "opt_out"
    if outs and proven:
        assert run(world, files, NEWS).gigya.value == "opt_in"


@given(WORLDS, FILES)
def test_the_same_files_again_write_nothing(world: World, files: list[list[Event]]) -> None:
    once = run(world, files, NEWS)
    assert run(once, files, NEWS).gigya == once.gigya


@given(WORLDS, FILES, st.lists(st.booleans(), min_size=4, max_size=4))
def test_a_kill_between_a_write_and_its_note_changes_nothing(
    world: World, files: list[list[Event]], kills: list[bool]
) -> None:
    """What was killed runs again, after all that came since."""
    disturbed = world
    for events, killed in zip(files, kills, strict=False):
        disturbed = disturbed.take(events, NEWS, killed=killed)
    again = [events for events, killed in zip(files, kills, strict=False) if killed]
    assert run(disturbed, again, NEWS).gigya.value == run(world, files, NEWS).gigya.value


@given(st.lists(DECISIONS, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_the_rows_of_a_person_fold_alike_in_any_order(events: list[Event], random: object) -> None:
    again = [*events, events[0]]
    random.shuffle(again)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    assert fold(events, {"C": NEWS}) == fold(again, {"C": NEWS})


@given(WORLDS, FILES)
def test_one_file_and_its_rows_one_by_one_end_alike(world: World, files: list[list[Event]]) -> None:
    together = [[event for file in files for event in file]]
    one_by_one = [[event] for event in together[0]]
    assert run(world, together, NEWS).gigya.value == run(world, one_by_one, NEWS).gigya.value


NAMES = st.sampled_from([None, "Ana", " ANA ", "Bo", "Zoë"])
# Even times in files, odd ones in Gigya: that both fall on one millisecond is decided for Gigya, and only once.
CELLS = st.builds(lambda value, at: Event(1, {"C": value}, 2 * at), NAMES, st.integers(1, 5))
CELL_FILES = st.lists(CELLS.map(lambda event: [event]), min_size=1, max_size=4)
ACCOUNTS = st.builds(Side, st.sampled_from([None, "Ana", "Zoë"]), st.sampled_from([1, 3, 5, 7, 9]))
CELL_WORLDS = st.one_of(st.builds(World, ACCOUNTS), st.builds(World, ACCOUNTS, st.just(Base("Ana"))))


@given(CELL_WORLDS, CELL_FILES, st.randoms(use_true_random=False), OWNERS)
def test_dated_values_converge_in_any_order(world: World, files: list[list[Event]], random: object, owner: str) -> None:
    """But for a value that returns to the agreed one while Gigya's moved on: that history does not fit in a base."""
    rule = FieldRule(owner)  # type: ignore[arg-type] # hypothesis gives a str
    if world.base.known and not rule.same(world.gigya.value, "Ana"):
        files = [file for file in files if not rule.same(file[0].values["C"], "Ana")] or [[Event(1, {"C": "Bo"}, 5)]]
    shuffled = [*files, *files[:1]]
    random.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    first, second = run(world, files, rule).gigya.value, run(world, shuffled, rule).gigya.value
    assert rule.same(first, second)


@given(CELL_WORLDS, CELL_FILES, OWNERS)
def test_the_same_values_again_write_nothing(world: World, files: list[list[Event]], owner: str) -> None:
    rule = FieldRule(owner)  # type: ignore[arg-type] # hypothesis gives a str
    if world.base.known and not rule.same(world.gigya.value, "Ana"):
        files = [file for file in files if not rule.same(file[0].values["C"], "Ana")]
    once = run(world, files, rule)
    assert run(once, files, rule).gigya == once.gigya


@given(CELL_WORLDS, CELL_FILES)
def test_what_gigya_owns_is_never_written(world: World, files: list[list[Event]]) -> None:
    for rule in (FieldRule("gigya"), FieldRule("gigya", subscription=True)):
        assert run(world, files, rule).gigya == world.gigya
