"""What a person names when a brake is released: a window, an inbound file or a segment."""

from __future__ import annotations

from datetime import UTC, datetime

from gigya_cheetah_assets.config import Sync, data_folder
from gigya_cheetah_assets.inbound.offers import all_offers
from gigya_cheetah_assets.ledger import Ledger, SegmentState
from gigya_cheetah_assets.outbound.window import window_of
from gigya_cheetah_assets.segments.brake import partition


def stamp_of(sync: Sync, key: str, ledger: Ledger) -> str:
    """Under which name the release of a partition is kept.

    Raises:
        StopSync: It is no partition of the sync.
    """
    if any(segment.name == key for segment in sync.segments):
        last = SegmentState(ledger, sync.name, key).delivered()
        return partition(key, (last.revision if last else 0) + 1).stamp
    if any(offer.partition == key for offer in all_offers(data_folder(), sync)):
        return key
    return window_of(sync.windows, key, now=datetime.now(UTC)).stamp
