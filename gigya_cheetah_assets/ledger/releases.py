"""Brakes that a person released: for one sync, one window and one check."""

from __future__ import annotations

import time

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.tables import releases


def is_released(connection: Connection, sync: str, window: str, check: str) -> bool:
    """Whether the brake was released."""
    query = sa.select(releases.c.released_at).where(
        releases.c.sync == sync, releases.c.window == window, releases.c.check_name == check
    )
    return connection.execute(query).first() is not None


def release(connection: Connection, sync: str, window: str, check: str) -> None:
    """Releases a brake; once is as good as twice."""
    if not is_released(connection, sync, window, check):
        now = time.time_ns() // 1_000_000
        values = {"sync": sync, "window": window, "check_name": check, "released_at": now}
        connection.execute(releases.insert().values(**values))
