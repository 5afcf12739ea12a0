"""Every opt-out on its way: first seen where and when, on the other side when, due when. Reads only.

An opt-out of Gigya's has reached CheetahMail when a file with it lies in the outbox. It is confirmed when the import
report says that CheetahMail took it, when its echo comes back, or when a row of CheetahMail's shows it; one of
CheetahMail's has reached Gigya when Gigya took it. What a report refuses is open again until a later file carries it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from gigya_cheetah_assets.clock.deadlines import due
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.config.deadlines import OptOutDeadlines
from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.ledger.confirmations import Confirmed, confirmations
from gigya_cheetah_assets.ledger.import_results import FileResult, RefusedOptOut, refused, results
from gigya_cheetah_assets.ledger.open_opt_outs import waiting_opt_outs
from gigya_cheetah_assets.ledger.opt_out_log import LoggedOptOut, cells_of, files_begun, logged_opt_outs
from gigya_cheetah_assets.outbound.summary import DeliverySummary, RowsSummary
from gigya_cheetah_assets.store import folders, summary
from gigya_cheetah_assets.store.batches import read_batches

UNSUBSCRIBES = "unsubscribes"
# As far before its start as a window may read at most, ms.
_OVERLAP = 3_600_000


@dataclass(frozen=True)
class OptOut:
    """One opt-out. Times are epoch ms; None where they are not known.

    Attributes:
        side: Where it came up: `gigya` or `cheetahmail`.
        uid: Whose; None of who was erased.
        subscription: Its column.
        before: The state until then, as far as the ledger knew it.
        decided_at: When the person decided.
        seen_at: When this project first saw it.
        seen_in: The window, or the file's name.
        line: Of the file.
        since: From when on its clock runs: the person's own time. An old decision that a window tells again, or an
            initial load for the first time, counts from when it was seen.
        due: By when it must be on the other side.
        reached_at: When it got there; None while it is open.
        confirmed_at: When the other side said so.
        fate: What became of it, in a word or two.
    """

    side: str
    uid: str | None
    subscription: str
    before: str | None
    decided_at: int | None
    seen_at: int
    seen_in: str
    line: int | None
    since: int
    due: int
    reached_at: int | None
    confirmed_at: int | None
    fate: str


@dataclass
class OptOuts:
    """The opt-outs of one sync.

    Args:
        sync: The sync.
        ledger: Read only.
        data: The folder of all data.
    """

    sync: Sync
    ledger: Ledger
    data: Path
    _again: dict[tuple[str | None, str], OptOut] = field(default_factory=dict)

    def since(self, since: int) -> Iterator[list[OptOut]]:
        """Batch by batch all that is open, and what reached the other side since a time (epoch ms)."""
        yield self._from_cheetahmail()
        yield from self._undelivered()
        told = _Told.of(self.ledger, self.sync)
        begun = files_begun(self.ledger, self.sync.name)
        for page in logged_opt_outs(self.ledger, self.sync.name, since=since):
            countries = self._countries([one.uid for one in page])
            made = [self._logged(one, country, told, begun) for one, country in zip(page, countries, strict=True)]
            yield [settled for one in self._confirmed(made) for settled in self._but_refused(one)]
        yield [*self._again.values()]

    def _countries(self, uids: list[str | None]) -> list[str | None]:
        return cells_of(self.ledger, self.sync.name, self.sync.opt_out_deadlines.country_column, uids)

    def _from_cheetahmail(self) -> list[OptOut]:
        """What came in a file and Gigya does not have."""
        deadlines = self.sync.opt_out_deadlines
        return [
            OptOut(
                "cheetahmail", one.uid, one.subscription, None, one.decided_at, one.seen_at, one.source, one.line,
                since := _earlier(one.decided_at, one.seen_at), _due(since, one.country, deadlines),
                None, None, one.fate,
            )
            for one in waiting_opt_outs(self.ledger, self.sync.name, deadlines.country_column)
        ]  # fmt: skip

    def _undelivered(self) -> Iterator[list[OptOut]]:
        """What windows have found in Gigya and nobody has delivered."""
        root = self.data / self.sync.name
        for path in sorted((root / folders.ROWS).glob(f"[!.]*/{folders.SUMMARY}")):
            stamp = path.parent.name
            if (root / folders.FILES / stamp / folders.SUMMARY).is_file():
                continue
            seen = summary.read(path.parent, RowsSummary).seen_at
            for batch in read_batches(path.parent / f"{UNSUBSCRIBES}.parquet"):
                yield self._of_rows(batch.to_pylist(), stamp, seen)

    def _of_rows(self, rows: list[dict[str, str]], stamp: str, seen: int) -> list[OptOut]:
        key = next(one.cheetahmail for one in self.sync.fields if one.key)
        rows = [row for row in rows if row["REASON"] == "opt_out"]
        countries = self._countries([row[key] for row in rows])
        found = {}
        for row, country in zip(rows, countries, strict=True):
            decided = _moment(row["OPTOUT_DATE"])
            since = _of_window(decided, seen, stamp)
            found[row[key], row["LIST_ID"]] = OptOut(
                "gigya", row[key], row["LIST_ID"], None, decided, seen, stamp, None,
                since, _due(since, country, self.sync.opt_out_deadlines), None, None, "not delivered",
            )  # fmt: skip
        return [*found.values()]

    def _logged(self, one: LoggedOptOut, country: str | None, told: _Told, begun: Mapping[str, int]) -> OptOut:
        ours = one.side == "gigya"
        seen = self._window_seen(one.source) if ours else begun.get(one.source, 0)
        seen = min(max(seen, one.decided_at or 0), one.logged_at) if seen else one.logged_at
        since = _of_window(one.decided_at, seen, one.source) if ours else _earlier(one.decided_at, seen)
        until = _due(since, country, self.sync.opt_out_deadlines)
        reached: int | None = one.logged_at
        confirmed, fate = told.of_delivery(one) if ours else (one.logged_at, "applied")
        if fate.startswith("refused"):
            reached = None
        return OptOut(
            one.side, one.uid, one.subscription, one.before, one.decided_at, seen, one.source, one.line, since, until,
            reached, confirmed, fate,
        )  # fmt: skip

    def _confirmed(self, made: list[OptOut]) -> list[OptOut]:
        """Those that no report has confirmed, by what CheetahMail showed since."""
        waits = sorted({one.uid for one in made if one.fate == "delivered" and one.uid is not None})
        shown = confirmations(self.ledger, self.sync.name, waits) if waits else {}
        return [_by_what_was_shown(one, shown) if one.fate == "delivered" else one for one in made]

    def _but_refused(self, one: OptOut) -> Iterator[OptOut]:
        """Keeps a refused one back until all is read: a later file may have carried it, or been refused as well."""
        earlier = self._again.pop((one.uid, one.subscription), None)
        if one.reached_at is None:
            # It is the same opt-out still, and its time has run since it was first seen.
            self._again[one.uid, one.subscription] = one if earlier is None else replace(earlier, fate=one.fate)
            return
        if earlier is not None:
            yield replace(earlier, reached_at=one.reached_at, confirmed_at=one.confirmed_at, fate="refused, told again")
        yield one

    @cache  # noqa: B019 - of one reading, which soon is over
    def _window_seen(self, stamp: str) -> int:
        folder = folders.asset_folder(self.data, self.sync.name, folders.FILES, stamp)
        if not (folder / folders.SUMMARY).is_file():
            return 0
        return summary.read(folder, DeliverySummary).seen_at

    def __hash__(self) -> int:
        return id(self)


@dataclass(frozen=True)
class _Told:
    """What CheetahMail reported."""

    refused: Mapping[tuple[str, str, str], RefusedOptOut]
    files: Mapping[str, FileResult]

    @classmethod
    def of(cls, ledger: Ledger, sync: Sync) -> _Told:
        by_window = {one.window: one for one in results(ledger, sync.name).values() if one.kind == UNSUBSCRIBES}
        return cls(refused(ledger, sync.name), by_window)

    def of_delivery(self, one: LoggedOptOut) -> tuple[int | None, str]:
        """When CheetahMail confirmed it, and its fate; a report of before is about an earlier run of the window."""
        known = self.refused.get((one.source, one.uid or "", one.subscription))
        if known is not None and known.reported_at >= one.logged_at:
            return None, f"refused: {known.reason}"
        report = self.files.get(one.source)
        if report is None or report.reported_at < one.logged_at:
            return None, "delivered"
        return report.reported_at, "imported"


def _by_what_was_shown(one: OptOut, shown: Confirmed) -> OptOut:
    since = [told for told in shown.get((one.uid or "", one.subscription), []) if told[0] >= (one.reached_at or 0)]
    return replace(one, confirmed_at=min(since)[0], fate=min(since)[1]) if since else one


def _due(since: int, country: str | None, deadlines: OptOutDeadlines) -> int:
    return int(due(datetime.fromtimestamp(since / 1000, UTC), country, deadlines).timestamp() * 1000)


def _earlier(decided: int | None, seen: int) -> int:
    return seen if decided is None else min(decided, seen)


def _of_window(decided: int | None, seen: int, stamp: str) -> int:
    """A window finds what was decided in it; what is older is told again."""
    start = int(datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp() * 1000)
    return seen if decided is None or decided < start - _OVERLAP else min(decided, seen)


def _moment(stamp: str) -> int | None:
    if not stamp:
        return None
    return int(datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp() * 1000)
