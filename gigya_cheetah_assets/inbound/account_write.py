"""One item of a change set on its way into one account: compare, write, and what came of it.

Only what differs is sent, through the account's door. A write whose answer was lost is read back before it is repeated.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gigya_cheetah_assets.config.forms import form_of
from gigya_cheetah_assets.gigya import AccountRejected, GigyaClient, GigyaUnavailable
from gigya_cheetah_assets.gigya.envelope import Envelope, envelope_only
from gigya_cheetah_assets.gigya.errors import AccountBusy, RateLimited
from gigya_cheetah_assets.inbound.accounts import Account, Document
from gigya_cheetah_assets.inbound.doors import Call, Door
from gigya_cheetah_assets.ledger import Change, Item
from gigya_cheetah_assets.ledger.inbound_items import Fate
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.mapping.moments import milliseconds
from gigya_cheetah_assets.mapping.reverse import NotWritable, update_of
from gigya_cheetah_assets.store import steps

log = logging.getLogger(__name__)
UNKNOWN_ACCOUNT, NOT_WRITABLE, MOVED_ON = "unknown_account", "not_writable", "moved_on"
_REPEATS = 5


@dataclass(frozen=True)
class Written:
    """What became of an item.

    Attributes:
        item: The item.
        fate: `pending` when the account has changed since the change set was made: it has to be made again.
        code: Gigya's code or the reason; None if all went well.
        columns: Columns that were written.
        fields: Fields of Gigya's that it refused.
        updated: Of Gigya's clock, epoch ms; None when it is not known.
        document: The account as it is now, as far as it is known.
        became: UID or key of the account that was made.
    """

    item: Item
    fate: Fate
    code: str | None = None
    columns: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    updated: int | None = None
    document: Document | None = field(default=None, repr=False)
    became: str | None = None


@dataclass(frozen=True)
class _Update:
    """What is sent to one account, and through which door."""

    door: Door
    call: Call
    update: dict[str, Any]
    changes: list[Change]

    def has_arrived(self, account: Account) -> bool:
        """Whether a write whose answer was lost is there."""
        return has_arrived(self.update, self.changes, account)


class AccountWriter:
    """Carries out items; safe for several threads as long as no two work on one UID.

    Args:
        client: The site.
        table: The field table.
        full: The door of full accounts.
        lite: The door of lite accounts.
    """

    def __init__(self, client: GigyaClient, table: FieldTable, *, full: Door, lite: Door) -> None:
        self._client = client
        self._table = table
        self._full, self._lite = full, lite
        self._fields = {config.cheetahmail: config for config in table.fields}

    def write(self, item: Item, account: Account | None) -> Written:
        """Carries out one item on an account as it was just read; None where there is none.

        Raises:
            GigyaUnavailable: The site did not answer, and nobody can tell whether the write was carried out.
            GigyaRefused: The site refuses such calls.
        """
        if not item.writes:
            return Written(item, "unchanged")
        if account is None:
            return Written(item, "rejected", UNKNOWN_ACCOUNT)
        document = account.document
        wanted = [change for change in item.changes if change.write]
        if any(_moved_on(change, account) for change in wanted):
            return Written(item, "pending", MOVED_ON)
        left = [change for change in wanted if not account.holds(change)]
        if not left:
            return _found_done(item, account)
        door = self._lite if self._table.is_lite_key(item.uid) else self._full
        try:
            update = update_of(self._fields, {change.column: change.value for change in left}, document)
            call = door.call(item.uid, update, left, document)
        except NotWritable as error:
            log.info("an account is not updated: %s", error)
            return Written(item, "rejected", NOT_WRITABLE)
        return self._send(item, _Update(door, call, update, left), document)

    def _send(self, item: Item, wanted: _Update, document: Document) -> Written:
        columns = tuple(change.column for change in wanted.changes)
        for attempt in range(1, _REPEATS + 1):
            try:
                envelope = self._client.call(
                    wanted.call.method,
                    wanted.call.params,
                    envelope_only,
                    may_repeat=lambda error: isinstance(error, RateLimited | AccountBusy),
                )
            except AccountRejected as error:
                return Written(item, "rejected", str(error.code), fields=error.fields)
            except GigyaUnavailable:
                now = wanted.door.read_back(item.uid, wanted.has_arrived)
                if now is not None and wanted.has_arrived(now):
                    return Written(item, "applied", columns=columns, updated=now.updated, document=now.document)
                if now is not None and any(_moved_on(change, now) for change in wanted.changes):
                    return Written(item, "pending", MOVED_ON)
                if attempt == _REPEATS:
                    raise
                log.warning("an update was not answered and is not there: attempt %d of %d", attempt + 1, _REPEATS)
            else:
                steps.reached(steps.ACCOUNT_WRITTEN)
                merged = _laid_over(document, wanted.update)
                return Written(item, "applied", columns=columns, updated=_time(envelope), document=merged)
        raise AssertionError  # the last attempt returns or raises


def _found_done(item: Item, account: Account) -> Written:
    """The account has it all: from a run that was killed before it could record that, or by somebody else."""
    ours = item.fate == "sent"
    columns = tuple(change.column for change in item.changes if change.write) if ours else ()
    fate: Fate = "applied" if ours else "unchanged"
    return Written(item, fate, columns=columns, updated=account.updated, document=account.document)


def _moved_on(change: Change, account: Account) -> bool:
    """Whether the account has neither what the change set saw nor what it wants."""
    return (account.now(change) or None) not in {change.before or None, change.value or None}


def has_arrived(update: dict[str, Any], changes: Sequence[Change], account: Account) -> bool:
    """Whether an account has what an update gives it; of a consent its state tells, since a flag may stand before."""
    plain = {name: value for name, value in update.items() if form_of(name) == "field"}
    consents = (change for change in changes if change.subscription)
    return _stands(plain, account.document) and all(account.holds(change) for change in consents)


def _stands(update: Any, document: Any) -> bool:
    if not isinstance(update, dict):
        return bool(update == document)
    return all(_stands(value, (document or {}).get(name)) for name, value in update.items())


def _laid_over(document: Document, update: dict[str, Any]) -> Document:
    merged = dict(document)
    for name, value in update.items():
        inner = merged.get(name)
        merged[name] = _laid_over(inner if isinstance(inner, dict) else {}, value) if isinstance(value, dict) else value
    return merged


def _time(envelope: Envelope) -> int | None:
    return milliseconds([envelope.time])[0].as_py() if envelope.time else None
