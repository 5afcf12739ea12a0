"""What a file is packed in, told from its first bytes and never from its name; and its unpacked bytes as a stream.

Plain, gzip (also several members) and zip with a single member are read, whatever the member is called: its name is
never used. Anything else, and whatever is cut, corrupt, packed twice or suspiciously large, refuses the whole file.
What the bytes mean is for `parse`.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from isal import igzip_lib, isal_zlib

from gigya_cheetah_assets.errors import RefuseFile

Packing = Literal["plain", "gzip", "zip"]
CHUNK = 1 << 20
_READ = 1 << 16
# Below this a high ratio harms nobody: a file of one repeated line packs a thousandfold.
_HARMLESS = 64 << 20
_GZIP, _ZIP = b"\x1f\x8b", (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OTHERS = {
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstandard",
    b"7z\xbc\xaf\x27\x1c": "7-zip",
    b"-----BEGIN PGP": "PGP",
    b"\x1f\x9d": "compress",
    b"Rar!": "RAR",
    b"%PDF": "PDF",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
}
# An encrypted PGP message begins with such a packet: public-key or password session key.
_PGP_PACKETS = (0x84, 0x85, 0x8C, 0xC1, 0xC3)


@dataclass(frozen=True)
class Limits:
    """What one file may unpack to.

    Attributes:
        max_bytes: Unpacked bytes.
        max_ratio: Unpacked to packed bytes, looked at from 64 MiB on.
    """

    max_bytes: int = 20 << 30
    max_ratio: int = 200


def sha256_of(path: Path) -> str:
    """Hex digest of the file as it lies there, packed."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def packing_of(path: Path) -> Packing:
    """What the file is packed in.

    Raises:
        RefuseFile: It is empty, or packed or encrypted in a way that is not read.
    """
    with path.open("rb") as file:
        head = file.read(16)
    if not head:
        raise RefuseFile("expected a file with a header, found an empty one", next_step="have it sent again")
    if head.startswith(_GZIP):
        return "gzip"
    if head.startswith(_ZIP):
        return "zip"
    other = other_format(head)
    if other:
        raise RefuseFile(
            f"expected a plain, gzip or zip file, found {other}",
            next_step="have the export written as plain, gzip or zip",
        )
    return "plain"


def other_format(head: bytes) -> str | None:
    """The name of a format that is not read, told from its first bytes."""
    for magic, name in _OTHERS.items():
        if head.startswith(magic):
            return name
    # No text begins so: the second byte of such a UTF-8 letter would be at least 0x80, here it is a length.
    if head[:1] and head[0] in _PGP_PACKETS and head[1:2] < b"\x20":
        return "PGP"
    return None


def unpacked(path: Path, limits: Limits | None = None) -> Iterator[bytes]:
    """The content, in pieces of at most 1 MiB.

    A file that is cut or whose checksum is wrong shows it only at its end: what was read before must not have had
    an effect.

    Raises:
        RefuseFile: It is empty, cut, corrupt, packed twice, encrypted, larger than the limits, or a zip with other
            than one member.
    """
    limits = limits or Limits()
    packing = packing_of(path)
    size = path.stat().st_size
    pieces = {"plain": _plain, "gzip": _gzip, "zip": _zip}[packing](path, limits)
    total = 0
    for piece in pieces:
        if not total and packing != "plain":
            _not_nested(piece)
        total += len(piece)
        _within(total, size, limits)
        yield piece
    if not total:
        raise RefuseFile(f"expected content in the {packing} file, found none", next_step="have it sent again")


def _plain(path: Path, limits: Limits) -> Iterator[bytes]:  # noqa: ARG001 - one signature for all packings
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield piece


def _gzip(path: Path, limits: Limits) -> Iterator[bytes]:  # noqa: ARG001 - one signature for all packings
    with path.open("rb") as file:
        try:
            yield from _gzip_members(file)
        except igzip_lib.error as error:  # type: ignore[misc]  # its stub takes the class for an instance
            raise RefuseFile("the gzip file is corrupt", next_step="have it sent again") from error


def _gzip_members(file: BinaryIO) -> Iterator[bytes]:
    left = file.read(_READ)
    while left:
        member = isal_zlib.decompressobj(wbits=31)
        while not member.eof:
            left = left or file.read(_READ)
            if not left:
                raise RefuseFile("the gzip file is cut: its end is missing", next_step="have it sent again")
            piece = member.decompress(left, CHUNK)
            left = member.unconsumed_tail
            if piece:
                yield piece
        left = _next_member(member.unused_data, file)


def _next_member(rest: bytes, file: BinaryIO) -> bytes:
    """The beginning of the next member, if there is one; zeros behind the last are padding."""
    rest = rest.lstrip(b"\x00")
    while len(rest) < len(_GZIP):
        more = file.read(_READ)
        if not more:
            break
        rest = (rest + more).lstrip(b"\x00") if not rest else rest + more
    if rest and not rest.startswith(_GZIP):
        raise RefuseFile("the gzip file has other bytes behind its end", next_step="have it sent again")
    return rest


def _zip(path: Path, limits: Limits) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            member = _only_member(archive, limits)
            with archive.open(member) as stream:
                while piece := stream.read(CHUNK):
                    yield piece
    except (zipfile.BadZipFile, zlib.error, EOFError, OverflowError, ValueError) as error:
        raise RefuseFile("the zip file is cut or corrupt", next_step="have it sent again") from error
    except NotImplementedError as error:
        raise RefuseFile(
            "the zip file is compressed in a way that is not read", next_step="have it written with deflate"
        ) from error


def _only_member(archive: zipfile.ZipFile, limits: Limits) -> zipfile.ZipInfo:
    members = archive.infolist()
    if len(members) != 1 or members[0].is_dir():
        raise RefuseFile(
            f"expected a zip with one file in it, found {len(members)} entries",
            next_step="have one file written per zip",
        )
    if members[0].flag_bits & 0x1:
        raise RefuseFile("the zip file is encrypted", next_step="have it written without a password")
    _within(members[0].file_size, members[0].compress_size, limits)
    return members[0]


def _not_nested(piece: bytes) -> None:
    found = "gzip" if piece.startswith(_GZIP) else "zip" if piece.startswith(_ZIP) else other_format(piece[:16])
    if found:
        raise RefuseFile(
            f"expected delimited text inside the packed file, found {found}", next_step="have it packed once"
        )


def _within(total: int, packed: int, limits: Limits) -> None:
    if total > limits.max_bytes:
        raise RefuseFile(
            f"the file unpacks to more than {limits.max_bytes} bytes",
            next_step="raise max_megabytes in inbound_files if that is right",
        )
    if total > _HARMLESS and total > limits.max_ratio * max(packed, 1):
        raise RefuseFile(
            f"the file unpacks to more than {limits.max_ratio} times its size",
            next_step="raise max_ratio in inbound_files if that is right",
        )
