"""Opt-outs of addresses that no account is known for: kept until one is, in the way of opt-ins not provably later.

What somebody has left at an address whom we know is in `left`.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.inbound_items import ParkedOptOut
from gigya_cheetah_assets.ledger.tables import parked_opt_outs

_CHUNK = 500
_FIELDS = ("address", "subscription", "decided_at", "source", "line")


def normal_address(address: str) -> str:
    """The form in which addresses are compared: without letter case and without blanks around."""
    return address.strip().lower()


def park(connection: Connection, sync: str, opt_out: ParkedOptOut, now: int) -> None:
    """Keeps an opt-out; of two for one address and subscription one without a time stays, else the later."""
    which = _which(sync, opt_out)
    known = connection.execute(sa.select(parked_opt_outs.c.decided_at).where(*which)).first()
    values = {name: getattr(opt_out, name) for name in _FIELDS} | {"address": normal_address(opt_out.address)}
    if known is None:
        connection.execute(sa.insert(parked_opt_outs).values(sync=sync, parked_at=now, **values))
    elif known.decided_at is not None and (opt_out.decided_at is None or opt_out.decided_at > known.decided_at):
        connection.execute(sa.update(parked_opt_outs).where(*which).values(**values))


def unpark(connection: Connection, sync: str, opt_out: ParkedOptOut) -> None:
    """Forgets an opt-out."""
    connection.execute(sa.delete(parked_opt_outs).where(*_which(sync, opt_out)))


def read(connection: Connection, sync: str, addresses: Iterable[str] | None) -> list[ParkedOptOut]:
    """The parked opt-outs by address; of some addresses only if they are given."""
    table = parked_opt_outs.c
    query = sa.select(*(table[name] for name in _FIELDS)).where(table.sync == sync)
    query = query.order_by(table.address, table.subscription)
    if addresses is None:
        return [ParkedOptOut(*row) for row in connection.execute(query)]
    if connection.execute(query.limit(1)).first() is None:
        return []
    wanted = sorted({normal_address(address) for address in addresses})
    chunks = (wanted[start : start + _CHUNK] for start in range(0, len(wanted), _CHUNK))
    found = (connection.execute(query.where(table.address.in_(chunk))) for chunk in chunks)
    return [ParkedOptOut(*row) for rows in found for row in rows]


def _which(sync: str, opt_out: ParkedOptOut) -> tuple[sa.ColumnElement[bool], ...]:
    table = parked_opt_outs.c
    return (
        table.sync == sync,
        table.address == normal_address(opt_out.address),
        table.subscription == opt_out.subscription,
    )
