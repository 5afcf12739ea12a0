"""Opt-outs of addresses, in the way of opt-ins that are not provably later.

Those that no account is known for are kept until one is. Those that somebody left on an address whom we know, and who
has another one now, belong to that person for ever: they only block.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.inbound_items import ParkedOptOut
from gigya_cheetah_assets.ledger.tables import left_opt_outs, parked_opt_outs

_CHUNK = 500
_FIELDS = ("address", "subscription", "decided_at", "source", "line")


def normal_address(address: str) -> str:
    """The form in which addresses are compared: without letter case and without blanks around."""
    return address.strip().lower()


def park(connection: Connection, sync: str, opt_out: ParkedOptOut, now: int) -> None:
    """Keeps an opt-out; of two for one address and subscription one without a time stays, else the later."""
    _keep(connection, parked_opt_outs, sync, opt_out, now)


def leave(connection: Connection, sync: str, opt_out: ParkedOptOut, now: int) -> None:
    """Keeps an opt-out on the address that the person has left; by the same rule."""
    _keep(connection, left_opt_outs, sync, opt_out, now)


def _keep(connection: Connection, table: sa.Table, sync: str, opt_out: ParkedOptOut, now: int) -> None:
    which = _which(table, sync, opt_out)
    known = connection.execute(sa.select(table.c.decided_at).where(*which)).first()
    values = {name: getattr(opt_out, name) for name in _FIELDS} | {"address": normal_address(opt_out.address)}
    if known is None:
        connection.execute(sa.insert(table).values(sync=sync, parked_at=now, **values))
    elif known.decided_at is not None and (opt_out.decided_at is None or opt_out.decided_at > known.decided_at):
        connection.execute(sa.update(table).where(*which).values(**values))


def unpark(connection: Connection, sync: str, opt_out: ParkedOptOut) -> None:
    """Forgets an opt-out."""
    connection.execute(sa.delete(parked_opt_outs).where(*_which(parked_opt_outs, sync, opt_out)))


def read(connection: Connection, sync: str, addresses: Iterable[str] | None) -> list[ParkedOptOut]:
    """The parked opt-outs by address; of some addresses only if they are given."""
    return _read(connection, parked_opt_outs, sync, addresses)


def read_left(connection: Connection, sync: str, addresses: Iterable[str]) -> list[ParkedOptOut]:
    """The opt-outs that people left on some addresses."""
    return _read(connection, left_opt_outs, sync, addresses)


def _read(connection: Connection, table: sa.Table, sync: str, addresses: Iterable[str] | None) -> list[ParkedOptOut]:
    query = sa.select(*(table.c[name] for name in _FIELDS)).where(table.c.sync == sync)
    query = query.order_by(table.c.address, table.c.subscription)
    if addresses is None:
        return [ParkedOptOut(*row) for row in connection.execute(query)]
    if connection.execute(query.limit(1)).first() is None:
        return []
    wanted = sorted({normal_address(address) for address in addresses})
    chunks = (wanted[start : start + _CHUNK] for start in range(0, len(wanted), _CHUNK))
    found = (connection.execute(query.where(table.c.address.in_(chunk))) for chunk in chunks)
    return [ParkedOptOut(*row) for rows in found for row in rows]


def _which(table: sa.Table, sync: str, opt_out: ParkedOptOut) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        table.c.sync == sync,
        table.c.address == normal_address(opt_out.address),
        table.c.subscription == opt_out.subscription,
    )
