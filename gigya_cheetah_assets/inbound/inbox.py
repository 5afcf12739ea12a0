"""A look at the inbox with its consequences: what is ready gets an offer, and what a person asked for again goes along.

What the entries mean is decided in `listing`; Dagster's part, partitions and runs, is in the sensors.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.config.files import InboundFiles
from gigya_cheetah_assets.inbound import again
from gigya_cheetah_assets.inbound.arrivals import note_look
from gigya_cheetah_assets.inbound.listing import Decision, decide, taken
from gigya_cheetah_assets.inbound.names import patterns_of
from gigya_cheetah_assets.inbound.offers import Offer, identify, is_over, read_offer, write_offer
from gigya_cheetah_assets.staging import Staging
from gigya_cheetah_assets.staging.errors import NoSuchFile
from gigya_cheetah_assets.store import folders, steps


@dataclass(frozen=True)
class Look:
    """What one look found.

    Attributes:
        fresh: Offers of files that are ready and were not asked for before.
        repeated: Offers that a person asked for again.
        decision: What the entries mean.
        vanished: Files that were gone before their head was read; the next look tells.
        cursor: For the next look, once the runs of all offers were requested.
    """

    fresh: tuple[Offer, ...]
    repeated: tuple[Offer, ...]
    decision: Decision
    vanished: int
    cursor: str

    @property
    def offers(self) -> tuple[Offer, ...]:
        """All that a run has to be requested for."""
        return (*self.fresh, *self.repeated)


def look(staging: Staging, sync: Sync, files: InboundFiles, cursor: str | None, *, data: Path, now: datetime) -> Look:
    """Lists the inbox once and writes an offer for each file that is ready.

    Costs one listing and at most two small reads for each of the `listing.MOST_READY` files.

    Args:
        staging: Where the inbox is.
        sync: Whose inbox.
        files: Its feeds.
        cursor: Of the look before.
        data: The data folder, which keeps the offers.
        now: Now, with a zone.

    Raises:
        StagingUnreachable: The inbox cannot be listed now: that is not the same as no new files.
    """
    found = staging.list(sync.staging.inbox)
    decision = decide(
        found,
        cursor,
        now=now,
        patterns=patterns_of(files),
        trigger_suffix=files.defaults.trigger_suffix,
        minimum_age=files.defaults.min_age_seconds,
    )
    fresh, files_taken, vanished = [], [], 0
    for ready in decision.ready:
        try:
            offer = identify(staging, sync, ready, now=now)
        except NoSuchFile:
            vanished += 1
            continue
        offer = _another(data, sync, offer)
        write_offer(data, sync, offer)
        steps.reached(steps.OFFER_WRITTEN)
        fresh.append(offer)
        files_taken.append(ready.file)
    note_look(data, sync, now)
    return Look(tuple(fresh), tuple(again.due(data, sync)), decision, vanished, taken(decision.cursor, files_taken))


def _another(data: Path, sync: Sync, offer: Offer) -> Offer:
    """The offer; of a file that came again by name, size, time and ends a new attempt, which reads all of it anew."""
    if not is_over(data, sync, offer.partition):
        return offer
    shutil.rmtree(folders.asset_folder(data, sync.name, folders.INBOUND_FILES, offer.partition), ignore_errors=True)
    return read_offer(data, sync, offer.partition).again()
