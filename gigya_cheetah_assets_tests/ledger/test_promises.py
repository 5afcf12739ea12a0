"""What holds for any history: re-runs, repetition, and opt-outs whatever the order of the windows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets_tests.ledger.people import SHAPE, T0, Person, changes, deliver, frame

UIDS = ("u1", "u2", "u3")
STATES = st.sampled_from([None, "opt_in", "opt_out", "pending"])
EMAILS = st.sampled_from([None, "one@example.org", "ONE@example.org", "two@example.org"])
FILES = ("profiles", "unsubscribes", "address_changes", "subscribes")
_numbers = itertools.count()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    folder: Path = tmp_path_factory.mktemp("ledger")
    with Ledger.open(f"sqlite:///{folder}/ledger.sqlite") as opened:
        yield opened


def new_sync() -> str:
    """Each example has a sync, and so a ledger, of its own."""
    return f"s{next(_numbers)}"


@st.composite
def batches(draw: st.DrawFn, updated: int) -> list[Person]:
    uids = draw(st.lists(st.sampled_from(UIDS), unique=True, min_size=1))
    return [
        Person(uid, draw(EMAILS), draw(st.sampled_from(["Ana", "Bo"])), draw(STATES), draw(STATES), updated=updated)
        for uid in uids
    ]


HISTORIES = st.integers(2, 4).flatmap(lambda n: st.tuples(*(batches(T0 + i) for i in range(n))))


@settings(max_examples=50)  # each example commits several times, to disk
@given(HISTORIES)
def test_a_window_that_runs_again_finds_the_same_changes(shared: Ledger, history: tuple[list[Person], ...]) -> None:
    sync = new_sync()
    for number, people in enumerate(history):
        window = f"w{number}"
        first = deliver(shared, *people, window=window, sync=sync)
        again = changes(shared, frame(*people), window=window, sync=sync)
        for name in FILES:
            assert getattr(again, name).equals(getattr(first, name))
        assert (again.unchanged, again.known, again.flips) == (first.unchanged, first.known, first.flips)


@settings(max_examples=50)  # each example commits several times, to disk
@given(HISTORIES)
def test_recording_a_history_twice_leaves_the_same_ledger(shared: Ledger, history: tuple[list[Person], ...]) -> None:
    once, twice = new_sync(), new_sync()
    for number, people in enumerate(history):
        for sync, times in ((once, 1), (twice, 2)):
            found = changes(shared, frame(*people), window=f"w{number}", sync=sync)
            for _ in range(times):
                shared.record(sync, f"w{number}", [found.profiles], shape=SHAPE, mapping_version="1", seen=[found.seen])
    assert state_of(shared, once) == state_of(shared, twice)
    assert shared.population(once) == shared.population(twice) == len({p.uid for people in history for p in people})


@given(batches(T0))
def test_what_was_delivered_is_unchanged_afterwards(shared: Ledger, people: list[Person]) -> None:
    sync = new_sync()
    people = [p for p in people if p.email]
    deliver(shared, *people, window="w1", sync=sync)
    found = changes(shared, frame(*people), window="w2", sync=sync)
    assert found.unchanged == len(people)
    assert [getattr(found, name).num_rows for name in (*FILES, "seen")] == [0] * 5


@given(HISTORIES, st.randoms(use_true_random=False))
def test_the_newest_decision_stands_whatever_the_order_of_recording(
    shared: Ledger, history: tuple[list[Person], ...], random: object
) -> None:
    sync = new_sync()
    windows = list(enumerate(history))
    random.shuffle(windows)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    for number, people in windows:
        shared.record(sync, f"w{number}", [frame(*people)], shape=SHAPE, mapping_version="1")
    newest = {person.uid: person for people in history for person in people}
    found = changes(shared, frame(*newest.values()), window="next", sync=sync)
    assert found.unchanged == len(newest)


@given(st.permutations([0, 1]), st.sampled_from(["opt_in", "opt_out"]), STATES)
def test_an_opt_out_is_never_lost_between_two_windows(
    shared: Ledger, order: list[int], last: str, before: str | None
) -> None:
    """CheetahMail, replaying what both windows send in any order, ends with the newer decision."""
    sync = new_sync()
    deliver(shared, Person("u1", news=before), window="w0", sync=sync)
    mailed = before == "opt_in"
    states = ["opt_in", "opt_out"] if last == "opt_out" else ["opt_out", "opt_in"]
    for number in order:
        rows = frame(Person("u1", news=states[number], updated=T0 + 1 + number))
        window = f"w{number + 1}"
        found = changes(shared, rows, window=window, sync=sync)
        current = not shared.superseded(sync, rows["GIGYA_UID"], rows["_updated"], window=window)[0].as_py()
        if current:
            mailed = (mailed and not found.unsubscribes.num_rows) or found.subscribes.num_rows > 0
        shared.record(sync, window, [found.profiles], shape=SHAPE, mapping_version="1", seen=[found.seen])
    assert mailed == (last == "opt_in")


def state_of(ledger: Ledger, sync: str) -> list[tuple[object, ...]]:
    with ledger._database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM ledger_agreed WHERE sync = ? ORDER BY 2, 3", (sync,))
        # Without the sync and the numbers of its mappings.
        names = [name for name in rows.keys() if name not in ("sync", "mapping", "previous_mapping")]  # noqa: SIM118 - no dict
        return [tuple(row._mapping[name] for name in names) for row in rows]
