from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from gigya_cheetah_assets.store.aligned import aligned
from gigya_cheetah_assets.store.crc import crc32s

SCHEMA = pa.schema([("uid", pa.string())])
# These two have the same CRC-32.
TWINS = ["plumless", "buckeroo"]
PEOPLE = st.sets(st.sampled_from([*TWINS, *(f"uid-{number}" for number in range(40))]))


def in_order(uids: set[str]) -> list[str]:
    return sorted(uids, key=lambda uid: (int(crc32s(pa.array([uid]))[0]), uid))


def tables(uids: list[str], size: int) -> Iterator[pa.Table]:
    return (pa.table({"uid": uids[at : at + size]}, SCHEMA) for at in range(0, len(uids), size))


@given(st.lists(st.tuples(PEOPLE, st.integers(1, 5)), min_size=1, max_size=3))
def test_every_person_comes_once_in_every_list_and_nobody_is_parted(lists: list[tuple[set[str], int]]) -> None:
    ordered = [in_order(uids) for uids, _ in lists]
    batches = [(SCHEMA, tables(uids, size)) for uids, (_, size) in zip(ordered, lists, strict=True)]
    steps = [[table["uid"].to_pylist() for table in step] for step in aligned(batches)]
    assert [[uid for step in steps for uid in step[place]] for place in range(len(lists))] == ordered
    where = [{uid for part in step for uid in part} for step in steps]
    assert sum(map(len, where)) == len(set().union(*where)) if where else True


def test_the_twins_are_twins() -> None:
    assert len(set(crc32s(pa.array(TWINS)).tolist())) == 1
