"""The ledger with 1,000,000 people: comparing a full extract of which 1 % changed, and what writing changes costs.

CPU times of this process, which does nothing else.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks import results
from benchmarks.results import Result
from gigya_cheetah_assets.ledger import Ledger, RowShape, compare
from gigya_cheetah_assets.store.batches import BATCH_ROWS
from gigya_cheetah_assets.store.crc import crc32s

PEOPLE = 1_000_000
SHARES = (0.001, 0.01, 0.1)
_OTHERS = tuple(f"COLUMN_{n}" for n in range(17))
SHAPE = RowShape("GIGYA_UID", "EMAIL", ("GIGYA_UID", "EMAIL", *_OTHERS, "NEWSLETTER"), ("NEWSLETTER",))
_LOADED_AT = 1_767_225_600_000


def run(people: int = PEOPLE) -> list[Result]:
    """The first load, then extracts of which ever more people changed."""
    numbers = _in_stable_order(people)
    with tempfile.TemporaryDirectory() as folder, Ledger.open(f"sqlite:///{Path(folder) / 'ledger.sqlite'}") as ledger:
        _, load = _window(ledger, "w0", _batches(numbers, None, 0))
        print(f"  {people:,} people loaded: {load * 1e6 / people:.1f} µs CPU a row")
        diffs, writes = zip(
            *(_window(ledger, f"w{n}", _batches(numbers, share, n)) for n, share in enumerate(SHARES, start=1)),
            strict=True,
        )
    for share, diff, write in zip(SHARES, diffs, writes, strict=True):
        print(f"  {share:.1%} changed: diff {diff * 1e6 / people:.1f} µs CPU a row, write {write:.2f} s CPU")
    return [
        results.at_most(f"ledger, diff of {people:,} rows, 1 % changed", diffs[1] * 1e6 / people, 10, " µs CPU a row"),
        results.at_most("ledger, write of 1 % changed beside that of all", writes[1] / load, 0.1, "x"),
    ]


def _window(ledger: Ledger, window: str, batches: Iterator[pa.Table]) -> tuple[float, float]:
    """Compares and records, as a window does it; CPU seconds of both."""
    diff, found = 0.0, []
    for rows in batches:
        started = time.process_time()
        baseline = ledger.baseline("bench", rows[SHAPE.key], window=window)
        found.append(compare(rows, baseline, SHAPE).profiles)
        diff += time.process_time() - started
    started = time.process_time()
    ledger.record("bench", window, found, shape=SHAPE, mapping_version="1")
    return diff, time.process_time() - started


def _in_stable_order(people: int) -> npt.NDArray[np.int64]:
    """The numbers of the people by the CRC-32 of their UIDs, as windows come."""
    return np.argsort(crc32s(_uids(np.arange(people))), kind="stable")


def _batches(numbers: npt.NDArray[np.int64], share: float | None, extract: int) -> Iterator[pa.Table]:
    for start in range(0, len(numbers), BATCH_ROWS):
        some = numbers[start : start + BATCH_ROWS]
        yield _frame(some, np.zeros(len(some), bool) if share is None else some % round(1 / share) == 0, extract)


def _frame(numbers: npt.NDArray[np.int64], changed: npt.NDArray[np.bool_], extract: int) -> pa.Table:
    """A frame of rows; of those who changed one cell and the last update are others."""
    texts = pa.array(numbers).cast(pa.string())
    cells = {name: pc.binary_join_element_wise(f"{name[-2:]}", texts, "") for name in _OTHERS}
    cells[_OTHERS[0]] = pc.if_else(pa.array(changed), f"changed {extract}", cells[_OTHERS[0]])
    opted_in = pa.array(numbers % 2 == 0)
    return pa.table(
        {
            "GIGYA_UID": _uids(numbers),
            "EMAIL": pc.binary_join_element_wise("person", texts, "@example.org", ""),
            **cells,
            "NEWSLETTER": pc.if_else(opted_in, "1", "0"),
            "_updated": pa.array(np.where(changed, _LOADED_AT + extract, _LOADED_AT)),
            "_state.NEWSLETTER": pc.if_else(opted_in, "opt_in", "opt_out"),
            "_at.NEWSLETTER": pa.repeat(pa.scalar(_LOADED_AT, pa.int64()), len(numbers)),
        }
    )


def _uids(numbers: npt.NDArray[np.int64]) -> pa.Array:
    return pc.utf8_lpad(pa.array(numbers).cast(pa.string()), 32, "0")


def main() -> None:
    """The report."""
    results.report(run())


if __name__ == "__main__":
    main()
