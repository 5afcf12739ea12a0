"""When each feed last brought a file, and which of the feeds that must come daily is late.

CheetahMail sends no file when it has no events, so a late feed is a question to a person and no proof of a fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.config.files import InboundFiles
from gigya_cheetah_assets.inbound.offers import LOOKS, Offer, all_offers, offers_folder
from gigya_cheetah_assets.store import folders

LATEST = timedelta(hours=26)
"""A daily file's longest way: a day, and two hours for a job that ran late."""


class Looks(msgspec.Struct, frozen=True):
    """When the inbox was looked at successfully for the first and the last time."""

    first: datetime
    last: datetime


@dataclass(frozen=True)
class Arrival:
    """One feed's last file.

    Attributes:
        kind: The feed.
        last: When its newest file was first seen ready, UTC; None when none ever was.
        due: When the next one must be there; None when the feed may come at any time, or nobody has looked yet.
        late: Whether that moment has passed.
    """

    kind: str
    last: datetime | None
    due: datetime | None
    late: bool


def note_look(data: Path, sync: Sync, now: datetime) -> None:
    """Keeps that the inbox was listed; the first look starts the clock of the feeds."""
    folder = offers_folder(data, sync)
    known = looks(data, sync)
    content = msgspec.json.encode(Looks(known.first if known else now, now))
    with folders.private():
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f".{LOOKS}.partial"
        partial.write_bytes(content)
        partial.replace(folder / LOOKS)


def looks(data: Path, sync: Sync) -> Looks | None:
    """When the inbox was looked at; None when never."""
    path = offers_folder(data, sync) / LOOKS
    return msgspec.json.decode(path.read_bytes(), type=Looks) if path.is_file() else None


def arrivals(
    data: Path, sync: Sync, files: InboundFiles, *, now: datetime, proof: datetime | None = None
) -> list[Arrival]:
    """The last file of each feed, in the order of `InboundFiles.KINDS`; `proof` as in `arrivals_of`."""
    return arrivals_of(all_offers(data, sync), looks(data, sync), files, now=now, proof=proof)


def arrivals_of(
    offers: Iterable[Offer],
    looked: Looks | None,
    files: InboundFiles,
    *,
    now: datetime,
    proof: datetime | None = None,
) -> list[Arrival]:
    """The same from what is known; a plain function.

    Args:
        offers: All files that were ever ready.
        looked: When the inbox was looked at.
        files: The feeds.
        now: Now, with a zone.
        proof: When CheetahMail's extract was last known to have run: until then a feed without a file had no events.
    """
    newest: dict[str, datetime] = {}
    for offer in offers:
        newest[offer.kind] = max(offer.offered_at, newest.get(offer.kind, datetime.min.replace(tzinfo=UTC)))
    return [
        _arrival(kind, newest.get(kind), _known_since(looked, proof), daily=feed.expect == "daily", now=now)
        for kind, feed in files.feeds()
    ]


def all_silent(found: Sequence[Arrival], looked: Looks | None, *, now: datetime) -> bool:
    """Whether no feed of any kind has brought a file for longer than a daily file's longest way."""
    known = [arrival.last for arrival in found if arrival.last is not None]
    known += [looked.first] if looked else []
    return bool(known) and now - max(known) > LATEST


def late(found: Sequence[Arrival]) -> list[str]:
    """The feeds that are late."""
    return [arrival.kind for arrival in found if arrival.late]


def _known_since(looked: Looks | None, proof: datetime | None) -> datetime | None:
    known = [moment for moment in (looked.first if looked else None, proof) if moment is not None]
    return max(known, default=None)


def _arrival(kind: str, last: datetime | None, since: datetime | None, *, daily: bool, now: datetime) -> Arrival:
    start = max((moment for moment in (last, since) if moment is not None), default=None)
    due = start + LATEST if daily and start is not None else None
    return Arrival(kind, last, due, due is not None and now > due)
