"""What a window delivered of a person before its last run: CheetahMail may have imported any of these states.

A window that runs again replaces its files. A state that the newest run takes back, or that inbound has changed since,
may be on the other side already; `compare` looks at all of them, so that the newest files mend each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.driver import insert_many
from gigya_cheetah_assets.ledger.tables import deliveries, earlier

COLUMNS = ("digest", "updated", "mapping", "consents", "row_text")
State = tuple[Any, ...]
"""UID, then the values of `COLUMNS`."""
_CHUNK = 500


def was_delivered(connection: Connection, sync: str, window: str) -> bool:
    """Whether a run of this window was recorded before."""
    query = sa.select(deliveries.c.revision).where(deliveries.c.sync == sync, deliveries.c.window == window)
    return connection.execute(query.limit(1)).first() is not None


def keep(connection: Connection, sync: str, window: str, states: Iterable[State]) -> None:
    """Keeps states that this window delivered and that are about to be replaced; known ones stay as they are."""
    once = "ON CONFLICT (sync, delivery, uid, digest) DO NOTHING"
    insert_many(connection, earlier.name, {"sync": sync, "delivery": window}, ("uid", *COLUMNS), states, after=once)


def read(connection: Connection, sync: str, window: str, uids: Sequence[str]) -> list[dict[str, State]]:
    """The kept states of some people, by UID: the first of each, then the second of each, and so on."""
    which = (earlier.c.sync == sync, earlier.c.delivery == window)
    if connection.execute(sa.select(earlier.c.uid).where(*which).limit(1)).first() is None:
        return []
    levels: list[dict[str, State]] = []
    columns = [earlier.c.uid, *(earlier.c[name] for name in COLUMNS)]
    for start in range(0, len(uids), _CHUNK):
        query = sa.select(*columns).where(*which, earlier.c.uid.in_(uids[start : start + _CHUNK]))
        for uid, *kept in connection.execute(query.order_by(earlier.c.uid, earlier.c.digest)):
            level = next((level for level in levels if uid not in level), None)
            if level is None:
                levels.append(level := {})
            level[uid] = (uid, *kept)
    return levels
