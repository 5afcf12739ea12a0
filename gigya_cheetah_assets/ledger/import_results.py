"""What CheetahMail reported of the files that we delivered: which it took, and which opt-outs it refused.

An opt-out that was refused is told anew by the next window, a few times; then a person has to look.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.agreement import INBOUND, Agreement
from gigya_cheetah_assets.ledger.deliveries import Delivery, set_head
from gigya_cheetah_assets.ledger.lookup import Head, head
from gigya_cheetah_assets.ledger.shape import RowShape
from gigya_cheetah_assets.ledger.store import Ledger
from gigya_cheetah_assets.ledger.tables import deliveries, import_results, refused_opt_outs

TIMES_TOLD = 3
"""How often an opt-out that CheetahMail refuses is told again before it waits for a person."""


@dataclass(frozen=True)
class FileResult:
    """CheetahMail's word on one file: its name, window and kind, whether all of it failed, how many rows were bad."""

    file: str
    window: str
    kind: str
    failed: bool
    rejected: int
    reported_at: int = 0


@dataclass(frozen=True)
class RefusedOptOut:
    """An opt-out that CheetahMail did not take, with its reason and when we read so (epoch ms)."""

    window: str
    uid: str
    subscription: str
    reason: str
    reported_at: int = 0


def note_result(
    ledger: Ledger, sync: str, shape: RowShape, result: FileResult, refused: Sequence[RefusedOptOut]
) -> int:
    """Keeps the report of a file; the newest one counts.

    Returns:
        How many of the refused opt-outs the next window tells anew.
    """
    with ledger.transaction(sync) as (connection, mark):
        now = time.time_ns() // 1_000_000
        values = {"window": result.window, "kind": result.kind, "failed": result.failed, "rejected": result.rejected}
        _replace(connection, import_results, {"sync": sync, "file": result.file}, {**values, "reported_at": now})
        news = [one for one in refused if _enter(connection, sync, one, now)]
        agreement = Agreement(connection, mark, sync, shape, f"{INBOUND}report", now)
        again: dict[str, list[str]] = {}
        for one in news:
            if _times(connection, sync, one) <= TIMES_TOLD:
                again.setdefault(one.uid, []).append(one.subscription)
        told = [uid for uid, subscriptions in again.items() if agreement.forget(uid, subscriptions)]
        if told:
            before = head(connection, sync)
            set_head(connection, sync, Head(before.revision + 1, before.population))
        return sum(len(again[uid]) for uid in told)


def results(ledger: Ledger, sync: str) -> dict[str, FileResult]:
    """The newest report of each file, by its name."""
    table = import_results.c
    query = sa.select(table.file, table.window, table.kind, table.failed, table.rejected, table.reported_at)
    with ledger.snapshot() as (connection, _):
        return {row.file: FileResult(*row) for row in connection.execute(query.where(table.sync == sync))}


def imported_kinds(ledger: Ledger, sync: str, delivery: Delivery) -> set[str]:
    """The kinds of a delivery of which CheetahMail has reported since that it imported every file."""
    reports = results(ledger, sync)
    taken = {
        file.name: (found := reports.get(file.name)) is not None
        and not found.failed
        and found.reported_at > delivery.recorded_at
        for file in delivery.files
    }
    kinds = {file.kind for file in delivery.files}
    return {kind for kind in kinds if all(taken[file.name] for file in delivery.files if file.kind == kind)}


def refused(ledger: Ledger, sync: str) -> dict[tuple[str, str, str], RefusedOptOut]:
    """All refused opt-outs, by window, UID and subscription."""
    table = refused_opt_outs.c
    query = sa.select(table.window, table.uid, table.subscription, table.reason, table.reported_at)
    with ledger.snapshot() as (connection, _):
        found = [RefusedOptOut(*row) for row in connection.execute(query.where(table.sync == sync))]
    return {(one.window, one.uid, one.subscription): one for one in found}


def _enter(connection: Connection, sync: str, one: RefusedOptOut, now: int) -> bool:
    """Whether it is news; a report that comes again is none, unless the window has told it once more meanwhile."""
    which = {"sync": sync, "window": one.window, "uid": one.uid, "subscription": one.subscription}
    query = sa.select(refused_opt_outs.c.reported_at).where(*_same(refused_opt_outs, which))
    known = connection.execute(query).scalar()
    told = sa.select(sa.func.max(deliveries.c.recorded_at)).where(
        deliveries.c.sync == sync, deliveries.c.window == one.window
    )
    if known is not None and known >= (connection.execute(told).scalar() or 0):
        return False
    _replace(connection, refused_opt_outs, which, {"reported_at": now, "reason": one.reason[:200]})
    return True


def _times(connection: Connection, sync: str, one: RefusedOptOut) -> int:
    """How often an opt-out was refused, by different windows."""
    which = {"sync": sync, "uid": one.uid, "subscription": one.subscription}
    query = sa.select(sa.func.count()).select_from(refused_opt_outs).where(*_same(refused_opt_outs, which))
    return int(connection.execute(query).scalar_one())


def _replace(
    connection: Connection, table: sa.Table, which: Mapping[str, object], values: Mapping[str, object]
) -> None:
    if not connection.execute(sa.update(table).where(*_same(table, which)).values(**values)).rowcount:
        connection.execute(sa.insert(table).values(**which, **values))


def _same(table: sa.Table, which: Mapping[str, object]) -> Iterable[sa.ColumnElement[bool]]:
    return [table.c[name] == value for name, value in which.items()]
