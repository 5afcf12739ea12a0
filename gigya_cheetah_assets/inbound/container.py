"""What a file is packed in, told from its first bytes and never from its name; and its unpacked bytes as a stream.

Plain, gzip (also several members) and zip are read; of a zip the only file, whatever it is called, or the one whose
name the feed's `member` fits. A name from inside is never a path. Anything else, and whatever is cut, corrupt, packed
twice or suspiciously large, refuses the whole file. What the bytes mean is for `parse`, decryption for `opened`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal

from isal import igzip_lib, isal_zlib

from gigya_cheetah_assets.errors import RefuseFile
from gigya_cheetah_assets.inbound.limits import Limits, within
from gigya_cheetah_assets.inbound.zips import unzipped

Packing = Literal["plain", "gzip", "zip"]
CHUNK = 1 << 20
_READ = 1 << 16
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
# An encrypted PGP message begins with the session key for a public key or a password (RFC 9580, 4.2 and 5.1): the
# first byte, and at which place behind its length the version of the packet stands.
_PGP_PACKETS = {0x84: 2, 0x85: 3, 0x86: 5, 0x8C: 2, 0x8D: 3, 0xC1: 2, 0xC3: 2}
_PGP_VERSIONS = (3, 4, 5, 6)


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
        better = "set pgp of this feed in inbound_files" if other == "PGP" else "have it written as plain, gzip or zip"
        raise RefuseFile(f"expected a plain, gzip or zip file, found {other}", next_step=better)
    return "plain"


def other_format(head: bytes) -> str | None:
    """The name of a format that is not read, told from its first bytes."""
    for magic, name in _OTHERS.items():
        if head.startswith(magic):
            return name
    place = _PGP_PACKETS.get(head[0], 0) if head else 0
    # No text begins so: a version is a control character.
    versions = (head[place : place + 1], head[3:4] if place == 2 and head[0] >= 0xC0 else b"")
    return "PGP" if place and any(found and found[0] in _PGP_VERSIONS for found in versions) else None


def unpacked(path: Path, limits: Limits | None = None, *, member: str | None = None) -> Iterator[bytes]:
    """The content, in pieces of at most 1 MiB.

    A file that is cut or whose checksum is wrong shows it only at its end: what was read before must not have had
    an effect.

    Args:
        path: The file.
        limits: What it may unpack to.
        member: Shell pattern on the names in a zip; None for a zip with one file in it.

    Raises:
        RefuseFile: It is empty, cut, corrupt, packed twice, encrypted, larger than the limits, or a zip with other
            than one file that is meant.
    """
    limits = limits or Limits()
    packing = packing_of(path)
    size = path.stat().st_size
    pieces = unzipped(path, limits, member) if packing == "zip" else {"plain": _plain, "gzip": _gzip}[packing](path)
    total = 0
    for piece in pieces:
        if not total and packing != "plain":
            _not_nested(piece)
        total += len(piece)
        within(total, size, limits)
        yield piece
    if not total:
        raise RefuseFile(f"expected content in the {packing} file, found none", next_step="have it sent again")


def _plain(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield piece


def _gzip(path: Path) -> Iterator[bytes]:
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


def _not_nested(piece: bytes) -> None:
    found = "gzip" if piece.startswith(_GZIP) else "zip" if piece.startswith(_ZIP) else other_format(piece[:16])
    if found:
        raise RefuseFile(f"expected text inside the packed file, found {found}", next_step="have it packed once")
