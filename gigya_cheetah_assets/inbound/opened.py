"""The file to read: the local copy itself, or for the time of reading its decrypted content.

A feed with `pgp` reads encrypted files only; one without reads none of them. Unpacking is in `container`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gigya_cheetah_assets.config.files import InboundDefaults
from gigya_cheetah_assets.inbound.limits import Limits
from gigya_cheetah_assets.pgp import decrypt
from gigya_cheetah_assets.store import folders


@dataclass(frozen=True)
class Readable:
    """A file that can be unpacked.

    Attributes:
        path: Where it is.
        signed_by: Fingerprint of the key whose signature it has; None where it is not encrypted, or not signed and
            no signature is required.
    """

    path: Path
    signed_by: str | None = None


@contextmanager
def readable(path: Path, settings: InboundDefaults, limits: Limits, *, beside: Path) -> Iterator[Readable]:
    """The file as it can be unpacked, within the block.

    Args:
        path: The local copy.
        settings: Of the feed.
        limits: What a file may unpack to; an OpenPGP message can be compressed too.
        beside: A path; the decrypted content lies beside it, hidden, and is removed at the end of the block.

    Raises:
        RefuseFile: It is not encrypted, cannot be decrypted, or not signed as required.
        StopSync: One of our keys cannot be used.
    """
    if settings.pgp is None:
        yield Readable(path)
        return
    target = beside.with_name(f".{beside.name}.decrypted")
    with folders.private():
        target.parent.mkdir(parents=True, exist_ok=True)
    try:
        found = decrypt(path, target, settings.pgp, max_bytes=limits.of(path.stat().st_size))
        yield Readable(target, found.signed_by)
    finally:
        target.unlink(missing_ok=True)
