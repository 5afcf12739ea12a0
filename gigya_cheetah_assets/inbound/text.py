"""The declared encoding: pieces of a file in, pieces of UTF-8 out.

Nothing is guessed and nothing is lost: bytes that the declared encoding does not know stay invalid in the output, so
that the row which holds them is rejected with its line. Rows are for `parse`.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

from gigya_cheetah_assets.errors import RefuseFile

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LONGEST_BOM = 4
_MARK = "\udcff"
_MARKED = "gigya_cheetah_assets.marked"
_LOOKED_AT = 512


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _MARK, error.end


codecs.register_error(_MARKED, _mark)


def as_utf8(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The text in UTF-8, without its byte order mark; what can't be decoded stays invalid.

    Args:
        pieces: Of any size, but the first; from `container.unpacked`.
        encoding: As the sync file declares it.

    Raises:
        RefuseFile: A byte order mark, or the zero bytes of UTF-16, tell of another encoding than the declared one.
    """
    pieces = iter(pieces)
    head = _head(pieces)
    declared = codecs.lookup(encoding).name.removesuffix("-sig")
    bom = _check(head, declared)
    if declared == "utf-8":
        yield head[len(bom) :]
        yield from pieces
        return
    # Only `utf-16` and `utf-32` without an end need the mark: it tells them the order.
    decoder = codecs.getincrementaldecoder(declared)(_MARKED)
    start = head if declared in ("utf-16", "utf-32") else head[len(bom) :]
    yield _encoded(decoder.decode(start))
    for piece in pieces:
        yield _encoded(decoder.decode(piece))
    yield _encoded(decoder.decode(b"", True))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _head(pieces: Iterator[bytes]) -> bytes:
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= _LONGEST_BOM:
            break
    return head


def _check(head: bytes, declared: str) -> bytes:
    """The byte order mark, if it fits the declared encoding."""
    for bom, found in _BOMS:
        if head.startswith(bom):
            if not found.startswith(declared):
                raise _other(declared, f"the byte order mark of {found}", found[:6].rstrip("-"))
            return bom
    looked_at = head[:_LOOKED_AT]
    if not declared.startswith(("utf-16", "utf-32")) and looked_at.count(0) * 4 > len(looked_at):
        raise _other(declared, "zero bytes as UTF-16 has them", "utf-16-le")
    return b""


def _other(declared: str, found: str, better: str) -> RefuseFile:
    return RefuseFile(
        f"expected text in {declared}, found {found}",
        next_step=f"set encoding: {better} of this feed in inbound_files, or have it exported in {declared}",
    )
