"""When decisions that we delivered left: how the return of an opt-out in a file of CheetahMail's is known for an echo.

The state of today does not tell: an opt-in may have been delivered since, and the echo of the older opt-out still
comes. So the consent log is asked, from the first row on that can matter.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.consent_log import ADDRESS_LEFT, OUTBOUND_DELIVERY
from gigya_cheetah_assets.ledger.consents import OPT_IN, OPT_OUT
from gigya_cheetah_assets.ledger.store import Ledger
from gigya_cheetah_assets.ledger.tables import consent_heads, consent_log

_CHUNK = 500


def own_deliveries(
    ledger: Ledger, sync: str, uids: Sequence[str], *, since: int, state: str = OPT_OUT
) -> dict[tuple[str, str], list[int]]:
    """When opt-outs (or opt-ins) of some people were delivered by us.

    A window that delivers the same opt-out again is not counted: what is no echo for certain is taken for an opt-out.

    Args:
        ledger: The open ledger.
        sync: Name of the sync.
        uids: The people.
        since: Epoch ms; deliveries that were recorded before do not matter.
        state: `opt_out` or `opt_in`.

    Returns:
        Epoch ms of the deliveries, in their order, by UID and subscription column.
    """
    found: dict[tuple[str, str], list[int]] = {}
    with ledger.snapshot() as (connection, _):
        first = first_row(connection, sync, since)
        for start in range(0, len(uids), _CHUNK):
            for row in connection.execute(_decisions(sync, first, uids[start : start + _CHUNK], state)):
                found.setdefault((row.uid, row.subscription), []).append(row.logged_at)
    return found


def _decisions(sync: str, first: int, uids: Sequence[str], state: str) -> sa.Select[tuple[str, str, int]]:
    log = consent_log.c
    # Who is opted in no more leaves the list too, and so does an address that the person has left.
    left = sa.or_(log.after == state, sa.and_(log.before == OPT_IN, log.after.is_distinct_from(OPT_IN)))
    ours = sa.or_(sa.and_(log.rule == OUTBOUND_DELIVERY, left), log.rule == ADDRESS_LEFT)
    query = sa.select(log.uid, log.subscription, log.logged_at).where(
        log.sync == sync, log.seq >= first, ours, log.uid.in_(uids)
    )
    return query.order_by(log.seq)


def first_row(connection: Connection, sync: str, since: int) -> int:
    """The number of the first row that was logged since a time: rows are in the order of their times."""
    head = connection.execute(sa.select(consent_heads.c.seq).where(consent_heads.c.sync == sync)).scalar()
    low, high = 1, (head or 0) + 1
    while low < high:
        middle = (low + high) // 2
        which = (consent_log.c.sync == sync, consent_log.c.seq == middle)
        logged = connection.execute(sa.select(consent_log.c.logged_at).where(*which)).scalar_one()
        low, high = (middle + 1, high) if logged < since else (low, middle)
    return low
