"""What a file that should be an OpenPGP message is, told from its bytes before gpg sees it.

gpg skips whatever stands around an armored message without a word, so that is looked at here. Behind a binary message
gpg itself finds every further byte.
"""

from __future__ import annotations

import codecs
from pathlib import Path

from gigya_cheetah_assets.errors import RefuseFile

_BEGIN, _END = b"-----BEGIN PGP MESSAGE-----", b"-----END PGP MESSAGE-----"
_DASHES = b"-----"
_CHUNK = 1 << 20
_HEAD = 64


def refuse_what_is_no_message(path: Path) -> None:
    """Looks at a whole armored file, at the first byte of another.

    Raises:
        RefuseFile: It is empty, plain, signed without being encrypted, or armored with text around it.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise RefuseFile("expected an encrypted file, found an empty one", next_step="have it sent again")
    if head.startswith(_BEGIN):
        _nothing_around(path)
    # Bit 7 is set in the first byte of every packet; no text in ASCII, gzip or zip has it there.
    elif head.startswith((_DASHES, codecs.BOM_UTF8)) or not head[0] & 0x80:
        raise RefuseFile(
            "expected an encrypted file, found one that is not an OpenPGP message",
            next_step="have the export encrypted to our key; if it is meant to be plain, take pgp from this feed",
        )


def _nothing_around(path: Path) -> None:
    """An armored message is all of the file: its two lines of dashes are the only ones, the first and the last."""
    dashes, carried, last = 0, b"", b""
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            text = carried + piece
            carried = text[-(len(_DASHES) - 1) :]
            dashes += text.count(_DASHES)
            last = (last + piece)[-4 * _HEAD :]
    if dashes != 4 or not last.rstrip(b"\r\n \t\x1a").endswith(_END):
        raise RefuseFile(
            "expected one OpenPGP message and nothing else in the file, found more or less than that",
            next_step="have it sent again; nothing may stand before or behind the message",
        )
