"""What is open on the clock: opt-outs one by one, and files and windows of which nobody knows yet what they hold.

A feed that must come daily and stays away is open time too: CheetahMail sends no file when it has no events, and
nobody can tell that from a fault.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gigya_cheetah_assets.clock.deadlines import due, spent
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.inbound.arrivals import arrivals
from gigya_cheetah_assets.inbound.offers import all_offers
from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.ledger.open_opt_outs import opt_out_ways, waiting_opt_outs
from gigya_cheetah_assets.outbound.window import last_ended, length, window_of
from gigya_cheetah_assets.store import folders

_CONSENT_FEEDS = ("unsubscribes", "profiles", "full_extract")
_WINDOWS_LOOKED_AT = 24 * 62


@dataclass(frozen=True)
class Waiting:
    """Something that holds opt-outs, or may.

    Attributes:
        what: `opt_out` (one of a person), `file`, `window` or `feed`.
        where: Subscription and fate, name of the partition, or feed.
        since: From when on the clock runs.
        due: By when it must be done.
    """

    what: str
    where: str
    since: datetime
    due: datetime


@dataclass(frozen=True)
class ClockReading:
    """The clock at one moment.

    Attributes:
        waiting: All that is open, the earliest due first.
        now: The moment.
        closed: Opt-outs that reached the other side in the last day, by the side where they came up.
        slowest_seconds: The longest way of those, by side.
    """

    waiting: tuple[Waiting, ...]
    now: datetime
    closed: dict[str, int]
    slowest_seconds: dict[str, float]

    @property
    def oldest_seconds(self) -> float:
        """Age of the oldest open entry; 0 when none is open."""
        return max(((self.now - entry.since).total_seconds() for entry in self.waiting), default=0.0)

    @property
    def spent(self) -> float:
        """The greatest share of its time that an open entry has used up; 0 when none is open."""
        return max((spent(entry.since, entry.due, self.now) for entry in self.waiting), default=0.0)


def read_clock(sync: Sync, ledger: Ledger, *, data: Path, now: datetime) -> ClockReading:
    """Looks at everything that is open now."""
    found = [
        *_people(sync, ledger),
        *_files(sync, data),
        *_windows(sync, data, now),
        *_feeds(sync, data, now),
    ]
    closed: Counter[str] = Counter()
    slowest: dict[str, float] = {}
    for side, milliseconds in opt_out_ways(ledger, sync.name, _ms(now - timedelta(days=1))):
        closed[side] += 1
        slowest[side] = max(slowest.get(side, 0.0), milliseconds / 1000)
    return ClockReading(tuple(sorted(found, key=lambda entry: entry.due)), now, dict(closed), slowest)


def _people(sync: Sync, ledger: Ledger) -> Iterable[Waiting]:
    for opt_out in waiting_opt_outs(ledger, sync.name, sync.opt_out_deadlines.country_column):
        since = datetime.fromtimestamp(opt_out.since / 1000, UTC)
        until = due(since, opt_out.country, sync.opt_out_deadlines)
        yield Waiting("opt_out", f"{opt_out.subscription}, {opt_out.fate}", since, until)


def _files(sync: Sync, data: Path) -> Iterable[Waiting]:
    """Files that were offered and whose way has not ended."""
    for offer in all_offers(data, sync):
        updates = folders.asset_folder(data, sync.name, folders.UPDATES, offer.partition)
        if offer.kind in _CONSENT_FEEDS and not (updates / folders.SUMMARY).is_file():
            yield _of_unknown(sync, "file", offer.partition, offer.offered_at)


def _windows(sync: Sync, data: Path, now: datetime) -> Iterable[Waiting]:
    """Windows that have ended and were not delivered, from the first delivered one on."""
    files = data / sync.name / folders.FILES
    delivered = sorted(path.parent.name for path in files.glob(f"[!.]*/{folders.SUMMARY}"))
    newest = last_ended(sync.windows, now)
    if not delivered or newest is None:
        return
    window = window_of(sync.windows, newest, now=now)
    one, there = length(sync.windows), set(delivered)
    start = window.start
    for _ in range(_WINDOWS_LOOKED_AT):
        stamp = f"{start:%Y%m%dT%H%M%SZ}"
        if start < sync.windows.start or stamp < delivered[0]:
            return
        # It is read some minutes after its end; until then nothing is late.
        if stamp not in there and now >= start + one + timedelta(minutes=sync.windows.delay_minutes):
            yield _of_unknown(sync, "window", stamp, start)
        start -= one


def _feeds(sync: Sync, data: Path, now: datetime) -> Iterable[Waiting]:
    if sync.inbound_files is None:
        return
    for arrival in arrivals(data, sync, sync.inbound_files, now=now):
        if arrival.late and arrival.kind in _CONSENT_FEEDS and arrival.due is not None:
            yield _of_unknown(sync, "feed", arrival.kind, arrival.last or arrival.due)


def _of_unknown(sync: Sync, what: str, where: str, since: datetime) -> Waiting:
    """Nobody knows who is in it: the default deadline, or a rule's where that is earlier, counts."""
    rules = [None, *(rule.countries[0] for rule in sync.opt_out_deadlines.rules)]
    until = min(due(since, country, sync.opt_out_deadlines) for country in rules)
    return Waiting(what, where, since, until)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def by_kind(waiting: Sequence[Waiting]) -> dict[str, int]:
    """How many entries of each kind are open."""
    return dict(Counter(entry.what for entry in waiting))
