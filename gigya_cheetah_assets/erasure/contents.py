"""Looking for a person in files of any kind: Parquet row by row, everything else as the bytes behind its packing."""

from __future__ import annotations

import codecs
import csv
import gzip
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow.compute as pc
import pyarrow.parquet as pq

from gigya_cheetah_assets.erasure.person import Person
from gigya_cheetah_assets.store import folders
from gigya_cheetah_assets.store.batches import read_batches

ERASING = ".erasing"
"""What a file that is being written anew ends with."""
_CHUNK = 1 << 20
_ARMOR = b"-----BEGIN PGP"
_FIRST_PACKET = 0x80
_BYTE_ORDER_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Arrow's errors of a broken file are ValueErrors.
UNREADABLE = (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error)


def parquet_rows(path: Path, person: Person) -> int:
    """How many rows of a Parquet file are hers."""
    return sum(int(pc.sum(person.rows(batch)).as_py() or 0) for batch in read_batches(path))


def parquet_addresses(path: Path, person: Person) -> set[str]:
    """The addresses that her rows of a Parquet file hold; none of one that a killed step left unfinished."""
    try:
        return {address for batch in read_batches(path) for address in person.addresses_in(batch)}
    except UNREADABLE:
        return set()


def rewrite_parquet(path: Path, person: Person) -> None:
    """Writes a Parquet file anew without her rows; it is replaced as a whole and keeps its time."""
    with _replacing(path) as partial, pq.ParquetFile(path, pre_buffer=False) as file:
        groups = file.metadata.num_row_groups
        packing = file.metadata.row_group(0).column(0).compression if groups else "NONE"
        with pq.ParquetWriter(partial, file.schema_arrow, compression=packing) as writer:
            for batch in read_batches(path):
                writer.write_table(batch.filter(pc.invert(person.rows(batch))))


def csv_lines(path: Path, person: Person) -> int:
    """How many lines of a CSV file of ours are hers."""
    with path.open(encoding="utf-8", newline="") as file:
        return sum(_is_hers(line, person) for line in csv.reader(file))


def rewrite_csv(path: Path, person: Person) -> None:
    """Writes a CSV file of ours anew without her lines."""
    with (
        _replacing(path) as partial,
        path.open(encoding="utf-8", newline="") as file,
        partial.open("w", encoding="utf-8", newline="") as target,
    ):
        csv.writer(target).writerows(line for line in csv.reader(file) if not _is_hers(line, person))


def is_encrypted(path: Path) -> bool:
    """Whether nobody can look into a file without a key."""
    with path.open("rb") as file:
        start = file.read(len(_ARMOR))
    # OpenPGP: the first byte of a packet has its highest bit set; the signatures of gzip and zip have not.
    return start == _ARMOR or (bool(start) and start[0] >= _FIRST_PACKET and not start.startswith(_BYTE_ORDER_MARKS))


def holds(path: Path, person: Person) -> bool:
    """Whether she may be in a file, whatever its packing; one that cannot be read may hold anybody."""
    try:
        with path.open("rb") as file:
            return any(_found(part, person.needles()) for part in _unpacked(file))
    except UNREADABLE:
        return True


def _unpacked(file: IO[bytes]) -> Iterator[IO[bytes]]:
    start = file.read(2)
    file.seek(0)
    if start == b"PK":
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                with archive.open(name) as member:
                    yield member
    elif start == b"\x1f\x8b":
        with gzip.open(file) as unpacked:
            yield unpacked  # type: ignore[misc] # a GzipFile reads as any file does
    else:
        yield file


def _found(file: IO[bytes], needles: Iterable[bytes]) -> bool:
    needles = list(needles)
    overlap = max(map(len, needles), default=1) - 1
    before = b""
    while chunk := file.read(_CHUNK):
        text = before + chunk.lower()
        if any(needle in text for needle in needles):
            return True
        before = text[-overlap:] if overlap else b""
    return False


def _is_hers(line: list[str], person: Person) -> bool:
    # `for_a_spreadsheet` may have put an apostrophe before a cell.
    cells = {cell.removeprefix("'").strip() for cell in line}
    return bool(cells & person.keys or {cell.lower() for cell in cells} & person.addresses)


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A file beside it that takes its place, with its time: retention and others go by the times of files."""
    partial = path.with_name(f".{path.name}{ERASING}")
    times = path.stat()
    with folders.private():
        yield partial
    os.utime(partial, ns=(times.st_atime_ns, times.st_mtime_ns))
    partial.replace(path)
