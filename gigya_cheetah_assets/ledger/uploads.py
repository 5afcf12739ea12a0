"""When an opt-out that CheetahMail has was one that we delivered: how its return in a file is known for an echo."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.consents import OPT_OUT, parse_consents
from gigya_cheetah_assets.ledger.digests import slots
from gigya_cheetah_assets.ledger.lookup import People, head
from gigya_cheetah_assets.ledger.store import Ledger
from gigya_cheetah_assets.ledger.tables import deliveries


def own_opt_outs(ledger: Ledger, sync: str, uids: Sequence[str]) -> dict[tuple[str, str], int]:
    """The opt-outs that some people have by a delivery of ours.

    Returns:
        When the delivery was recorded, epoch ms, by UID and subscription column. People whose state came from an
        inbound file are not there.
    """
    wanted = frozenset(uids)
    with ledger.snapshot() as (connection, mark):
        people = People(connection, mark, sync, head(connection, sync).population)
        found = [row for row in people.find(slots(list(uids)), "uid, delivery, consents") if row[0] in wanted]
        recorded = _recorded(connection, sync, {delivery for _, delivery, _ in found})
    return {
        (uid, column): recorded[delivery]
        for uid, delivery, consents in found
        if delivery in recorded
        for column, (state, _) in parse_consents(consents).items()
        if state == OPT_OUT
    }


def _recorded(connection: Connection, sync: str, windows: set[str]) -> dict[str, int]:
    """When each window was last recorded."""
    query = (
        sa.select(deliveries.c.window, sa.func.max(deliveries.c.recorded_at))
        .where(deliveries.c.sync == sync, deliveries.c.window.in_(sorted(windows)))
        .group_by(deliveries.c.window)
    )
    return {row[0]: row[1] for row in connection.execute(query)}
