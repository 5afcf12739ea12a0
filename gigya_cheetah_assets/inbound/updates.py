"""A change set -> the accounts in Gigya, and the fate of each item.

Batch by batch: the accounts are read again, written in parallel, and what became of them is settled in the ledger in
one transaction. A kill leaves what was settled settled; what was sent and not settled is read again and, if the account
has it, applied. The folder holds `fates.parquet`, the rejects and `summary.json`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import msgspec
import pyarrow as pa

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.errors import StopSync
from gigya_cheetah_assets.gigya import GigyaClient
from gigya_cheetah_assets.inbound.account_write import MOVED_ON, AccountWriter, Written
from gigya_cheetah_assets.inbound.accounts import IN_FLIGHT, Account
from gigya_cheetah_assets.inbound.change_counts import ChangeSetSummary
from gigya_cheetah_assets.inbound.change_set import WAITED_FILE
from gigya_cheetah_assets.inbound.create import Creator
from gigya_cheetah_assets.inbound.doors import FullDoor, LiteDoor
from gigya_cheetah_assets.inbound.everybody import Everybody
from gigya_cheetah_assets.inbound.lite_accounts import LiteFound
from gigya_cheetah_assets.inbound.newcomers import is_new
from gigya_cheetah_assets.inbound.parse import REJECTS
from gigya_cheetah_assets.inbound.rejects import LineRejects
from gigya_cheetah_assets.inbound.take import state_of
from gigya_cheetah_assets.ledger import InboundState, Item, Ledger, ParkedOptOut, Settlement
from gigya_cheetah_assets.ledger.consents import OPT_OUT
from gigya_cheetah_assets.ledger.inbound_items import OPEN
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.progress import Progress
from gigya_cheetah_assets.store import folders, steps, summary
from gigya_cheetah_assets.store.batches import LazyParquet, read_batches

_BATCH = 500
FATES = pa.schema(
    [("uid", pa.string()), ("line", pa.int64()), ("fate", pa.string()), ("code", pa.string()), ("columns", pa.string())]
)


class UpdatesSummary(msgspec.Struct, kw_only=True, frozen=True):
    """What became of a change set; items = applied + unchanged + rejected + parked.

    Attributes:
        sha256: Of the file.
        items: Accounts that the change set is about.
        reasons: Rejected items by column (a field of Gigya's, if it named one) and code.
        written: Columns that this run wrote, with how many accounts.
        calls: Accounts that this run worked on; a repeated run finds most of them done.
    """

    sha256: str
    items: int
    applied: int
    unchanged: int
    rejected: int
    parked: int
    reasons: summary.Reasons
    written: dict[str, int]
    calls: int


def apply_updates(
    client: GigyaClient,
    sync: Sync,
    table: FieldTable,
    partition: str,
    *,
    data: Path,
    ledger: Ledger,
    report: Callable[[str], object],
    in_flight: int = IN_FLIGHT,
) -> UpdatesSummary:
    """Carries out what is still pending of a file's change set, and closes the file.

    Raises:
        StopSync: Accounts have changed since the change set was made: it has to be made again.
        GigyaUnavailable: The site did not answer within its budget; what was settled stays.
    """
    changes = summary.read(
        folders.finished(folders.asset_folder(data, sync.name, folders.CHANGE_SET, partition)), ChangeSetSummary
    )
    state = state_of(ledger, sync, table)
    run = _Run(client, table, sync, state=state, ledger=ledger, changes=changes, in_flight=in_flight)
    fates = state.fates(changes.sha256)
    run.work(Progress("accounts updated", sum(fates[fate] for fate in OPEN), report))
    if run.moved_on:
        raise StopSync(
            f"{sync.name}, {partition}: {run.moved_on} accounts changed since the change set was made",
            next_step="materialize inbound_change_set of this file again, then gigya_account_updates",
        )
    _forget_waited(folders.asset_folder(data, sync.name, folders.CHANGE_SET, partition), state, changes.sha256)
    target = folders.asset_folder(data, sync.name, folders.UPDATES, partition)
    with folders.building(target) as building:
        reasons = _write_fates(building, state.items(changes.sha256))
        fates = state.fates(changes.sha256)
        result = UpdatesSummary(
            sha256=changes.sha256,
            items=fates.total(),
            applied=fates["applied"],
            unchanged=fates["unchanged"],
            rejected=fates["rejected"],
            parked=fates["parked"],
            reasons=reasons,
            written=dict(sorted(run.written.items())),
            calls=run.calls,
        )
        state.finish(changes.sha256, dict(fates))
        steps.reached(steps.FILE_FINISHED)
        summary.write(building, result)
    return result


class _Answered(NamedTuple):
    """A batch whose answers are there: what became of its items, the accounts as they were read, calls."""

    written: list[Written]
    accounts: dict[str, Account]
    calls: int


class _Run:
    """One go over the open items."""

    def __init__(
        self,
        client: GigyaClient,
        table: FieldTable,
        sync: Sync,
        *,
        state: InboundState,
        ledger: Ledger,
        changes: ChangeSetSummary,
        in_flight: int,
    ) -> None:
        self.written: Counter[str] = Counter()
        self.moved_on = self.calls = 0
        self._everybody = Everybody(client, sync, table, ledger=ledger, state=state, in_flight=in_flight)
        full, lite = FullDoor(self._everybody.full, sync.gigya.lang), LiteDoor(table, self._everybody.lite)
        self._writer = AccountWriter(client, table, full=full, lite=lite)
        self._creator = Creator(client, sync, table, self._everybody)
        self._state, self._ledger, self._sync, self._changes = state, ledger, sync, changes
        self._email = table.email.cheetahmail
        self._in_flight = in_flight

    def work(self, progress: Progress) -> None:
        """Batch after batch; what could not be carried out stays pending.

        A batch is settled while the next one is on its way, so that the site is asked all the time.
        """
        with ThreadPoolExecutor(self._in_flight, thread_name_prefix="setAccountInfo") as threads:
            answered: _Answered | None = None
            for items in self._state.pending_batches(self._changes.sha256, _BATCH):
                uids = [item.uid for item in items if item.writes]
                found = self._everybody.read([uid for uid in uids if not is_new(uid)])
                self._state.sending(self._changes.sha256, uids)
                running = [threads.submit(self._written, item, found) for item in items]
                self._settle(answered, progress)
                answered = _Answered([one.result() for one in running], found.accounts, len(uids))
            self._settle(answered, progress)

    def _written(self, item: Item, found: LiteFound) -> Written:
        if is_new(item.uid):
            return self._creator.create(item)
        if item.uid in found.registered:
            return Written(item, "pending", MOVED_ON)
        return self._writer.write(item, found.accounts.get(item.uid))

    def _settle(self, answered: _Answered | None, progress: Progress) -> None:
        """What became of a batch, in one transaction; an opt-out that Gigya refused is kept on the address."""
        if answered is None:
            return
        written = answered.written
        now = self._everybody.full.mapped([done.document for done in written if done.document is not None])
        done = [_settlement(one, now.get(one.became or one.item.uid)) for one in written if one.fate != "pending"]
        refused = [one for one in written if one.fate == "rejected"]
        with self._ledger.writing(self._sync.name):
            self._state.settle(self._changes.sha256, done)
            self._state.recall(self._changes.sha256, [one.item.uid for one in written if one.fate == "pending"])
            self._state.park(self._refused(refused, answered.accounts))
        steps.reached(steps.ITEMS_SETTLED)
        self.moved_on += sum(one.fate == "pending" for one in written)
        for one in written:
            self.written.update(one.columns)
        self.calls += answered.calls
        progress.add(len(written))

    def _address(self, item: Item, accounts: dict[str, Account]) -> str | None:
        if is_new(item.uid):
            return next((change.value for change in item.changes if change.column == self._email), None)
        return accounts[item.uid].cells.get(self._email) if item.uid in accounts else None

    def _refused(self, rejected: Sequence[Written], accounts: dict[str, Account]) -> list[ParkedOptOut]:
        return [
            ParkedOptOut(address, change.column, change.at, self._changes.name, change.line)
            for one in rejected
            if (address := self._address(one.item, accounts))
            for change in one.item.changes
            if change.subscription and change.write and change.value == OPT_OUT
        ]


def _forget_waited(changes: Path, state: InboundState, sha256: str) -> None:
    """Opt-outs that waited on an address and are now decided on in its account wait no more."""
    waited = [row for batch in read_batches(changes / WAITED_FILE) for row in batch.to_pylist()]
    if not waited:
        return
    done = {item.uid for fate in ("applied", "unchanged") for item in state.items(sha256, fate=fate)}
    found = (row for row in waited if row["uid"] in done)
    state.unpark(ParkedOptOut(row["address"], row["subscription"], None, "") for row in found)
    steps.reached(steps.OPT_OUTS_UNPARKED)


def _settlement(done: Written, now: Account | None) -> Settlement:
    changed = {change.column for change in done.item.changes if change.agreed and not change.subscription}
    cells = {} if now is None else {name: text for name, text in now.cells.items() if name in changed}
    # Gigya's code, and after it the fields that it refused.
    code = None if done.code is None else " ".join((done.code, *done.fields))
    return Settlement(done.item.uid, done.fate, code, updated=done.updated, cells=cells, became=done.became)


def _write_fates(folder: Path, items: Sequence[Item]) -> summary.Reasons:
    with LazyParquet(folder / "fates.parquet") as fates, LineRejects(folder) as rejects:
        for start in range(0, len(items), 10_000):
            some = items[start : start + 10_000]
            fates.add(pa.Table.from_pylist([_line(item) for item in some], schema=FATES))
            bad = [item for item in some if item.fate in ("rejected", "parked")]
            rejects.add(pa.Table.from_pylist([_reject(item) for item in bad], schema=REJECTS))
        return summary.nested(rejects.reasons)


def _line(item: Item) -> dict[str, object]:
    columns = ",".join(change.column for change in item.changes if change.write)
    return {"uid": item.uid, "line": item.line, "fate": item.fate, "code": item.code, "columns": columns}


def _reject(item: Item) -> dict[str, object]:
    """One line an item; of several fields that Gigya refused all stand in the column."""
    code, *fields = (item.code or "unknown").split()
    reason = f"gigya_{code}" if code.isdigit() else code
    return {"line": item.line or 0, "column": ", ".join(fields) or None, "reason": reason}
