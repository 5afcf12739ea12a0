"""The counts of a step, as `summary.json` beside its data: the last file of its folder, the mark of being finished."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from gigya_cheetah_assets.store.folders import SUMMARY

T = TypeVar("T", bound=msgspec.Struct)
Reasons = dict[str, dict[str, int]]


def nested(reasons: dict[tuple[str, str], int]) -> Reasons:
    """`{(column, reason): n}` as `{column: {reason: n}}`, sorted, as JSON can hold it."""
    result: Reasons = {}
    for (column, reason), count in sorted(reasons.items()):
        result.setdefault(column, {})[reason] = count
    return result


def write(folder: Path, summary: msgspec.Struct) -> None:
    """Writes a summary; it is the last file of a folder and so its mark of being finished."""
    (folder / SUMMARY).write_bytes(msgspec.json.format(msgspec.json.encode(summary), indent=2))


def read(folder: Path, kind: type[T]) -> T:
    """Reads the summary of a finished folder."""
    return msgspec.json.decode((folder / SUMMARY).read_bytes(), type=kind)


def merged(*reasons: Reasons) -> Reasons:
    """The sum of several counts by column and reason."""
    total: dict[tuple[str, str], int] = {}
    for part in reasons:
        for column, counts in part.items():
            for reason, count in counts.items():
                total[column, reason] = total.get((column, reason), 0) + count
    return nested(total)
