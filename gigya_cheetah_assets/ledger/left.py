"""What people have left at addresses where others are, or may come: their opt-outs, and that they went off the lists.

An opt-out that was left belongs to its person for ever: it only holds others' opt-ins back that are not provably later.
Who went off the lists leaves an address that CheetahMail does not mail; an address change to it would not mend that.
Opt-outs whose person is not known at all are in `parked`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.parked import normal_address
from gigya_cheetah_assets.ledger.tables import left

_CHUNK = 500
_KEY = ("address", "subscription", "source", "uid")


class Left(NamedTuple):
    """What stays at an address.

    Attributes:
        address: The address, as `parked.normal_address` gives it.
        subscription: Column of the subscription.
        opted_out: Whether it is an opt-out; else somebody only went off the list there.
        decided_at: When the opt-out was decided, epoch ms; None if that is not known.
        source: Stamp of the window that left it.
        uid: Who left it; "" where an earlier version did not keep that.
    """

    address: str
    subscription: str
    opted_out: bool
    decided_at: int | None
    source: str
    uid: str


def leave(connection: Connection, sync: str, one: Left) -> None:
    """Keeps it; of two of one person and window an opt-out stays, one without a time before others, else the later."""
    one = one._replace(address=normal_address(one.address))
    which = (left.c.sync == sync, *(left.c[name] == getattr(one, name) for name in _KEY))
    known = connection.execute(sa.select(*(left.c[name] for name in Left._fields)).where(*which)).first()
    if known is None:
        connection.execute(sa.insert(left).values(sync=sync, **one._asdict()))
    elif _weight(one) > _weight(Left(*known)):
        connection.execute(sa.update(left).where(*which).values(**one._asdict()))


def _weight(one: Left) -> tuple[bool, bool, int]:
    return one.opted_out, one.decided_at is None, one.decided_at or 0


def read(connection: Connection, sync: str, addresses: Iterable[str], *, but_by: str) -> list[Left]:
    """What other windows than `but_by` have left at some addresses: one that runs again sees what it saw at first."""
    query = sa.select(*(left.c[name] for name in Left._fields)).where(left.c.sync == sync, left.c.source != but_by)
    if connection.execute(query.limit(1)).first() is None:
        return []
    query = query.order_by(*(left.c[name] for name in _KEY))
    wanted = sorted({normal_address(address) for address in addresses})
    chunks = (wanted[start : start + _CHUNK] for start in range(0, len(wanted), _CHUNK))
    return [Left(*row) for chunk in chunks for row in connection.execute(query.where(left.c.address.in_(chunk)))]
