"""The result file that lies beside a file that was put away: what became of it, its rejects by line and reason.

For CheetahMail's side and for whoever looks into the inbox: lines and reasons only, neither UIDs nor values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Literal

import msgspec

from gigya_cheetah_assets.store import folders
from gigya_cheetah_assets.store.batches import read_batches

Outcome = Literal["processed", "rejected"]
MOST_LINES = 10_000
_STEPS = (folders.INBOUND_ROWS, folders.CHANGE_SET, folders.UPDATES)


class RejectedLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line that was rejected; without a column it is the whole row."""

    line: int | None
    reason: str
    step: str
    column: str = ""


class Result(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What became of one file.

    Attributes:
        outcome: `processed`, or `rejected` as a whole for `reason`.
        counts: What its steps counted.
        rejects: The first `MOST_LINES` rejected lines, in the order of the steps and of the lines.
        rejects_left_out: How many more there are; they are kept beside the assets.
    """

    file: str
    kind: str
    sha256: str
    outcome: Outcome
    reason: str = ""
    counts: Mapping[str, int] = {}
    rejects: list[RejectedLine] = []
    rejects_left_out: int = 0

    def encoded(self) -> bytes:
        """The result as indented JSON."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


def refused(name: str, kind: str, sha256: str, reason: str) -> Result:
    """The result of a file that was refused as a whole."""
    return Result(file=name, kind=kind, sha256=sha256, outcome="rejected", reason=reason)


def processed(
    name: str, kind: str, sha256: str, counts: Mapping[str, int], *, data: Path, sync: str, partition: str
) -> Result:
    """The result of a file whose rows went their ways."""
    lines = _lines(data, sync, partition)
    kept = list(islice(lines, MOST_LINES))
    return Result(
        file=name,
        kind=kind,
        sha256=sha256,
        outcome="processed",
        counts=dict(counts),
        rejects=kept,
        rejects_left_out=sum(1 for _ in lines),
    )


def _lines(data: Path, sync: str, partition: str) -> Iterator[RejectedLine]:
    for step in _STEPS:
        path = folders.asset_folder(data, sync, step, partition) / "rejects.parquet"
        for batch in read_batches(path, ["line", "column", "reason"]):
            for row in batch.to_pylist():
                yield RejectedLine(row["line"], row["reason"], step, row["column"] or "")
