"""The rows of one file -> what has to change in Gigya, account by account, entered into the ledger as pending items.

Part by part, so that memory stays flat: a part holds all rows of its people. The folder keeps `changes.parquet` (the
decisions), the rejects and `summary.json`; killed and made again it comes out the same. Merging one person is in
`person`, calling Gigya to write in `updates`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time
from typing import Self

import pyarrow as pa

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.gigya import GigyaClient
from gigya_cheetah_assets.inbound import deleted, mailboxes
from gigya_cheetah_assets.inbound.accounts import Account
from gigya_cheetah_assets.inbound.change_counts import ChangeSetSummary, Counts
from gigya_cheetah_assets.inbound.everybody import Everybody
from gigya_cheetah_assets.inbound.feeds import Feed, feed_of
from gigya_cheetah_assets.inbound.naming import Naming
from gigya_cheetah_assets.inbound.nobody import Nobody
from gigya_cheetah_assets.inbound.oscillation import at_rest
from gigya_cheetah_assets.inbound.person import (
    UNKNOWN_UID,
    Row,
    merged_items,
    only_opt_outs,
    opt_outs_of,
    planned,
)
from gigya_cheetah_assets.inbound.read import ACKNOWLEDGED, EVENTS, InboundRead
from gigya_cheetah_assets.inbound.rejects import LineRejects
from gigya_cheetah_assets.inbound.rules import lite_rules_of, rules_of
from gigya_cheetah_assets.inbound.take import state_of
from gigya_cheetah_assets.ledger import (
    Base,
    InboundState,
    Item,
    Ledger,
    ParkedOptOut,
    Tombstones,
    correct_late_opt_outs,
)
from gigya_cheetah_assets.ledger.turns import Turns
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound.spool import Spool, parts_for
from gigya_cheetah_assets.progress import Progress
from gigya_cheetah_assets.store import folders, steps, summary
from gigya_cheetah_assets.store.batches import LazyParquet, read_batches

CHANGES = pa.schema(
    [
        ("uid", pa.string()), ("line", pa.int64()), ("column", pa.string()), ("before", pa.string()),
        ("value", pa.string()), ("loser", pa.string()), ("write", pa.bool_()), ("conflict", pa.bool_()),
        ("rule", pa.string()),
    ]
)  # fmt: skip
# Opt-outs that waited on the address of an account which has come up: forgotten once its item is settled.
WAITED = pa.schema([("uid", pa.string()), ("address", pa.string()), ("subscription", pa.string())])
WAITED_FILE = "waited.parquet"
_PART_ROWS = 10_000
_SILENT = ("bounces", "import_reports")
_OF_VALUES = ("profiles", "full_extract", "address_changes")


def make_change_set(
    client: GigyaClient,
    sync: Sync,
    table: FieldTable,
    partition: str,
    *,
    data: Path,
    ledger: Ledger,
    report: Callable[[str], object],
) -> ChangeSetSummary:
    """Makes the change set of a file whose rows are finished.

    Raises:
        GigyaUnavailable: The site did not answer within its budget.
        StopSync: The rows are not there.
    """
    rows = folders.finished(folders.asset_folder(data, sync.name, folders.INBOUND_ROWS, partition))
    read = summary.read(rows, InboundRead)
    feed = feed_of(read.kind, sync, table, now=int(time() * 1000))
    state = state_of(ledger, sync, table)
    everybody = Everybody(client, sync, table, ledger=ledger, state=state)
    record = state.record(read.sha256)
    done = record is not None and record.status == "done"
    target = folders.asset_folder(data, sync.name, folders.CHANGE_SET, partition)
    if done and (target / folders.SUMMARY).is_file():
        # This very file was applied: what it asked stands there, and asking again would find nothing.
        return summary.read(target, ChangeSetSummary)
    stones = Tombstones(ledger, sync.name)
    with (
        folders.building(target) as building,
        _Maker(feed, everybody, state=state, stones=stones, folder=building, read=read) as maker,
    ):
        if done:
            maker.counts.ignored["content_was_applied_before"] = read.events
        elif read.kind in _SILENT:
            maker.counts.ignored["says_nothing_of_an_account"] = read.events
        else:
            maker.make(rows / EVENTS, Progress("rows merged", read.events, report))
            maker.counts.told += _corrected(ledger, state, sync, rows / ACKNOWLEDGED, read.sha256)
        maker.close()
        result = maker.counts.summary(partition, read, already_done=done, population=ledger.population(sync.name))
        summary.write(building, result)
    return result


def _corrected(ledger: Ledger, state: InboundState, sync: Sync, acknowledged: Path, sha256: str) -> int:
    """Corrections for whom CheetahMail opted out by our order after they had come back."""
    corrected = 0
    for batch in read_batches(acknowledged):
        told: dict[tuple[str, str], int] = {}
        for row in batch.to_pylist():
            one = (row["uid"], row["subscription"])
            told[one] = max(row["at"], told.get(one, row["at"]))
        corrected += correct_late_opt_outs(ledger, state, sync.name, told, sha256=sha256)
    return corrected


@dataclass(frozen=True)
class _Lookups:
    """What a part's people need: accounts, UIDs of who registered, who has an address, opt-outs that wait on one."""

    accounts: dict[str, Account]
    registered: dict[str, str]
    holders: dict[str, set[str]]
    parked: dict[str, list[ParkedOptOut]]


