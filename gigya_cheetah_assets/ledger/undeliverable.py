"""To whom CheetahMail mails no more, since mail came back for good: a state of the mailbox, no decision of the person.

A full extract shows such a person as not subscribed, without saying why. What is noted here tells that from an opt-out,
until CheetahMail subscribes the person again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.tables import undeliverable

_CHUNK = 500


class Ended(NamedTuple):
    """Mail to a person on one subscription ended: UID, subscription, when (epoch ms, if known), and the file's name."""

    uid: str
    subscription: str
    ended_at: int | None
    source: str


def note(connection: Connection, sync: str, ended: Iterable[Ended]) -> None:
    """Notes that mail ended; the newest file's word stands."""
    for one in ended:
        connection.execute(sa.delete(undeliverable).where(*_which(sync, one.uid, one.subscription)))
        connection.execute(sa.insert(undeliverable).values(sync=sync, **one._asdict()))


def forget(connection: Connection, sync: str, mailed: Iterable[tuple[str, str]]) -> None:
    """People (UID, subscription) whom CheetahMail mails again."""
    for uid, subscription in mailed:
        connection.execute(sa.delete(undeliverable).where(*_which(sync, uid, subscription)))


def read(connection: Connection, sync: str, uids: Sequence[str]) -> dict[str, set[str]]:
    """The subscriptions on which mail to some people ended, by UID."""
    found: dict[str, set[str]] = {}
    for start in range(0, len(uids), _CHUNK):
        which = (undeliverable.c.sync == sync, undeliverable.c.uid.in_(uids[start : start + _CHUNK]))
        for row in connection.execute(sa.select(undeliverable.c.uid, undeliverable.c.subscription).where(*which)):
            found.setdefault(row.uid, set()).add(row.subscription)
    return found


def _which(sync: str, uid: str, subscription: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        undeliverable.c.sync == sync,
        undeliverable.c.uid == uid,
        undeliverable.c.subscription == subscription,
    )
