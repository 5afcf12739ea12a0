"""Everything that the ledger keeps of one person, found and erased; a tombstone and the decisions stay, by keyed hash.

Tables are found by their columns, so a new one with a UID or an address is covered without being named here.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.consent_log import ConsentLog
from gigya_cheetah_assets.ledger.deliveries import set_head
from gigya_cheetah_assets.ledger.digests import slots
from gigya_cheetah_assets.ledger.lookup import head
from gigya_cheetah_assets.ledger.parked import normal_address
from gigya_cheetah_assets.ledger.pseudonyms import own_pseudonyms
from gigya_cheetah_assets.ledger.row_text import SEPARATOR
from gigya_cheetah_assets.ledger.store import Ledger
from gigya_cheetah_assets.ledger.tables import (
    agreed,
    consent_log,
    left,
    lite_keys,
    metadata,
    parked_opt_outs,
    tombstones,
)
from gigya_cheetah_assets.ledger.tombstones import DeletedPerson, Tombstones

ERASED, OPTED_OUT = "erased", "opt_out_of_address"
_ADDRESSES = ("address", "email")
# By which columns a table knows people; one that has none of the first kind knows them by address.
_PERSON, _ADDRESS = ("uid", "key"), ("address",)


class Known(NamedTuple):
    """What the ledger knows one person by.

    Attributes:
        keys: Her UID, and the keys of the lite accounts with which she registered.
        addresses: Every address that it has of her, in lower case.
        address: The one that CheetahMail has; None where it has none.
        agreed: Whether CheetahMail has a row of hers.
        deleted: Whether she has a tombstone that a window put up: CheetahMail was told.
    """

    keys: tuple[str, ...]
    addresses: tuple[str, ...]
    address: str | None
    agreed: bool
    deleted: bool


class Place(NamedTuple):
    """A table and how many rows of it are hers."""

    table: str
    rows: int


def known_by(ledger: Ledger, sync: str, uid: str, *, email: str) -> Known:
    """Collects what one person is known by; her rows tell the addresses.

    Args:
        ledger: The open ledger.
        sync: Name of the sync.
        uid: Who.
        email: Name of the column with the address.
    """
    stone = Tombstones(ledger, sync).of([uid]).people.get(uid)
    row = ledger.baseline(sync, pa.array([uid], pa.string()), window="")
    address = row.cells(email)[0].as_py()
    with ledger.snapshot() as (connection, _):
        lite = sa.select(lite_keys.c.key).where(lite_keys.c.sync == sync, lite_keys.c.uid == uid)
        keys = (uid, *sorted(connection.execute(lite).scalars()))
        cells = [cell for table, columns in _cells() for cell in _texts_of(connection, table, columns, sync, keys)]
        has_row = connection.execute(sa.select(agreed.c.uid).where(*_hers(agreed, sync, keys))).first() is not None
    found = {normal_address(cell) for cell in (*cells, address or "") if "@" in cell}
    told = stone is not None and bool(stone.window)
    return Known(keys, tuple(sorted(found)), address and normal_address(address), has_row, told)


def _cells() -> Iterator[tuple[sa.Table, list[str]]]:
    """The columns that hold addresses of people, alone or in the text of a row."""
    for table in metadata.sorted_tables:
        columns = [name for name in table.c.keys() if name in _ADDRESSES or name.endswith("row_text")]  # noqa: SIM118 - a collection of columns, no dict
        if columns and _texts(table, _PERSON):
            yield table, columns


def _texts_of(
    connection: Connection, table: sa.Table, columns: Sequence[str], sync: str, keys: Sequence[str]
) -> Iterator[str]:
    query = sa.select(*(table.c[name] for name in columns)).where(*_hers(table, sync, keys))
    for row in connection.execute(query):
        yield from (cell for text in row if text for cell in text.split(SEPARATOR))


def places(ledger: Ledger, sync: str, known: Known) -> list[Place]:
    """Where the ledger has something of her."""
    with ledger.snapshot() as (connection, _):
        return [place for place, _ in _found(connection, sync, known)]


def erase(ledger: Ledger, sync: str, known: Known) -> list[Place]:
    """Erases one person in one transaction; a second time finds nothing.

    Returns:
        What was there.
    """
    now = time.time_ns() // 1_000_000
    stones = Tombstones(ledger, sync)
    with ledger.writing(sync), ledger.transaction(sync) as (connection, mark):
        found = list(_found(connection, sync, known))
        _bury(stones, known, now)
        _bury_opt_outs(stones, _waiting(connection, sync, known), now)
        for _, table in found:
            if table is consent_log:
                for key in known.keys:
                    ConsentLog(connection, mark, sync).forget(key)
            else:
                connection.execute(sa.delete(table).where(*(_which(table, sync, known) or ())))
        gone = sum(place.rows for place, table in found if table is agreed)
        before = head(connection, sync)
        set_head(connection, sync, replace(before, population=before.population - gone))
        persons = [own_pseudonyms(connection, sync).person(key) for key in known.keys]
        which = (tombstones.c.sync == sync, tombstones.c.person.in_(persons), tombstones.c.erased_at.is_(None))
        connection.execute(sa.update(tombstones).where(*which).values(erased_at=now))
    return [place for place, _ in found]


def _bury(stones: Tombstones, known: Known, now: int) -> None:
    there = stones.of(known.keys).people
    stones.put_up("", [DeletedPerson(key, known.address, now, ERASED) for key in known.keys if key not in there])


def _bury_opt_outs(stones: Tombstones, waiting: list[tuple[str, int | None]], now: int) -> None:
    """What waited on an address of hers goes on by keyed hash: an opt-in from before it does not count.

    An address that she left long ago may be somebody else's: there the opt-out's own time counts, and not now.
    """
    there = stones.of(addresses=(address for address, _ in waiting)).addresses
    others = [(address, at) for address, at in waiting if normal_address(address) not in there]
    stones.put_up("", [DeletedPerson(address, address, at or now, OPTED_OUT) for address, at in others])
    stones.note_opt_outs(waiting)


def _waiting(connection: Connection, sync: str, known: Known) -> list[tuple[str, int | None]]:
    found: list[tuple[str, int | None]] = []
    for table, opt_outs in ((parked_opt_outs, sa.true()), (left, left.c.opted_out)):
        query = sa.select(table.c.address, table.c.decided_at).where(opt_outs, *(_which(table, sync, known) or ()))
        found += [(row.address, row.decided_at) for row in connection.execute(query)]
    return found


def _found(connection: Connection, sync: str, known: Known) -> Iterator[tuple[Place, sa.Table]]:
    for table in metadata.sorted_tables:
        which = _which(table, sync, known)
        if which is None:
            continue
        count = connection.execute(sa.select(sa.func.count()).select_from(table).where(*which)).scalar_one()
        if count:
            yield Place(table.name, int(count)), table


def _which(table: sa.Table, sync: str, known: Known) -> tuple[sa.ColumnElement[bool], ...] | None:
    """The condition for her rows; None for a table that knows nobody."""
    by_person, by_address = _texts(table, _PERSON), _texts(table, _ADDRESS)
    if by_person:
        own = sa.or_(*(column.in_(known.keys) for column in by_person))
        # Where an earlier version did not keep the person, the address tells whose it is.
        nameless = sa.and_(*(column == "" for column in by_person))
        own = sa.or_(own, *(sa.and_(nameless, column.in_(known.addresses)) for column in by_address))
        slot = (table.c.slot.in_(slots(known.keys)),) if "slot" in table.c else ()
        return (table.c.sync == sync, *slot, own)
    return (table.c.sync == sync, by_address[0].in_(known.addresses)) if by_address else None


def _hers(table: sa.Table, sync: str, keys: Sequence[str]) -> tuple[sa.ColumnElement[bool], ...]:
    return _which(table, sync, Known(tuple(keys), (), None, agreed=False, deleted=False)) or ()


def _texts(table: sa.Table, names: Sequence[str]) -> list[sa.Column[str]]:
    return [table.c[name] for name in names if name in table.c and isinstance(table.c[name].type, sa.Text)]
