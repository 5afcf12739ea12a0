"""The rows of one import file: packing told from content, text in the job's encoding, cells by the header's names."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from gigya_cheetah_assets.sandbox.cheetahmail.jobs import Job

Row = dict[str, str]


class FileProblemError(Exception):
    """A file that cannot be imported at all; the text goes into the import report."""


def rows(path: Path, job: Job) -> Iterator[tuple[int, Row | None]]:
    """Each row with its number from 1; None for a row whose cells do not fit the columns.

    Raises:
        FileProblemError: The packing, the encoding or the header is not the job's.
    """
    try:
        with _text(path, job.encoding) as text:
            yield from _json_rows(text, job) if job.lines == "jsonl" else _delimited_rows(text, job)
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise FileProblemError("the file is cut or corrupt") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileProblemError(f"expected {job.lines} text in {job.encoding}") from error


@contextmanager
def _text(path: Path, encoding: str) -> Iterator[TextIO]:
    with path.open("rb") as file:
        start = file.read(2)
        file.seek(0)
        if start == b"PK":
            with zipfile.ZipFile(file) as archive, archive.open(archive.namelist()[0]) as member:
                yield io.TextIOWrapper(member, encoding, newline="")
        elif start == b"\x1f\x8b":
            with gzip.open(file) as unpacked:
                yield io.TextIOWrapper(unpacked, encoding, newline="")
        else:
            yield io.TextIOWrapper(file, encoding, newline="")


def _delimited_rows(text: TextIO, job: Job) -> Iterator[tuple[int, Row | None]]:
    reader = csv.reader(text, delimiter=job.delimiter)
    columns = list(job.columns)
    if job.header:
        columns = [name.removeprefix("\ufeff").strip().upper() for name in next(reader, [])]
        _check(columns, job)
    names = _renamed(columns, job)
    for number, cells in enumerate(reader, start=1):
        yield number, dict(zip(names, cells, strict=True)) if len(cells) == len(names) else None


def _json_rows(text: TextIO, job: Job) -> Iterator[tuple[int, Row | None]]:
    for number, line in enumerate(text, start=1):
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if not isinstance(found, dict) or not set(job.columns) <= found.keys():
            yield number, None
            continue
        yield number, dict(zip(_renamed(list(found), job), map(str, found.values()), strict=True))


def _check(columns: list[str], job: Job) -> None:
    needed = [name for name in job.columns if dict(job.renamed).get(name, name) in _KEYS or job.kind != "profiles"]
    missing = [name for name in needed if name.upper() not in columns]
    if missing:
        raise FileProblemError(f"the header lacks {', '.join(missing)}")


_KEYS = ("EMAIL", "GIGYA_UID")


def _renamed(columns: list[str], job: Job) -> list[str]:
    names = dict(job.renamed)
    return [names.get(column, column) for column in columns]
