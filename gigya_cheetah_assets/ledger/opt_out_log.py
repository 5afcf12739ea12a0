"""The opt-outs of the consent log since a time, page by page: what reached the other side, and when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa
import sqlalchemy as sa

from gigya_cheetah_assets.ledger.consents import OPT_OUT
from gigya_cheetah_assets.ledger.lite_keys import HANDED_OVER
from gigya_cheetah_assets.ledger.store import Ledger
from gigya_cheetah_assets.ledger.tables import consent_log, inbound_files
from gigya_cheetah_assets.ledger.uploads import first_row

_PAGE = 5_000


class LoggedOptOut(NamedTuple):
    """One opt-out that reached the other side.

    Attributes:
        uid: Whose; None of who was erased.
        subscription: Its column.
        before: The state until then.
        decided_at: When the person decided, epoch ms, if that is known.
        side: Where it came up: `gigya` or `cheetahmail`.
        source: The window, or the file's name.
        line: Of the file.
        logged_at: When it was recorded as having reached the other side, epoch ms.
    """

    uid: str | None
    subscription: str
    before: str | None
    decided_at: int | None
    side: str
    source: str
    line: int | None
    logged_at: int


def logged_opt_outs(ledger: Ledger, sync: str, *, since: int) -> Iterator[list[LoggedOptOut]]:
    """In the order in which they became known.

    Args:
        ledger: The open ledger.
        sync: Name of the sync.
        since: Epoch ms; what was recorded before is left out.
    """
    log = consent_log.c
    with ledger.snapshot() as (connection, _):
        last = first_row(connection, sync, since) - 1
    while True:
        query = sa.select(log.seq, *(log[name] for name in LoggedOptOut._fields)).where(
            log.sync == sync, log.seq > last, log.after == OPT_OUT, log.before.is_distinct_from(OPT_OUT),
            log.rule != HANDED_OVER,
        )  # fmt: skip
        with ledger.snapshot() as (connection, _):
            found = connection.execute(query.order_by(log.seq).limit(_PAGE)).all()
        if not found:
            return
        last = found[-1].seq
        yield [LoggedOptOut(*row[1:]) for row in found]


def files_begun(ledger: Ledger, sync: str) -> dict[str, int]:
    """When each inbound file was first read (epoch ms), by name; of several with one name the last."""
    table = inbound_files.c
    query = sa.select(table.name, sa.func.max(table.begun_at)).where(table.sync == sync).group_by(table.name)
    with ledger.snapshot() as (connection, _):
        return {row[0]: row[1] for row in connection.execute(query)}


def cells_of(ledger: Ledger, sync: str, column: str | None, uids: list[str | None]) -> list[str | None]:
    """One cell of the agreed rows of some people, aligned with them."""
    known = sorted({uid for uid in uids if uid is not None})
    if column is None or not known:
        return [None] * len(uids)
    found = ledger.baseline(sync, pa.array(known, pa.string()), window="").cells(column).to_pylist()
    cells = dict(zip(known, found, strict=True))
    return [cells.get(uid) if uid is not None else None for uid in uids]
