"""A segment of 1,000,000 members of whom 1 % change: joins and leaves found, told and recorded; memory at two sizes.

Each size is a process of its own: no site, a local ledger and a local file, as `segment_members` and
`staged_segment_file` do it once the accounts are read. Of who leaves all are near misses.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks import process, results
from benchmarks.results import Result
from gigya_cheetah_assets.ledger import Ledger, SegmentState
from gigya_cheetah_assets.ledger.segments import MEMBERS as DELIVERED
from gigya_cheetah_assets.segments import changes
from gigya_cheetah_assets.segments.changes import MEMBERS, WATCHED, Reasons
from gigya_cheetah_assets.store.aligned import aligned
from gigya_cheetah_assets.store.batches import BATCH_ROWS, LazyParquet, read_batches
from gigya_cheetah_assets.store.crc import crc32s

PEOPLE, FEWER = 1_000_000, 100_000
REASONS = Reasons(('data.loyalty.tier = "gold"', "lastLoginTimestamp < {now-90d}"), False, True, True)


def run(people: int = PEOPLE, fewer: int = FEWER) -> list[Result]:
    """The CPU of one delivery, and its peak memory beside that of a smaller segment."""
    with tempfile.TemporaryDirectory() as folder:
        cpu, large = _measured(people, Path(folder))
        _, small = _measured(fewer, Path(folder))
    return [
        results.at_most(f"segment, joins and leaves of {people:,} members, 1 % changed", cpu, 10, " s CPU"),
        results.at_most(f"segment, peak memory of {people:,} members beside {fewer:,}", large / small, 1.25, "x"),
    ]


def _measured(people: int, folder: Path) -> tuple[float, float]:
    """CPU seconds of the comparison and the records, and the peak memory of the process (MiB)."""
    place = folder / str(people)
    place.mkdir()
    process.run(process.python("benchmarks.segments", "prepare", str(place), str(people)), os.environ, folder / "log")
    found = process.run(process.python("benchmarks.segments", "measure", str(place)), os.environ, folder / "log")
    told = json.loads((folder / "log").read_text(encoding="utf-8").splitlines()[-1])
    print(f"  {people:,} members: {told['cpu']:.1f} s CPU, {told['joins']:,} joins, {told['leaves']:,} leaves; {found}")
    return float(told["cpu"]), found.peak_mib


def _prepare(folder: Path, people: int) -> None:
    """Everybody but the joins was delivered, everybody but the leaves is found."""
    numbers = np.argsort(crc32s(_uids(np.arange(people))), kind="stable")
    joining, leaving = numbers % 200 == 0, numbers % 200 == 1
    with Ledger.open(f"sqlite:///{folder}/ledger.sqlite") as ledger:
        state = SegmentState(ledger, "bench", "gold")
        state.begin(1000, REASONS.conditions)
        state.record(1000, _people(numbers[~joining], DELIVERED), [])
    with LazyParquet(folder / "members.parquet") as members, LazyParquet(folder / "watched.parquet") as watched:
        for batch in _people(numbers[~leaving], MEMBERS):
            members.add(batch)
        for batch in _people(numbers[leaving], DELIVERED):
            watched.add(pa.table([batch["uid"], pa.repeat(pa.scalar(1, pa.int64()), len(batch))], schema=WATCHED))


def _measure(folder: Path) -> None:
    with Ledger.open(f"sqlite:///{folder}/ledger.sqlite") as ledger:
        state = SegmentState(ledger, "bench", "gold")
        started = time.process_time()
        _compare(folder, state)
        state.begin(2000, REASONS.conditions)
        last = state.record(2000, read_batches(folder / "joins.parquet"), read_batches(folder / "leaves.parquet"))
        cpu = time.process_time() - started
    print(json.dumps({"cpu": cpu, "joins": last.joins, "leaves": last.leaves}))


def _compare(folder: Path, state: SegmentState) -> None:
    lists = [
        (MEMBERS, read_batches(folder / "members.parquet")),
        (DELIVERED, state.members()),
        (WATCHED, read_batches(folder / "watched.parquet")),
    ]
    with LazyParquet(folder / "joins.parquet") as joins, LazyParquet(folder / "leaves.parquet") as leaves:
        for members, before, watched in aligned(lists):
            joins.add(changes.joins(members, before, WATCHED.empty_table(), REASONS))
            leaves.add(changes.leaves(members, before, watched, REASONS, lambda _: WATCHED.empty_table()))


def _people(numbers: npt.NDArray[np.int64], schema: pa.Schema) -> Iterator[pa.Table]:
    for start in range(0, len(numbers), BATCH_ROWS):
        uids = _uids(numbers[start : start + BATCH_ROWS])
        columns = [uids, pc.binary_join_element_wise(uids, "example.org", "@"), pa.repeat(pa.scalar(False), len(uids))]
        yield pa.table(columns[: len(schema)], schema=schema)


def _uids(numbers: npt.NDArray[np.int64]) -> pa.Array:
    return pc.utf8_lpad(pa.array(numbers).cast(pa.string()), 32, "0")


def main() -> None:
    """The report."""
    results.report(run())


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["prepare", place, people]:
            _prepare(Path(place), int(people))
        case ["measure", place]:
            _measure(Path(place))
        case _:
            main()
