"""Offers: what a partition key of the inbound assets stands for, from the look that found the file to its last run.

One small JSON file an offer, below the data folder. Names are from outside: they are data here and never a path.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.errors import StopSync
from gigya_cheetah_assets.inbound.listing import Ready
from gigya_cheetah_assets.inbound.names import head_tail_digest, identity
from gigya_cheetah_assets.staging import Staging
from gigya_cheetah_assets.store import folders, steps

EDGE_BYTES = 64 * 1024
_FOLDER = "inbound_offers"
LOOKS = "looks.json"
"""The file beside the offers that is none of them; see `arrivals`."""


class Offer(msgspec.Struct, kw_only=True, frozen=True):
    """A file of the inbox that is ready.

    Attributes:
        partition: Its partition key.
        run_key: What its run is requested with.
        name: As listed.
        kind: Its feed.
        size: In bytes, as listed.
        modified: As listed.
        digest: Of its first and last bytes.
        attempt: Raised when a person asks for it again.
        offered_at: When it was found ready.
        over: Whether the file was put away; who finds it in the inbox once more has another one before him.
    """

    partition: str
    run_key: str
    name: str
    kind: str
    size: int
    modified: datetime
    digest: str
    attempt: int
    offered_at: datetime
    over: bool = False

    def again(self) -> Offer:
        """The same file, to be asked for once more."""
        attempt = self.attempt + 1
        run_key = identity(self.name, self.size, self.modified, self.digest, attempt=attempt).run_key
        return msgspec.structs.replace(self, attempt=attempt, run_key=run_key, over=False)


def identify(staging: Staging, sync: Sync, ready: Ready, *, now: datetime) -> Offer:
    """The offer of a file that stands ready; reads its first and last bytes.

    Raises:
        NoSuchFile: It is gone since it was listed.
        StagingUnreachable: It cannot be read now.
    """
    file, inbox = ready.file, sync.staging.inbox
    head = staging.read_range(file.name, 0, EDGE_BYTES, folder=inbox)
    start = max(0, file.size - EDGE_BYTES)
    tail = staging.read_range(file.name, start, EDGE_BYTES, folder=inbox) if start else head
    digest = head_tail_digest(head, tail)
    known = identity(file.name, file.size, file.modified, digest)
    return Offer(
        partition=known.partition,
        run_key=known.run_key,
        name=file.name,
        kind=ready.kind,
        size=file.size,
        modified=file.modified,
        digest=digest,
        attempt=0,
        offered_at=now,
    )


def offers_folder(data: Path, sync: Sync) -> Path:
    """Where a sync's offers lie."""
    return data / sync.name / _FOLDER


def write_offer(data: Path, sync: Sync, offer: Offer) -> None:
    """Keeps an offer; one of the same partition is replaced."""
    folder = offers_folder(data, sync)
    with folders.private():
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f".{offer.partition}.partial"
        partial.write_bytes(msgspec.json.encode(offer))
        partial.replace(folder / f"{offer.partition}.json")


def close_offer(data: Path, sync: Sync, offer: Offer) -> None:
    """Notes that the file was put away."""
    write_offer(data, sync, msgspec.structs.replace(offer, over=True))
    steps.reached(steps.OFFER_CLOSED)


def is_over(data: Path, sync: Sync, partition: str) -> bool:
    """Whether a file of this partition came before and was put away."""
    path = offers_folder(data, sync) / f"{partition}.json"
    return path.is_file() and msgspec.json.decode(path.read_bytes(), type=Offer).over


def read_offer(data: Path, sync: Sync, partition: str) -> Offer:
    """The offer of a partition.

    Raises:
        StopSync: No look at the inbox ever made it.
    """
    path = offers_folder(data, sync) / f"{partition}.json"
    if not path.is_file():
        raise StopSync(
            f"sync {sync.name} has no inbound file {partition}",
            next_step=f"let the sensor {sync.name}_inbox_sensor look into the inbox; partitions are not made by hand",
        )
    return msgspec.json.decode(path.read_bytes(), type=Offer)


def all_offers(data: Path, sync: Sync) -> list[Offer]:
    """All offers of a sync, by partition."""
    found = sorted(offers_folder(data, sync).glob("[!.]*.json"))
    return [msgspec.json.decode(path.read_bytes(), type=Offer) for path in found if path.name != LOOKS]
