"""A local copy of an inbound file: whole, verified, named by us and never by the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.errors import RetryLater
from gigya_cheetah_assets.inbound.container import sha256_of
from gigya_cheetah_assets.inbound.names import head_tail_digest, shown
from gigya_cheetah_assets.inbound.offers import EDGE_BYTES, Offer
from gigya_cheetah_assets.staging import Staging
from gigya_cheetah_assets.store import folders, steps

CONTENT = "content"


class FileChanged(RetryLater):
    """The file in the inbox is not the one that was offered: it was written again in the meantime."""


@dataclass(frozen=True)
class LocalCopy:
    """A verified copy.

    Attributes:
        path: Where it lies.
        sha256: Hex digest of its content, packed.
        size: In bytes.
    """

    path: Path
    sha256: str
    size: int


def fetch(staging: Staging, sync: Sync, offer: Offer, folder: Path) -> LocalCopy:
    """Copies the offered file, unless a copy of it is there already.

    Args:
        staging: Where the inbox is.
        sync: Whose inbox.
        offer: The file.
        folder: Of its copy; it is made.

    Raises:
        NoSuchFile: It is gone, and there is no copy.
        FileChanged: What came is not what was offered.
        StagingUnreachable: It cannot be fetched now.
    """
    path = folder / CONTENT
    if not _is_offered(path, offer):
        with folders.private():
            folder.mkdir(parents=True, exist_ok=True)
            staging.fetch(offer.name, path, folder=sync.staging.inbox)
        if not _is_offered(path, offer):
            path.unlink()
            raise FileChanged(
                f"{shown(offer.name)}: wanted the {offer.size} bytes that were offered, found another content",
                next_step="wait for the next look at the inbox: it offers the new content as a file of its own",
            )
        steps.reached(steps.FILE_COPIED)
    return LocalCopy(path, sha256_of(path), offer.size)


def _is_offered(path: Path, offer: Offer) -> bool:
    """Whether a copy has the size and the first and last bytes of the offer."""
    if not path.is_file() or path.stat().st_size != offer.size:
        return False
    with path.open("rb") as file:
        head = file.read(EDGE_BYTES)
        start = max(0, offer.size - EDGE_BYTES)
        file.seek(start)
        tail = file.read(EDGE_BYTES) if start else head
    return head_tail_digest(head, tail) == offer.digest
