"""How far each inbound file has come: a kill resumes where it was, and the same content is known again.

A file is begun, its change set is planned, each item is settled once, the file is finished. What an item changed is
agreed on in the same transaction as its fate, so the next outbound window does not send it back; and its decisions go
into the consent log there. Calling Gigya is the caller's.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger import asked, parked, undeliverable
from gigya_cheetah_assets.ledger.agreement import INBOUND, Agreement, read_bases
from gigya_cheetah_assets.ledger.consent_log import ConsentLog
from gigya_cheetah_assets.ledger.deliveries import set_head
from gigya_cheetah_assets.ledger.errors import LedgerUnusable
from gigya_cheetah_assets.ledger.inbound_items import (
    OPEN,
    Change,
    Fate,
    InboundFile,
    InboundRecord,
    Item,
    ParkedOptOut,
    Settlement,
    Status,
)
from gigya_cheetah_assets.ledger.item_decisions import decisions
from gigya_cheetah_assets.ledger.item_rows import ItemRows
from gigya_cheetah_assets.ledger.lookup import head
from gigya_cheetah_assets.ledger.shape import RowShape
from gigya_cheetah_assets.ledger.sides import Base
from gigya_cheetah_assets.ledger.store import Ledger
from gigya_cheetah_assets.ledger.tables import inbound_files
from gigya_cheetah_assets.ledger.turns import Turns, turns_of
from gigya_cheetah_assets.ledger.undeliverable import Ended


class InboundState:
    """The inbound side of one sync's ledger.

    Args:
        ledger: The open ledger; inside its `writing` block everything takes part in that transaction.
        sync: Name of the sync.
        shape: Names of its columns.
    """

    def __init__(self, ledger: Ledger, sync: str, shape: RowShape) -> None:
        self._ledger = ledger
        self._sync = sync
        self._shape = shape

    def begin(self, file: InboundFile) -> InboundRecord:
        """Enters a file, or finds it: by content, whatever its name now. A refused one is open again.

        Returns:
            What is known of it; a file whose status is `done` needs no work any more.
        """
        with self._ledger.transaction(self._sync) as (connection, _):
            known = self._record(connection, file.sha256)
            if known is not None and known.status != "refused":
                return known
            if known is not None:
                reopened = {"status": "open", "kind": file.kind, "finished_at": None}
                connection.execute(sa.update(inbound_files).where(*self._which(file.sha256)).values(**reopened))
                return replace(known, status="open", finished_at=None)
            entered = InboundRecord(file, "open", {}, _now(), None)
            connection.execute(
                inbound_files.insert().values(
                    sync=self._sync, sha256=file.sha256, name=file.name, kind=file.kind, size=file.size,
                    status=entered.status, counts={}, begun_at=entered.begun_at,
                )
            )  # fmt: skip
            return entered

    def record(self, sha256: str) -> InboundRecord | None:
        """What is known of a file."""
        with self._ledger.snapshot() as (connection, _):
            return self._record(connection, sha256)

    def plan(self, sha256: str, items: Iterable[Item]) -> None:
        """Enters the change set of a file as a whole; a new one replaces what is still pending, all else stays.

        Items may come with a fate: those that were rejected or parked before Gigya was asked.
        """
        with self._ledger.writing(self._sync):
            self.plan_anew(sha256)
            self.plan_more(sha256, items)

    def plan_anew(self, sha256: str) -> None:
        """Forgets what is still pending of a file; `plan_more` then enters the new change set, batch by batch."""
        with self._ledger.transaction(self._sync) as (connection, _):
            self._items(connection, sha256).forget_pending()

    def plan_more(self, sha256: str, items: Iterable[Item]) -> None:
        """Enters some items of a change set; one of a person who is pending already takes that one's place."""
        entered = {item.uid: item for item in items}
        with self._ledger.transaction(self._sync) as (connection, mark):
            name = self._name(connection, sha256)
            rows = self._items(connection, sha256)
            settled = rows.renewed(list(entered))
            new = [item for uid, item in entered.items() if uid not in settled]
            rows.enter(new, _now())
            asked.note(connection, self._sync, sha256, new)
            early = [item for item in new if item.fate != "pending"]
            _log(ConsentLog(connection, mark, self._sync), name, early)

    def pending(self, sha256: str) -> list[Item]:
        """The items that are planned only, in the order of their lines. Those that do not `write` ask nothing."""
        return self.items(sha256, fate="pending")

    def sending(self, sha256: str, uids: Sequence[str]) -> None:
        """Notes that the pending items of some people are on their way to Gigya.

        Who finds one sent, and the account as it asks, knows that a killed run wrote it and not the person.
        """
        with self._ledger.transaction(self._sync) as (connection, _):
            self._items(connection, sha256).turn(uids, "pending", "sent")

    def recall(self, sha256: str, uids: Sequence[str]) -> None:
        """Notes that what was sent of some people did not arrive, or does not stand any more."""
        with self._ledger.transaction(self._sync) as (connection, _):
            self._items(connection, sha256).turn(uids, "sent", "pending")

    def pending_batches(self, sha256: str, size: int) -> Iterator[list[Item]]:
        """The items that are not settled yet, by UID, a batch at a time; each is given once, settled or not."""
        last = ""
        while True:
            with self._ledger.snapshot() as (connection, _):
                found = self._items(connection, sha256).open_after(last, size)
            if not found:
                return
            last = found[-1].uid
            yield found

    def items(self, sha256: str, *, fate: Fate | None = None) -> list[Item]:
        """The items of a file in the order of their lines; of one fate if it is given."""
        with self._ledger.snapshot() as (connection, _):
            return self._items(connection, sha256).read(fate)

    def settle(self, sha256: str, settlements: Iterable[Settlement]) -> int:
        """Settles items, all of them in one transaction; an item that is settled already stays as it is.

        Of those applied or unchanged, what both sides now have becomes the agreed state of the person.

        Returns:
            How many were settled.

        Raises:
            LedgerBusy: Another run writes this sync's ledger.
        """
        with self._ledger.transaction(self._sync) as (connection, mark):
            name, now = self._name(connection, sha256), _now()
            agreement = Agreement(connection, mark, self._sync, self._shape, f"{INBOUND}{sha256[:16]}", now)
            rows = self._items(connection, sha256)
            settled: list[Item] = []
            planned: list[str] = []
            moved = False
            for settlement in settlements:
                item = rows.settle(settlement, now)
                if item is None:
                    continue
                settled.append(item)
                planned.append(settlement.uid)
                if item.fate in ("applied", "unchanged"):
                    moved |= agreement.settle(item.uid, item.changes, settlement.updated, settlement.cells)
            asked.forget(connection, self._sync, sha256, planned)
            self._moved_on(connection, moved=moved)
            _log(ConsentLog(connection, mark, self._sync), name, settled)
            return len(settled)

    def tell_anew(self, uids: Iterable[str]) -> None:
        """People whose row CheetahMail may have given to somebody else: the next window tells them anew."""
        people = list(uids)
        if not people:
            return
        with self._ledger.transaction(self._sync) as (connection, mark):
            agreement = Agreement(connection, mark, self._sync, self._shape, f"{INBOUND}address", _now())
            for uid in people:
                agreement.tell_anew(uid)
            self._moved_on(connection)

    def correct(self, sha256: str, changes: Mapping[str, Sequence[Change]]) -> int:
        """Has the next window tell CheetahMail what stands, by UID the changes of which it holds the loser.

        Returns:
            How many people get a correction.
        """
        with self._ledger.transaction(self._sync) as (connection, mark):
            agreement = Agreement(connection, mark, self._sync, self._shape, f"{INBOUND}{sha256[:16]}", _now())
            moved = [uid for uid, lost in changes.items() if agreement.settle(uid, lost, None, {})]
            self._moved_on(connection, moved=bool(moved))
            items = [Item(uid, tuple(changes[uid]), fate="unchanged") for uid in moved]
            _log(ConsentLog(connection, mark, self._sync), self._name(connection, sha256), items)
            return len(moved)

    def finish(self, sha256: str, counts: Mapping[str, int], *, status: Status = "done") -> None:
        """Closes a file.

        Raises:
            LedgerUnusable: It is to be `done`, and items of it are still open.
        """
        with self._ledger.transaction(self._sync) as (connection, _):
            fates = self._items(connection, sha256).fates()
            open_items = sum(fates[fate] for fate in OPEN)
            if status == "done" and open_items:
                raise LedgerUnusable(
                    f"{self._sync}, inbound file {sha256[:16]}: wanted no open item at its end, found {open_items}",
                    next_step="materialize gigya_account_updates of this file again",
                )
            values = {"status": status, "counts": dict(counts), "finished_at": _now()}
            connection.execute(sa.update(inbound_files).where(*self._which(sha256)).values(**values))

    def fates(self, sha256: str) -> Counter[str]:
        """How many items of a file have which fate."""
        with self._ledger.snapshot() as (connection, _):
            return self._items(connection, sha256).fates()

    def bases(self, uids: Sequence[str]) -> dict[str, dict[str, Base]]:
        """What was agreed on with some people, for the merge: by UID, then column; without what never was."""
        baseline = self._ledger.baseline(self._sync, pa.array(uids, pa.string()), window="")
        with self._ledger.snapshot() as (connection, _):
            return read_bases(connection, self._sync, uids, baseline, self._shape)

    def turns(self, uids: Sequence[str], *, besides: str) -> Turns:
        """How often which plain value was written to these people by other files than this one (SHA-256)."""
        return turns_of(self._ledger, self._sync, uids, besides=besides)

    def park(self, opt_outs: Iterable[ParkedOptOut]) -> None:
        """Keeps opt-outs of addresses without an account; one without a time, or the latest, stays."""
        with self._ledger.transaction(self._sync) as (connection, _):
            for opt_out in opt_outs:
                parked.park(connection, self._sync, opt_out, _now())

    def parked(self, addresses: Iterable[str] | None = None) -> list[ParkedOptOut]:
        """The parked opt-outs; of some addresses only if they are given."""
        with self._ledger.snapshot() as (connection, _):
            return parked.read(connection, self._sync, addresses)

    def unpark(self, opt_outs: Iterable[ParkedOptOut]) -> None:
        """Forgets opt-outs that have found their account: together with what settles it, inside `Ledger.writing`."""
        with self._ledger.transaction(self._sync) as (connection, _):
            for opt_out in opt_outs:
                parked.unpark(connection, self._sync, opt_out)

    def _moved_on(self, connection: Connection, *, moved: bool = True) -> None:
        """Rows that outbound made before look whether they were overtaken, since the revision has moved on."""
        if moved:
            before = head(connection, self._sync)
            set_head(connection, self._sync, replace(before, revision=before.revision + 1))

    def mail_ended(self, ended: Iterable[Ended], again: Iterable[tuple[str, str]]) -> None:
        """Notes on which subscriptions mail to people ended, and to whom (UID, subscription) it goes again."""
        with self._ledger.transaction(self._sync) as (connection, _):
            undeliverable.note(connection, self._sync, ended)
            undeliverable.forget(connection, self._sync, again)

    def undeliverable(self, uids: Sequence[str]) -> dict[str, set[str]]:
        """The subscriptions on which mail to some people ended, by UID."""
        with self._ledger.snapshot() as (connection, _):
            return undeliverable.read(connection, self._sync, uids)

    def _which(self, sha256: str) -> tuple[sa.ColumnElement[bool], ...]:
        return inbound_files.c.sync == self._sync, inbound_files.c.sha256 == sha256

    def _items(self, connection: Connection, sha256: str) -> ItemRows:
        return ItemRows(connection, self._sync, sha256)

    def _record(self, connection: Connection, sha256: str) -> InboundRecord | None:
        query = sa.select(inbound_files).where(*self._which(sha256))
        row = connection.execute(query).first()
        if row is None:
            return None
        file = InboundFile(row.sha256, row.name, row.kind, row.size)
        return InboundRecord(file, row.status, row.counts, row.begun_at, row.finished_at)

    def _name(self, connection: Connection, sha256: str) -> str:
        known = self._record(connection, sha256)
        if known is None:
            raise LedgerUnusable(
                f"{self._sync}: inbound file {sha256[:16]} was never begun",
                next_step="materialize inbound_rows of this file again",
            )
        return known.file.name


def _log(log: ConsentLog, source: str, items: Sequence[Item]) -> None:
    log.append(decisions(items, source), _now())


def _now() -> int:
    return time.time_ns() // 1_000_000
