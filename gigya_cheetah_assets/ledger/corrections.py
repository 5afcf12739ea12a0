"""People of whom CheetahMail holds a value that lost a merge, so that the next window tells it what stands.

Nothing about such an account changed in Gigya, so no window would read it. A correction stays open until a delivery
that read it is recorded, and then belongs to that window: the window builds the same files when it runs again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.driver import insert_many
from gigya_cheetah_assets.ledger.tables import corrections

_OPEN = ""
_CHUNK = 500
# A reserved word of PostgreSQL's.
_WINDOW = '"window"'


def note(connection: Connection, sync: str, uid: str, updated: int) -> None:
    """Enters a person; `updated` (epoch ms) is the least that the row which tells it must carry."""
    which = _which(sync, _OPEN, [uid])
    found = connection.execute(sa.select(corrections.c.updated).where(*which)).first()
    if found is None:
        connection.execute(corrections.insert().values(sync=sync, window=_OPEN, uid=uid, updated=updated))
    elif updated > found.updated:
        connection.execute(sa.update(corrections).where(*which).values(updated=updated))


def note_all(connection: Connection, sync: str, uids: Iterable[str], updated: int) -> None:
    """Enters many people with the same `updated` (epoch ms)."""
    later = "WHERE ledger_corrections.updated < excluded.updated"
    after = f"ON CONFLICT (sync, {_WINDOW}, uid) DO UPDATE SET updated = excluded.updated {later}"
    same = {"sync": sync, _WINDOW: _OPEN, "updated": updated}
    insert_many(connection, corrections.name, same, ["uid"], ((uid,) for uid in uids), after=after)


def read(connection: Connection, sync: str, window: str, *, with_open: bool) -> dict[str, int]:
    """The people that a window has to read besides those of its time, with the `updated` of their rows."""
    query = sa.select(corrections.c.uid, sa.func.max(corrections.c.updated))
    query = query.where(
        corrections.c.sync == sync, corrections.c.window.in_([_OPEN, window] if with_open else [window])
    )
    return {row[0]: row[1] for row in connection.execute(query.group_by(corrections.c.uid))}


def count_open(connection: Connection, sync: str) -> int:
    """How many no delivery has told yet."""
    query = sa.select(sa.func.count()).where(corrections.c.sync == sync, corrections.c.window == _OPEN)
    return int(connection.execute(query).scalar_one())


def told(connection: Connection, sync: str, window: str, done: Mapping[str, int]) -> None:
    """Gives open corrections to the window that told them; one that was renewed since it was read stays open."""
    uids = sorted(done)
    for start in range(0, len(uids), _CHUNK):
        chunk = uids[start : start + _CHUNK]
        found = connection.execute(sa.select(corrections).where(*_which(sync, _OPEN, chunk))).all()
        for row in found:
            if row.updated > done[row.uid]:
                continue
            connection.execute(sa.delete(corrections).where(*_which(sync, window, [row.uid])))
            moved = sa.update(corrections).where(*_which(sync, _OPEN, [row.uid])).values(window=window)
            connection.execute(moved)


def _which(sync: str, window: str, uids: list[str]) -> tuple[sa.ColumnElement[bool], ...]:
    return corrections.c.sync == sync, corrections.c.window == window, corrections.c.uid.in_(uids)
