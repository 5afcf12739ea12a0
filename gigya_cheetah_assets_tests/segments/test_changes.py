from __future__ import annotations

import random
import tracemalloc
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pytest

from gigya_cheetah_assets.segments import changes
from gigya_cheetah_assets.segments.changes import MEMBERS, WATCHED, Reasons
from gigya_cheetah_assets.store.aligned import aligned
from gigya_cheetah_assets.store.crc import crc32s

BEFORE = pa.schema([("uid", pa.string()), ("email", pa.string())])
TWO = Reasons(("a", "b"), first=False, same_filter=True, watched=True)


def members(*uids: str, new: str = "") -> pa.Table:
    return pa.table([list(uids), [f"{uid}@now" for uid in uids], [uid == new for uid in uids]], schema=MEMBERS)


def before(*uids: str) -> pa.Table:
    return pa.table([list(uids), [f"{uid}@then" for uid in uids]], schema=BEFORE)


def watched(**held: int) -> pa.Table:
    return pa.table([list(held), list(held.values())], schema=WATCHED)


def nobody(uids: Sequence[str]) -> pa.Table:
    return WATCHED.empty_table()


def test_a_join_names_what_failed_before() -> None:
    found = changes.joins(members("p", "q", "r", "s", new="s"), before("p"), watched(q=1, r=3), TWO)
    assert found.to_pylist() == [
        {"uid": "q", "email": "q@now", "reason": "b"},
        {"uid": "r", "email": "r@now", "reason": "key or e-mail address"},
        {"uid": "s", "email": "s@now", "reason": "new account"},
    ]


def test_whom_the_record_filter_lets_pass_again_or_leaves_out_is_told_by_it() -> None:
    (joined,) = changes.joins(members("p"), before(), watched(p=3 | changes.OUTSIDE), TWO).to_pylist()
    (left,) = changes.leaves(members(), before("p"), watched(p=3 | changes.OUTSIDE), TWO, nobody).to_pylist()
    assert (joined["reason"], left["reason"]) == ("record_filter", "record_filter")


@pytest.mark.parametrize(
    ("reasons", "told"),
    [
        (TWO, "a; b"),
        (Reasons(("a", "b", "c"), first=False, same_filter=True, watched=True), "several conditions"),
        (Reasons(("a", "b"), first=False, same_filter=True, watched=False), "not told apart"),
        (Reasons(("a",), first=False, same_filter=True, watched=False), "a"),
        (Reasons(("a", "b"), first=False, same_filter=False, watched=True), "the filter changed"),
        (Reasons(("a", "b"), first=True, same_filter=False, watched=False), "first delivery"),
    ],
)
def test_a_join_of_somebody_who_was_not_watched(reasons: Reasons, told: str) -> None:
    assert reasons.of_join(None, new=False) == told


def test_a_leave_names_what_fails_now_by_near_misses_first_and_by_key_then() -> None:
    asked: list[str] = []

    def by_key(uids: Sequence[str]) -> pa.Table:
        asked.extend(uids)
        return watched(far=0, odd=3)

    found = changes.leaves(
        members("p"), before("p", "near", "bad", "far", "gone", "odd"), watched(near=2, bad=3), TWO, by_key
    )
    assert {row["uid"]: row["reason"] for row in found.to_pylist()} == {
        "near": "a",
        "bad": "key or e-mail address",
        "far": "a; b",
        "gone": "account gone, or outside of gigya.where",
        "odd": "not told apart",
    }
    assert set(found["email"].to_pylist()) == {"near@then", "bad@then", "far@then", "gone@then", "odd@then"}
    assert asked == ["far", "gone", "odd"]


def _peak(count: int) -> int:
    """Bytes of Arrow that comparing two memberships of so many people takes at most."""
    ordered = sorted((f"{number:032x}" for number in range(count)), key=lambda uid: int(crc32s(pa.array([uid]))[0]))
    gone = set(random.Random(1).sample(ordered, count // 100))  # noqa: S311 - the same each time

    def batches(schema: pa.Schema, uids: list[str]) -> Iterator[pa.Table]:
        for at in range(0, len(uids), 2_000):
            some = uids[at : at + 2_000]
            columns = [some, [f"{uid}@example.org" for uid in some], [False] * len(some)]
            yield pa.table(columns[: len(schema)], schema=schema)

    lists = [(MEMBERS, batches(MEMBERS, [u for u in ordered if u not in gone])), (BEFORE, batches(BEFORE, ordered))]
    tracemalloc.start()
    peak, left = 0, 0
    for now, then in aligned(lists):
        left += len(changes.leaves(now, then, WATCHED.empty_table(), TWO, nobody))
        peak = max(peak, pa.total_allocated_bytes() + tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert left == len(gone)
    return peak


def test_memory_does_not_grow_with_the_number_of_members() -> None:
    small = _peak(8_000)
    assert _peak(32_000) < 1.5 * small + 1_000_000
