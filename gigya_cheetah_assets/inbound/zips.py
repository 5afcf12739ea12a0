"""A zip file: which of its files is meant, and its content as a stream.

A name from inside is compared with a pattern and is never a path.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from gigya_cheetah_assets.errors import RefuseFile
from gigya_cheetah_assets.inbound.limits import Limits, within

_CHUNK = 1 << 20
# The end of a zip with the longest comment and the records of zip64.
_TAIL = 76 + 22 + 0xFFFF
# The most that one entry of the directory is taken to need, in bytes.
_ENTRY = 1 << 10


def unzipped(path: Path, limits: Limits, pattern: str | None) -> Iterator[bytes]:
    """The content of the one file that is meant, in pieces.

    Args:
        path: The zip file.
        limits: What it may unpack to, and how many entries it may have.
        pattern: Shell pattern on the names; None when there must be one file only.

    Raises:
        RefuseFile: It is cut, corrupt, encrypted, beyond the limits, or has other than one such file.
    """
    try:
        _few_entries(path, limits)
        with zipfile.ZipFile(path) as archive:
            member = _member(archive, limits, pattern)
            with archive.open(member) as stream:
                while piece := stream.read(_CHUNK):
                    yield piece
    except (zipfile.BadZipFile, zlib.error, EOFError, OverflowError, ValueError) as error:
        raise RefuseFile("the zip file is cut or corrupt", next_step="have it sent again") from error
    except NotImplementedError as error:
        raise RefuseFile(
            "the zip file is compressed in a way that is not read", next_step="have it written with deflate"
        ) from error


def _few_entries(path: Path, limits: Limits) -> None:
    """Refuses a directory of millions of entries before Python reads them all into memory.

    What counts is its size in bytes, for that is what is read; the number of entries beside it may lie.
    """
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    sizes = [int.from_bytes(tail[at + 12 : at + 16], "little")] if at >= 0 else []
    # The record of zip64, if there is one, stands before its locator and counts instead.
    if tail[max(0, at - 20) : max(0, at)].startswith(b"PK\x06\x07"):
        sizes.append(int.from_bytes(tail[max(0, at - 36) : at - 28], "little"))
    if max(sizes, default=0) > limits.max_members * _ENTRY:
        raise _too_many(limits)


def _too_many(limits: Limits) -> RefuseFile:
    return RefuseFile(
        f"the zip file has more than {limits.max_members} entries",
        next_step="raise max_members in inbound_files if that is right",
    )


def _member(archive: zipfile.ZipFile, limits: Limits, pattern: str | None) -> zipfile.ZipInfo:
    entries = archive.infolist()
    if len(entries) > limits.max_members:
        raise _too_many(limits)
    if pattern is not None:
        files = [entry for entry in entries if not entry.is_dir() and fnmatchcase(entry.filename, pattern)]
        wanted = f"one file that member: {pattern!r} fits"
    else:
        files = entries if len(entries) == 1 and not entries[0].is_dir() else []
        wanted = "one file in it"
    if len(files) != 1:
        raise RefuseFile(
            f"expected a zip with {wanted}, found {len(files) if pattern else len(entries)}",
            next_step="have one file written per zip, or tell by member in inbound_files which one is meant",
        )
    if files[0].flag_bits & 0x1:
        raise RefuseFile("the zip file is encrypted", next_step="have it written without a password")
    within(files[0].file_size, files[0].compress_size, limits)
    return files[0]
