"""One person in the data folder of a sync: where she is, and taking her out.

Parquet and rejects are written anew without her rows. Copies of delivered and of received files are removed as a
whole: their bytes are what was delivered and received, so one with a row less would be a copy of nothing. A copy
that is encrypted is removed unseen.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import msgspec
import pyarrow.parquet as pq

from gigya_cheetah_assets.deletions.find import FILE
from gigya_cheetah_assets.erasure import contents
from gigya_cheetah_assets.erasure.person import Person
from gigya_cheetah_assets.inbound.read import EVENTS
from gigya_cheetah_assets.store import folders

REWRITTEN, REMOVED, UNSEEN = "rewritten without her rows", "copy removed", "encrypted copy removed unseen"
LEFT = "left by an erasure that was killed: removed"
# Of whose rows the summary keeps counts that others add up: the counts by file, and the one that they are part of.
_COUNTS: dict[str, tuple[dict[str, str], str]] = {
    folders.PROFILES: ({"profiles": "profiles.parquet", "rejected": "rejected.parquet"}, "read"),
    folders.INBOUND_ROWS: ({"events": EVENTS}, "rows"),
    folders.DELETIONS: ({"deleted": FILE}, "read"),
}


class FileTrace(NamedTuple):
    """A file that holds something of her.

    Attributes:
        path: The file.
        rows: Her rows; None for a copy that goes as a whole.
        done: What becomes of it.
    """

    path: Path
    rows: int | None
    done: str


def with_addresses(root: Path, person: Person) -> Person:
    """The person with every address that her rows in the folder hold."""
    found = {a for path in _files(root) if path.suffix == ".parquet" for a in contents.parquet_addresses(path, person)}
    return replace(person, addresses=person.addresses | found)


def file_traces(root: Path, person: Person) -> list[FileTrace]:
    """Where she is, file by file; nothing is changed."""
    return [trace for path in _files(root) for trace in _look(path, person)]


def erase_files(root: Path, person: Person) -> list[FileTrace]:
    """Takes her out of each file; one that was done already holds nothing any more.

    Returns:
        What was done.
    """
    done = []
    for path in _files(root):
        for trace in _look(path, person):
            _act(trace, person)
            done.append(trace)
    for asset in _COUNTS:
        for folder in sorted((root / asset).glob("[!.]*")):
            _count_anew(folder, asset)
    return done


def _files(root: Path) -> Iterator[Path]:
    """All files below the folder, those of killed steps too."""
    yield from sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())


def _look(path: Path, person: Person) -> Iterator[FileTrace]:
    if path.suffix == ".json":
        return
    if path.suffix == contents.ERASING:
        yield FileTrace(path, None, LEFT)
    elif path.suffix == ".parquet":
        yield from _rows(path, contents.parquet_rows, person)
    elif path.name == "rejects.csv":
        yield from _rows(path, contents.csv_lines, person)
    elif contents.is_encrypted(path):
        yield FileTrace(path, None, UNSEEN)
    elif contents.holds(path, person):
        yield FileTrace(path, None, REMOVED)


def _rows(path: Path, count: Callable[[Path, Person], int], person: Person) -> Iterator[FileTrace]:
    try:
        rows = count(path, person)
    except contents.UNREADABLE:
        # Of a step that was killed: nobody can read it.
        yield FileTrace(path, None, REMOVED)
        return
    if rows:
        yield FileTrace(path, rows, REWRITTEN)


def _act(trace: FileTrace, person: Person) -> None:
    if trace.rows is None:
        trace.path.unlink()
    elif trace.path.suffix == ".parquet":
        contents.rewrite_parquet(trace.path, person)
    else:
        contents.rewrite_csv(trace.path, person)


def _count_anew(folder: Path, asset: str) -> None:
    """Lets a summary count the rows that are there; a kill between a file and its summary leaves them apart."""
    path = folder / folders.SUMMARY
    if not path.is_file():
        return
    counts = msgspec.json.decode(path.read_bytes())
    parts, whole = _COUNTS[asset]
    now = {name: _length(folder / file) for name, file in parts.items()}
    gone = sum(counts[name] - count for name, count in now.items())
    if not gone:
        return
    times = path.stat()
    counted = {**counts, **now, whole: counts[whole] - gone}
    partial = path.with_name(f".{path.name}{contents.ERASING}")
    with folders.private():
        partial.write_bytes(msgspec.json.format(msgspec.json.encode(counted), indent=2))
    os.utime(partial, ns=(times.st_atime_ns, times.st_mtime_ns))
    partial.replace(path)


def _length(path: Path) -> int:
    return pq.read_metadata(path).num_rows if path.is_file() else 0