class _Maker:
    """Takes the rows of a file part by part; holds its counts."""

    def __init__(
        self,
        feed: Feed,
        everybody: Everybody,
        *,
        state: InboundState,
        stones: Tombstones,
        folder: Path,
        read: InboundRead,
    ) -> None:
        self.counts = Counts(feed.subscriptions)
        self._feed, self._state, self._read = feed, state, read
        self._stones = stones
        self._rules = rules_of(feed)
        self._lite_rules = lite_rules_of(feed)
        self._everybody = everybody
        self._email = feed.table.email.cheetahmail
        self._folder = folder
        self._changes = LazyParquet(folder / "changes.parquet")
        self._rejects = LineRejects(folder)
        self._waited = LazyParquet(folder / WAITED_FILE)
        self._late: list[Row] = []
        self._sent: dict[str, Item] = {}
        self._nobody = Nobody(feed, everybody, self.counts, self._rejects, state=state, stones=stones, read=read)
        self._naming = Naming(feed, everybody, self._nobody, state)

    def make(self, events: Path, progress: Progress) -> None:
        """All rows of the file; the ledger's plan is renewed as a whole, but for what a killed run has sent."""
        self._sent = {item.uid: item for item in self._state.items(self._read.sha256, fate="sent")}
        self._state.plan_anew(self._read.sha256)
        with TemporaryDirectory(dir=self._folder) as scratch:
            self._nobody.gathers_in(Path(scratch))
            spool = self._spooled(events, Path(scratch))
            for part in spool.read(spool.parts) if spool is not None else ():
                self._part(part.to_pylist())
                progress.add(len(part))
            if self._late:
                # At the end, for a part that came later would have replaced the items of these accounts.
                self._part(self._late, late=True)
            for items in self._nobody.newcomers():
                self._plan(items)

    def close(self) -> None:
        """Closes the files."""
        self._changes.close()
        self._rejects.close()
        self._waited.close()
        self.counts.reasons = self._rejects.reasons

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _spooled(self, events: Path, folder: Path) -> Spool | None:
        """The rows by person, whatever key or address they name her by."""
        spool: Spool | None = None
        for batch in read_batches(events):
            if spool is None:
                parts = parts_for(self._read.events, _PART_ROWS)
                spool = Spool(folder, "rows", batch.schema, key="uid", parts=parts)
            spool.add(self._naming.named(batch))
        return spool

    def _part(self, rows: list[Row], *, late: bool = False) -> None:
        """One part: its items go into the ledger."""
        people: dict[str, list[Row]] = {}
        for row in rows:
            people.setdefault(row["uid"], []).append(row)
        found = self._look_up(people)
        if not late:
            self._late += [{**row, "uid": uid} for key, uid in found.registered.items() for row in people.pop(key)]
        unknown = [row for uid, theirs in people.items() if uid not in found.accounts for row in theirs]
        self._unknown(unknown, late=late)
        people = self._living({uid: people[uid] for uid in found.accounts})
        bases = self._state.bases(sorted(found.accounts))
        turns, ended = self._turns(sorted(found.accounts)), self._mail_ended(people)
        items = [
            self._item(found, bases[uid], turns, people[uid], uid=uid, undeliverable=ended.get(uid, ()))
            for uid in sorted(found.accounts)
        ]
        if late:
            before = {item.uid: item for item in self._state.pending(self._read.sha256)}
            items = [merged_items(before[item.uid], item) if item.uid in before else item for item in items]
        self._plan(items)
        self._waited.add(pa.Table.from_pylist(list(_waited(found.parked)), schema=WAITED))

    def _plan(self, items: list[Item]) -> None:
        self._state.plan_more(self._read.sha256, items)
        steps.reached(steps.ITEMS_PLANNED)
        self._changes.add(pa.Table.from_pylist(list(_lines(items)), schema=CHANGES))

    def _mail_ended(self, people: dict[str, list[Row]]) -> dict[str, set[str]]:
        """Notes to whom mail ended, and tells by UID on which subscriptions it has."""
        ended, again = list(mailboxes.ended(people, self._read.name)), list(mailboxes.mailed_again(self._feed, people))
        if ended or again:
            self._state.mail_ended(ended, again)
        self.counts.mail_ended += len(ended)
        return self._state.undeliverable(sorted(people))

    def _living(self, people: dict[str, list[Row]]) -> dict[str, list[Row]]:
        """The rows of accounts without what is said of somebody who was deleted."""
        rows = [row for theirs in people.values() for row in theirs]
        stones = self._stones.of(people, (row["email"] for row in rows))
        if not stones:
            return people
        kept = {uid: deleted.of_accounts(self._feed, theirs, stones) for uid, theirs in people.items()}
        self._nobody.refuse([row for each in kept.values() for row in each.deleted], deleted.DELETED)
        return {uid: each.living for uid, each in kept.items()}

    def _look_up(self, people: dict[str, list[Row]]) -> _Lookups:
        everybody = self._everybody.read(sorted(people))
        accounts = everybody.accounts
        addresses = {uid: (account.cells.get(self._email) or "").lower() for uid, account in accounts.items()}
        spoken = {((row["email"] or "").strip().lower(), uid) for uid, rows in people.items() for row in rows}
        foreign = sorted({address for address, uid in spoken if address and addresses.get(uid) != address})
        holders = self._everybody.holders(foreign)
        parked: dict[str, list[ParkedOptOut]] = {}
        uid_of = {address: uid for uid, address in addresses.items() if address}
        for opt_out in self._state.parked(uid_of):
            parked.setdefault(uid_of[opt_out.address], []).append(opt_out)
        return _Lookups(accounts, everybody.registered, holders, parked)

    def _turns(self, uids: list[str]) -> Turns:
        """What was written to them before, where the file may ask for more than consent."""
        if self._feed.kind not in _OF_VALUES:
            return Turns()
        return self._state.turns(uids, besides=self._read.sha256)

    def _item(
        self,
        found: _Lookups,
        bases: dict[str, Base],
        turns: Turns,
        rows: list[Row],
        *,
        uid: str,
        undeliverable: Collection[str],
    ) -> Item:
        done = planned(
            self._feed,
            self._lite_rules if self._feed.table.is_lite_key(uid) else self._rules,
            rows,
            found.accounts[uid],
            bases,
            parked=found.parked.get(uid, ()),
            undeliverable=undeliverable,
            holders=found.holders,
        )
        item = self._unless_sent(done.item, found.accounts[uid])
        done = replace(done, item=at_rest(item, turns))
        self._nobody.reject(done.rejects)
        self._state.tell_anew(done.doubtful)
        self.counts.add(done, rows=len(rows))
        return done.item

    def _unless_sent(self, item: Item, account: Account) -> Item:
        """What a killed run has written of it: merged with the account as it is now, nothing would be left to tell."""
        sent = self._sent.get(item.uid)
        if sent is None:
            return item
        if all(account.holds(change) for change in sent.changes if change.write):
            return sent
        self._state.recall(self._read.sha256, [item.uid])
        return item

    def _unknown(self, rows: list[Row], *, late: bool) -> None:
        """Rows of UIDs without an account: an opt-out follows its address, anything else is nobody's."""
        rest = [row for row in rows if self._nobody.is_begun(row)]
        rows = [row for row in rows if not self._nobody.is_begun(row)]
        owners = {} if late else self._everybody.whose(row["email"] for row in rows if opt_outs_of(self._feed, row))
        for row in rows:
            owner = owners.get((row["email"] or "").strip().lower())
            if owner is not None and opt_outs_of(self._feed, row):
                self._late.append({**only_opt_outs(self._feed, row), "uid": owner})
            else:
                rest.append(row)
        self._nobody.add(rest, UNKNOWN_UID)


def _lines(items: list[Item]) -> Iterator[dict[str, object]]:
    for item in items:
        for change in item.changes:
            yield {"uid": item.uid, **{name: getattr(change, name) for name in CHANGES.names if name != "uid"}}


def _waited(parked: dict[str, list[ParkedOptOut]]) -> Iterator[dict[str, object]]:
    for uid, opt_outs in parked.items():
        for opt_out in opt_outs:
            yield {"uid": uid, "address": opt_out.address, "subscription": opt_out.subscription}
