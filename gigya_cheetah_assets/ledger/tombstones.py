"""Who was deleted: tombstones of people and of their addresses, so that no late file and no old row brings one back.

A tombstone knows a person by keyed hashes (`pseudonyms`). Under the UID it is final. Under the address it stops what
was decided before: the same person may register again, and her new opt-in is a new one. Finding deletions and telling
CheetahMail is in `deletions`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.corrections import note
from gigya_cheetah_assets.ledger.deliveries import set_head
from gigya_cheetah_assets.ledger.digests import slots
from gigya_cheetah_assets.ledger.lookup import head
from gigya_cheetah_assets.ledger.parked import normal_address
from gigya_cheetah_assets.ledger.pseudonyms import Pseudonyms, own_pseudonyms, read_pseudonyms
from gigya_cheetah_assets.ledger.store import Ledger
from gigya_cheetah_assets.ledger.tables import agreed, tombstones

_CHUNK = 500
_FIELDS = ("deleted_at", "opt_ins_after", "reason", "window", "revision", "erased_at")


class Tombstone(NamedTuple):
    """What is known of somebody who was deleted.

    Attributes:
        deleted_at: Epoch ms.
        opt_ins_after: An opt-in of the address counts only if it was decided after this, epoch ms.
        reason: How the account was deleted.
        window: Stamp of the window that told CheetahMail; empty where none did.
        revision: The ledger's revision with it.
        erased_at: When the rest was erased here, epoch ms; None while it was not.
    """

    deleted_at: int
    opt_ins_after: int
    reason: str
    window: str
    revision: int
    erased_at: int | None


class DeletedPerson(NamedTuple):
    """Somebody to put a tombstone up for; `email` is None where CheetahMail has no address of hers."""

    uid: str
    email: str | None
    deleted_at: int
    reason: str


@dataclass(frozen=True)
class Deleted:
    """Which of some people and addresses have a tombstone.

    Attributes:
        people: By UID.
        addresses: By address, lower case; of several the one whose `opt_ins_after` is the latest.
    """

    people: Mapping[str, Tombstone] = field(default_factory=dict)
    addresses: Mapping[str, Tombstone] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.people or self.addresses)

    def at(self, email: str | None) -> Tombstone | None:
        """The tombstone of an address."""
        return self.addresses.get(normal_address(email)) if email else None

    def holds(self, uid: str | None, email: str | None) -> bool:
        """Whether nothing may be created for this UID or this address."""
        return uid in self.people or self.at(email) is not None


class Tombstones:
    """The tombstones of one sync.

    Args:
        ledger: The open ledger; inside its `writing` block everything takes part in that transaction.
        sync: Name of the sync.
    """

    def __init__(self, ledger: Ledger, sync: str) -> None:
        self._ledger = ledger
        self._sync = sync

    def exist(self) -> bool:
        """Whether anybody of the sync was deleted: else there is nothing to look up."""
        with self._ledger.snapshot() as (connection, _):
            return _any(connection, self._sync)

    def of(self, uids: Iterable[str | None] = (), addresses: Iterable[str | None] = ()) -> Deleted:
        """Those of some people and addresses; costs next to nothing while nobody was deleted."""
        with self._ledger.snapshot() as (connection, _):
            pseudonyms = read_pseudonyms(connection, self._sync)
            if pseudonyms is None or not _any(connection, self._sync):
                return Deleted()
            found: dict[str, Tombstone] = {}
            for email, stone in self._read(connection, "address", addresses, pseudonyms.address):
                address = normal_address(email)
                if address not in found or found[address].opt_ins_after < stone.opt_ins_after:
                    found[address] = stone
            return Deleted(dict(self._read(connection, "person", uids, pseudonyms.person)), found)

    def put_up(self, window: str, people: Sequence[DeletedPerson]) -> int:
        """Puts tombstones up; one that is there stays, but for an address or a later deletion that it lacked.

        Args:
            window: Stamp of the window that tells CheetahMail; empty where none does.
            people: Who was deleted.

        Returns:
            The ledger's revision with them: rows that outbound made before look who was deleted since.
        """
        with self._ledger.transaction(self._sync) as (connection, _):
            before = head(connection, self._sync)
            revision = before.revision + 1
            set_head(connection, self._sync, replace(before, revision=revision))
            pseudonyms = own_pseudonyms(connection, self._sync)
            for person in people:
                self._put_up(connection, pseudonyms, person, window, revision)
            return revision

    def make_room(self, uids: Iterable[str]) -> int:
        """Forgets what was agreed on with accounts whose address a deleted one had; the next window delivers them anew.

        CheetahMail knows people by address: whoever it is told to forget is also the account that has the address now.

        Returns:
            How many of them the ledger knew.
        """
        made = 0
        with self._ledger.transaction(self._sync) as (connection, _):
            for uid in uids:
                (slot,) = slots([uid])
                which = (agreed.c.sync == self._sync, agreed.c.slot == slot, agreed.c.uid == uid)
                if connection.execute(sa.delete(agreed).where(*which)).rowcount:
                    note(connection, self._sync, uid, 0)
                    made += 1
            before = head(connection, self._sync)
            set_head(connection, self._sync, replace(before, population=before.population - made))
        return made

    def note_opt_outs(self, opt_outs: Iterable[tuple[str, int | None]]) -> None:
        """Notes that the addresses of deleted people opted out after all: earlier opt-ins of them do not count.

        Args:
            opt_outs: Address and time (epoch ms); an opt-out without a time counts as of now.
        """
        latest: dict[str, int] = {}
        for email, at in opt_outs:
            latest[email] = max(latest.get(email, 0), _now() if at is None else at)
        if not latest:
            return
        with self._ledger.transaction(self._sync) as (connection, _):
            pseudonyms = own_pseudonyms(connection, self._sync)
            for email, at in latest.items():
                which = (tombstones.c.sync == self._sync, tombstones.c.address == pseudonyms.address(email))
                earlier = tombstones.c.opt_ins_after < at
                connection.execute(sa.update(tombstones).where(*which, earlier).values(opt_ins_after=at))

    def _read(
        self, connection: Connection, column: str, names: Iterable[str | None], hashed: Callable[[str], bytes]
    ) -> Iterator[tuple[str, Tombstone]]:
        """The tombstones by name; several of one address come one after the other."""
        by_hash: dict[bytes, set[str]] = {}
        for name in names:
            if name:
                by_hash.setdefault(hashed(name), set()).add(name)
        wanted, own = list(by_hash), tombstones.c[column]
        query = sa.select(own.label("hash"), *(tombstones.c[name] for name in _FIELDS))
        for start in range(0, len(wanted), _CHUNK):
            which = (tombstones.c.sync == self._sync, own.in_(wanted[start : start + _CHUNK]))
            for found, *rest in connection.execute(query.where(*which)):
                for name in by_hash[bytes(found)]:
                    yield name, Tombstone(*rest)

    def _put_up(
        self, connection: Connection, pseudonyms: Pseudonyms, person: DeletedPerson, window: str, revision: int
    ) -> None:
        which = (tombstones.c.sync == self._sync, tombstones.c.person == pseudonyms.person(person.uid))
        known = connection.execute(sa.select(tombstones).where(*which)).first()
        address = pseudonyms.address(person.email) if person.email else None
        if known is None:
            values = {"sync": self._sync, "person": pseudonyms.person(person.uid), "address": address}
            times = {"deleted_at": person.deleted_at, "opt_ins_after": person.deleted_at, "recorded_at": _now()}
            rest = {"reason": person.reason, "window": window, "revision": revision}
            connection.execute(sa.insert(tombstones).values(**values, **times, **rest))
            return
        later = max(known.opt_ins_after, person.deleted_at)
        merged = {"address": known.address or address, "opt_ins_after": later, "window": known.window or window}
        connection.execute(sa.update(tombstones).where(*which).values(**merged))


def _any(connection: Connection, sync: str) -> bool:
    return (
        connection.execute(sa.select(tombstones.c.revision).where(tombstones.c.sync == sync).limit(1)).first()
        is not None
    )


def _now() -> int:
    return time.time_ns() // 1_000_000
