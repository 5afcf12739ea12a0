"""Lite accounts that the ledger knows, and the UIDs of those that registered: one person, one row, whatever her key.

A lite account is known by its key. When the person registers, her row, its past and its evidence become those of the
UID, in one transaction; what still names the key is so led to the UID. What Gigya says of an account is read by others.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger import addresses
from gigya_cheetah_assets.ledger.arrow import Flags, Numbers, Texts, texts, whole
from gigya_cheetah_assets.ledger.consent_log import ConsentEntry, ConsentLog
from gigya_cheetah_assets.ledger.consents import OPT_IN, format_consents, parse_consents, without_times
from gigya_cheetah_assets.ledger.deliveries import set_head
from gigya_cheetah_assets.ledger.digests import digests, slots
from gigya_cheetah_assets.ledger.lookup import head
from gigya_cheetah_assets.ledger.parked import normal_address
from gigya_cheetah_assets.ledger.recording import known_mappings
from gigya_cheetah_assets.ledger.store import Ledger
from gigya_cheetah_assets.ledger.tables import (
    agreed,
    corrections,
    earlier,
    inbound_asked,
    inbound_cells,
    lite_keys,
    undeliverable,
)

HANDED_OVER = "handed_over"
"""Rule in the consent log: the decisions of a lite account are those of the UID from here on."""
_CHUNK = 500
# Gigya's answer to a write comes so much after the account's last update by it at most, ms.
_ANSWER = 5_000
_States: TypeAlias = dict[str, tuple[str, int | None]]
_Beside: TypeAlias = tuple[sa.Table, tuple[str, ...]]
# What else is kept of a person, with the rest of its key.
_BESIDE: tuple[_Beside, ...] = (
    (earlier, ("delivery", "digest")),
    (inbound_cells, ("column_name",)),
    (inbound_asked, ("column_name", "value")),
    (corrections, ("window",)),
    (undeliverable, ("subscription",)),
)


class LiteAccount(NamedTuple):
    """A lite account as Gigya has it: its key, its address and its last update, epoch ms."""

    key: str
    address: str
    updated: int


class Registered(NamedTuple):
    """A full account, with the key that its e-mail account has as a lite one, its address and its last update."""

    uid: str
    key: str
    address: str
    updated: int


class LiteKeys:
    """The lite accounts of one sync.

    Args:
        ledger: The open ledger; inside its `writing` block everything takes part in that transaction.
        sync: Name of the sync.
    """

    def __init__(self, ledger: Ledger, sync: str) -> None:
        self._ledger = ledger
        self._sync = sync

    def note(self, accounts: Sequence[LiteAccount]) -> None:
        """Notes lite accounts; one whose full account is gone, as its later update tells, is itself again.

        Raises:
            LedgerBusy: Another run writes this sync's ledger.
        """
        known = self._known("key", [account.key for account in accounts])
        news = [account for account in accounts if _is_news(account, known.get(account.key))]
        if not news:
            return
        with self._ledger.transaction(self._sync) as (connection, _):
            for account in news:
                values = {"address": normal_address(account.address), "uid": None, "updated": None}
                if account.key in known:
                    which = (lite_keys.c.sync == self._sync, lite_keys.c.key == account.key)
                    connection.execute(sa.update(lite_keys).where(*which).values(**values))
            new = [
                {"sync": self._sync, "key": account.key, "address": normal_address(account.address)}
                for account in {account.key: account for account in news}.values()
                if account.key not in known
            ]
            if new:
                connection.execute(sa.insert(lite_keys), new)

    def hand_over(self, people: Sequence[Registered]) -> int:
        """Gives what is known of lite accounts to the UIDs of those who registered.

        Whose lite account it was is told by the key, or by the address: Gigya has one e-mail account for each.

        Returns:
            How many lite accounts were handed over; those that were before are not counted.

        Raises:
            LedgerBusy: Another run writes this sync's ledger.
        """
        if not people or not self._any_open():
            return 0
        by_key = {person.key: person for person in people}
        by_address = {normal_address(person.address): person for person in people}
        known = self._known("key", by_key) | self._known("address", by_address)
        found = [(row.key, by_key.get(row.key) or by_address[row.address]) for row in known.values() if not row.uid]
        if not found:
            return 0
        with self._ledger.transaction(self._sync) as (connection, mark):
            now = time.time_ns() // 1_000_000
            log = ConsentLog(connection, mark, self._sync)
            for key, person in sorted(found):
                log.append(_handed_over(connection, self._sync, key, person), now)
                which = (lite_keys.c.sync == self._sync, lite_keys.c.key == key)
                connection.execute(sa.update(lite_keys).where(*which).values(uid=person.uid, updated=person.updated))
            before = head(connection, self._sync)
            # Rows that outbound made of the lite account before look whether they were overtaken.
            set_head(connection, self._sync, replace(before, revision=before.revision + 1))
        return len(found)

    def successors(self, keys: Iterable[str]) -> dict[str, str]:
        """The UIDs of those lite accounts that registered, by their key."""
        return {key: row.uid for key, row in self._known("key", keys).items() if row.uid}

    def overtaken(self, keys: Texts, updated: Numbers) -> Flags:
        """Which rows were made of a lite account that has registered since.

        Args:
            keys: Keys of the rows.
            updated: Last update of each, epoch ms.
        """
        own = texts(keys).to_pylist()
        known = {key: row.updated for key, row in self._known("key", own).items() if row.uid}
        times = whole(updated).to_pylist()
        return pa.array([key in known and at <= known[key] for key, at in zip(own, times, strict=True)], pa.bool_())

    def keys_before(self, uid: str) -> list[str]:
        """The keys that a person had before she registered."""
        query = sa.select(lite_keys.c.key).where(lite_keys.c.sync == self._sync, lite_keys.c.uid == uid)
        with self._ledger.snapshot() as (connection, _):
            return list(connection.execute(query.order_by(lite_keys.c.key)).scalars())

    def _any_open(self) -> bool:
        query = sa.select(lite_keys.c.key).where(lite_keys.c.sync == self._sync, lite_keys.c.uid.is_(None)).limit(1)
        with self._ledger.snapshot() as (connection, _):
            return connection.execute(query).first() is not None

    def _known(self, column: str, values: Iterable[str]) -> dict[str, sa.Row[Any]]:
        wanted, found = sorted(set(values)), {}
        with self._ledger.snapshot() as (connection, _):
            for start in range(0, len(wanted), _CHUNK):
                some = lite_keys.c[column].in_(wanted[start : start + _CHUNK])
                query = sa.select(lite_keys).where(lite_keys.c.sync == self._sync, some)
                found.update({row.key: row for row in connection.execute(query)})
        return found


def _is_news(account: LiteAccount, known: sa.Row[Any] | None) -> bool:
    if known is None:
        return True
    if known.uid is not None:
        return bool(account.updated > known.updated)
    return bool(known.address != normal_address(account.address))


def _handed_over(connection: Connection, sync: str, key: str, person: Registered) -> Iterator[ConsentEntry]:
    """Moves the rows of a key to a UID; gives the decisions that the UID has from it."""
    for beside in _BESIDE:
        _move(connection, sync, key, person.uid, of=beside)
    old, new = (_agreed(connection, sync, uid) for uid in (key, person.uid))
    if old is None:
        return
    theirs, own = parse_consents(old.consents), parse_consents("" if new is None else new.consents)
    addresses.enter(connection, sync, addresses.entries([person.uid], pa.array([person.address], pa.string())))
    if new is not None and new.row_text is not None:
        states = _joined(theirs, own)
        connection.execute(sa.delete(agreed).where(*_which(sync, key)))
        _lay_over(connection, sync, new, states, new.updated)
    else:
        # Of the UID nothing is known but perhaps what a file has decided: that is newer.
        states = {**theirs, **own}
        renamed = _rename(connection, sync, key, person.uid)
        if new is not None:
            _lay_over(connection, sync, renamed, states, _as_new_as(old, new, person))
    if new is not None:
        before = head(connection, sync)
        set_head(connection, sync, replace(before, population=before.population - 1))
    for name, (state, at) in states.items():
        known = own.get(name, (None, None))
        if (state, at) != known:
            yield ConsentEntry(person.uid, name, known[0], state, at, "gigya", key, None, HANDED_OVER)


def _rename(connection: Connection, sync: str, key: str, uid: str) -> sa.Row[Any]:
    """Makes the row of a key that of a UID, in place of one that has decisions only; gives it as it is then."""
    connection.execute(sa.delete(agreed).where(*_which(sync, uid)))
    (slot,) = slots([uid])
    connection.execute(sa.update(agreed).where(*_which(sync, key)).values(uid=uid, slot=slot))
    return connection.execute(sa.select(agreed).where(*_which(sync, uid))).one()


def _as_new_as(old: sa.Row[Any], new: sa.Row[Any], person: Registered) -> int:
    """The last update that a row with the decisions of a file carries: its own, or that which Gigya shows for it."""
    return person.updated if 0 <= new.updated - person.updated <= _ANSWER else max(old.updated, new.updated)


def _joined(theirs: _States, own: _States) -> _States:
    """What CheetahMail has under one of two addresses: who is mailed under either must still be told of a loss."""
    mailed = {name: told for name, told in theirs.items() if told[0] == OPT_IN}
    return {**theirs, **own, **mailed}


def _lay_over(connection: Connection, sync: str, row: sa.Row[Any], states: _States, updated: int) -> None:
    consents = format_consents(states)
    columns = () if row.mapping is None else known_mappings(connection, sync)[row.mapping]
    (digest,) = digests(pa.array([row.row_text], pa.string()), without_times(pa.array([consents])), columns)
    update = sa.update(agreed).where(*_which(sync, row.uid))
    connection.execute(update.values(consents=consents, digest=digest, updated=updated))


def _move(connection: Connection, sync: str, key: str, uid: str, *, of: _Beside) -> None:
    """Gives the rows of a key to a UID; what the UID has itself stays."""
    table, others = of
    twin = table.alias()
    taken = sa.exists().where(
        twin.c.sync == sync, twin.c.uid == uid, *(twin.c[name] == table.c[name] for name in others)
    )
    which = (table.c.sync == sync, table.c.uid == key)
    connection.execute(sa.update(table).where(*which, ~taken).values(uid=uid))
    connection.execute(sa.delete(table).where(*which))


def _agreed(connection: Connection, sync: str, uid: str) -> sa.Row[Any] | None:
    return connection.execute(sa.select(agreed).where(*_which(sync, uid))).first()


def _which(sync: str, uid: str) -> tuple[sa.ColumnElement[bool], ...]:
    (slot,) = slots([uid])
    return agreed.c.sync == sync, agreed.c.slot == slot, agreed.c.uid == uid
