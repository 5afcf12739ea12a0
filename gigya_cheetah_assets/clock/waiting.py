"""What is open on the clock: opt-outs one by one, and files and windows of which nobody knows yet what they hold.

A feed that must come daily and stays away is open time too: CheetahMail sends no file when it has no events. The canary
(`canary`) tells that from a fault. A delivered file of opt-outs of which no import report comes is open time as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gigya_cheetah_assets.clock import canary
from gigya_cheetah_assets.clock.deadlines import due, spent
from gigya_cheetah_assets.clock.opt_outs import UNSUBSCRIBES, OptOut, OptOuts
from gigya_cheetah_assets.clock.table import TableWriter
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.inbound.arrivals import LATEST, arrivals
from gigya_cheetah_assets.inbound.offers import all_offers
from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.ledger.consents import OPT_IN
from gigya_cheetah_assets.ledger.import_results import results
from gigya_cheetah_assets.outbound.window import last_ended, length, window_of
from gigya_cheetah_assets.store import folders

_CONSENT_FEEDS = ("unsubscribes", "profiles", "full_extract")
_WINDOWS_LOOKED_AT = 24 * 62
_DAY = timedelta(days=1)
MOST_KEPT = 1_000
"""Single opt-outs that a reading holds; all of them are counted, and stand in the table."""


@dataclass(frozen=True)
class Waiting:
    """Something that holds opt-outs, or may.

    Attributes:
        what: `opt_out` (one of a person), `file`, `window`, `feed` or `report`.
        where: Subscription and fate, name of the partition, feed, or file that nobody reported on.
        since: From when on the clock runs.
        due: By when it must be done.
    """

    what: str
    where: str
    since: datetime
    due: datetime


@dataclass
class ClockReading:
    """The clock at one moment.

    Attributes:
        now: The moment.
        waiting: What is open besides opt-outs of people, the earliest due first, and of those the `MOST_KEPT` earliest.
        open: Open opt-outs, by the side where they came up.
        closed: Opt-outs that reached the other side in the last day, by side.
        slowest_seconds: The longest way of those who were opted in before, by side.
        oldest_seconds: Age of the oldest open entry; 0 when none is open.
        spent: The greatest share of its time that an open entry has used up; 0 when none is open.
    """

    now: datetime
    waiting: list[Waiting] = field(default_factory=list)
    open: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    slowest_seconds: dict[str, float] = field(default_factory=dict)
    oldest_seconds: float = 0.0
    spent: float = 0.0

    def add(self, found: Iterable[Waiting]) -> None:
        """Takes what is open."""
        for entry in found:
            self.oldest_seconds = max(self.oldest_seconds, (self.now - entry.since).total_seconds())
            self.spent = max(self.spent, spent(entry.since, entry.due, self.now))
            self.waiting.append(entry)
        self.waiting.sort(key=lambda entry: entry.due)
        people = [entry for entry in self.waiting if entry.what == "opt_out"]
        for entry in people[MOST_KEPT:]:
            self.waiting.remove(entry)

    def count(self, opt_outs: Iterable[OptOut]) -> None:
        """Takes opt-outs of people, open and closed."""
        found = list(opt_outs)
        self.add(_of_person(one) for one in found if one.reached_at is None)
        self.open.update(one.side for one in found if one.reached_at is None)
        yesterday = _ms(self.now - _DAY)
        for one in found:
            if one.reached_at is None or one.reached_at < yesterday:
                continue
            self.closed[one.side] += 1
            if one.before == OPT_IN:
                way = max(0, one.reached_at - one.since) / 1000
                self.slowest_seconds[one.side] = max(self.slowest_seconds.get(one.side, 0.0), way)


def read_clock(
    sync: Sync, ledger: Ledger, *, data: Path, now: datetime, table: TableWriter | None = None
) -> ClockReading:
    """Looks at everything that is open now.

    Args:
        sync: The sync.
        ledger: Read only.
        data: The folder of all data.
        now: Now, with a zone.
        table: Takes every opt-out that is open, or reached the other side in the last `retention_days`.
    """
    reading = ClockReading(now)
    kept = timedelta(days=sync.retention_days) if table is not None else _DAY
    for opt_outs in OptOuts(sync, ledger, data).since(_ms(now - kept)):
        reading.count(opt_outs)
        if table is not None:
            table.add(opt_outs)
    reading.add(
        [*_files(sync, data), *_windows(sync, data, now), *_feeds(sync, data, now), *_reports(sync, ledger, now)]
    )
    return reading


def _of_person(one: OptOut) -> Waiting:
    moments = (datetime.fromtimestamp(at / 1000, UTC) for at in (one.since, one.due))
    return Waiting("opt_out", f"{one.subscription}, {one.fate}", *moments)


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
    for arrival in arrivals(data, sync, sync.inbound_files, now=now, proof=canary.last_return(data, sync)):
        if arrival.late and arrival.kind in _CONSENT_FEEDS and arrival.due is not None:
            yield _of_unknown(sync, "feed", arrival.kind, arrival.due - LATEST)


def _reports(sync: Sync, ledger: Ledger, now: datetime) -> Iterable[Waiting]:
    """Delivered files of opt-outs on which CheetahMail has not reported within a day and two hours."""
    if sync.inbound_files is None or sync.inbound_files.import_reports is None:
        return
    reported = results(ledger, sync.name)
    newest = {delivery.window: delivery for delivery in ledger.deliveries(sync.name)}
    for delivery in newest.values():
        at = datetime.fromtimestamp(delivery.recorded_at / 1000, UTC)
        if not LATEST <= now - at <= timedelta(days=sync.retention_days):
            continue
        for file in delivery.files:
            if file.kind == UNSUBSCRIBES and file.name not in reported:
                yield _of_unknown(sync, "report", file.name, at)


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
