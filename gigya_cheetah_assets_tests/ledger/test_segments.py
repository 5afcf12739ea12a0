"""Memberships of segments as they were delivered, on both databases."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gigya_cheetah_assets.ledger import DeliveredFile, Ledger, SegmentState
from gigya_cheetah_assets.ledger.segments import MEMBERS
from gigya_cheetah_assets.store.crc import crc32s

FILE = DeliveredFile("segment", "gold.csv", 2, 99, "ab" * 32)
CONDITIONS = ('data.loyalty.tier = "gold"',)


def people(*uids: str) -> pa.Table:
    return pa.table([list(uids), [f"{uid}@example.org" for uid in uids]], schema=MEMBERS)


def deliver(state: SegmentState, as_of: int, joins: pa.Table, leaves: pa.Table | None = None, **others: bool) -> None:
    state.begin(as_of, CONDITIONS)
    state.record(as_of, [joins], [people() if leaves is None else leaves], files=[FILE], **others)


def uids(state: SegmentState) -> list[str]:
    return [uid for table in state.members() for uid in table["uid"].to_pylist()]


@pytest.fixture
def gold(ledger: Ledger) -> SegmentState:
    return SegmentState(ledger, "acme", "gold")


def test_before_the_first_delivery_nobody_is_a_member(gold: SegmentState) -> None:
    assert gold.delivered() is gold.begun() is None
    assert uids(gold) == []
    assert gold.holds(pa.array(["a"])).to_pylist() == [False]


def test_a_delivery_that_was_only_begun_changes_no_membership_and_is_told(gold: SegmentState) -> None:
    deliver(gold, 1000, people("a"))
    gold.begin(2000, CONDITIONS)
    begun, delivered = gold.begun(), gold.delivered()
    assert begun is not None
    assert delivered is not None
    assert (begun.as_of, begun.recorded, delivered.as_of) == (2000, False, 1000)
    assert uids(gold) == ["a"]


def test_joins_and_leaves_make_the_next_membership(gold: SegmentState) -> None:
    deliver(gold, 1000, people("a", "b", "c"))
    deliver(gold, 2000, people("d"), people("b"))
    last = gold.delivered()
    assert last is not None
    assert (last.revision, last.size, last.joins, last.leaves, last.files) == (2, 3, 1, 1, (FILE,))
    assert sorted(uids(gold)) == ["a", "c", "d"]
    assert gold.holds(pa.array(["a", "b", None, "d"])).to_pylist() == [True, False, False, True]
    assert [(one.as_of, one.size) for one in gold.history()] == [(1000, 3), (2000, 3)]


def test_recording_a_second_time_changes_nothing(gold: SegmentState) -> None:
    for _ in range(2):
        deliver(gold, 1000, people("a"))
    last = gold.delivered()
    assert last is not None
    assert (last.revision, last.size) == (1, 1)
    assert gold.begun() is None


def test_a_failure_while_recording_leaves_all_as_it_was(gold: SegmentState) -> None:
    deliver(gold, 1000, people("a"))
    gold.begin(2000, CONDITIONS)

    def broken() -> object:
        yield people("b")
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - ours, without a text
        gold.record(2000, broken(), [])  # type: ignore[arg-type]
    assert uids(gold) == ["a"]


def test_members_come_in_stable_order_whatever_their_number(ledger: Ledger) -> None:
    state = SegmentState(ledger, "acme", "all")
    names = [f"uid-{number}" for number in range(40_000)]
    deliver(state, 1000, people(*names))
    found = uids(state)
    assert sorted(found) == sorted(names)
    slots = crc32s(pa.array(found))
    assert (slots[1:] >= slots[:-1]).all()


def test_segments_and_syncs_do_not_touch_each_other_and_overlaps_are_counted(ledger: Ledger) -> None:
    gold, new, other = (SegmentState(ledger, *names) for names in (("acme", "gold"), ("acme", "new"), ("eu", "gold")))
    deliver(gold, 1000, people("a", "b"))
    deliver(new, 1000, people("b", "c"))
    deliver(other, 1000, people("a"))
    assert (gold.overlap("new"), gold.overlap("none")) == (1, 0)
    assert uids(other) == ["a"]


def test_a_flag_column_has_the_next_window_tell_joins_and_leaves(ledger: Ledger, gold: SegmentState) -> None:
    deliver(gold, 1000, people("a", "b"), correct=True)
    assert ledger.corrections("acme", "20260301T000000Z") == {"a": 1000, "b": 1000}
    deliver(gold, 2000, people("c"), people("a"), correct=True)
    assert ledger.corrections("acme", "20260301T000000Z") == {"a": 2000, "b": 1000, "c": 2000}


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sets(st.sampled_from("abcdefgh")), min_size=1, max_size=5), st.integers(0, 2**32))
def test_after_any_deliveries_the_members_are_those_of_the_last(
    ledger: Ledger, memberships: list[set[str]], run: int
) -> None:
    state = SegmentState(ledger, "acme", f"s{run}")
    before = set(uids(state))
    start = len(state.history())
    for number, now in enumerate(memberships):
        deliver(state, start + number + 1, people(*sorted(now - before)), people(*sorted(before - now)))
        before = now
        assert set(uids(state)) == now
