from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from gigya_cheetah_assets.outbound.spool import Spool, in_stable_order

SCHEMA = pa.schema([("UID", pa.string()), ("updated", pa.int64())])
ROWS = st.lists(st.tuples(st.text(min_size=1, max_size=8), st.integers(0, 5)), max_size=60)


def _table(rows: list[tuple[str, int]]) -> pa.Table:
    return pa.Table.from_pylist([{"UID": uid, "updated": updated} for uid, updated in rows], SCHEMA)


@given(rows=ROWS, parts=st.sampled_from([1, 2, 4, 8]), cut=st.integers(0, 60))
def test_the_parts_one_after_the_other_are_in_stable_order_whatever_their_number(
    rows: list[tuple[str, int]], parts: int, cut: int
) -> None:
    with TemporaryDirectory() as folder, Spool(Path(folder), "a", SCHEMA, key="UID", parts=parts) as spool:
        spool.add(_table(rows[:cut]))
        spool.add(_table(rows[cut:]))
        read = [in_stable_order(part, "UID", latest_by="updated") for part in spool.read(spool.parts)]
    found = pa.concat_tables(read).to_pylist()
    latest = dict(sorted(rows))
    for uid, updated in rows:
        latest[uid] = max(latest[uid], updated)
    expected = sorted(latest, key=lambda uid: (crc32(uid.encode()), uid.encode()))
    assert [row["UID"] for row in found] == expected
    assert {row["UID"]: row["updated"] for row in found} == latest


def test_duplicates_of_a_key_collapse_to_the_latest() -> None:
    table = in_stable_order(_table([("u", 3), ("u", 9), ("u", 4)]), "UID", latest_by="updated")
    assert table.to_pylist() == [{"UID": "u", "updated": 9}]
