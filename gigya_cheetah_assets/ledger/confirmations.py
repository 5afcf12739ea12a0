"""When CheetahMail showed that it has an opt-out of ours: by its echo among unsubscribes, or by a row of its list."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from gigya_cheetah_assets.ledger.consents import OPT_OUT
from gigya_cheetah_assets.ledger.driver import insert_many
from gigya_cheetah_assets.ledger.store import Ledger
from gigya_cheetah_assets.ledger.tables import echoed_opt_outs, inbound_items

_CHUNK = 500
Confirmed = dict[tuple[str, str], list[tuple[int, str]]]


def note_echoes(ledger: Ledger, sync: str, opt_outs: Iterable[tuple[str, str]]) -> None:
    """Keeps that opt-outs (UID, subscription) came back; the newest time counts."""
    found = sorted(set(opt_outs))
    if not found:
        return
    newest = "ON CONFLICT (sync, uid, subscription) DO UPDATE SET echoed_at = excluded.echoed_at"
    same = {"sync": sync, "echoed_at": time.time_ns() // 1_000_000}
    with ledger.transaction(sync) as (connection, _):
        insert_many(connection, echoed_opt_outs.name, same, ("uid", "subscription"), found, after=newest)


def confirmations(ledger: Ledger, sync: str, uids: Sequence[str]) -> Confirmed:
    """When (epoch ms) and by what CheetahMail showed the opt-outs of some people, by UID and subscription."""
    found: Confirmed = {}
    echo, item = echoed_opt_outs.c, inbound_items.c
    with ledger.snapshot() as (connection, _):
        for start in range(0, len(uids), _CHUNK):
            chunk = uids[start : start + _CHUNK]
            echoes = sa.select(echo.uid, echo.subscription, echo.echoed_at)
            for row in connection.execute(echoes.where(echo.sync == sync, echo.uid.in_(chunk))):
                found.setdefault((row.uid, row.subscription), []).append((row.echoed_at, "echo"))
            items = sa.select(item.uid, item.fields, item.settled_at).where(
                item.sync == sync, item.uid.in_(chunk), item.fate.in_(("applied", "unchanged"))
            )
            for row in connection.execute(items):
                for change in row.fields:
                    if (
                        change["subscription"]
                        and change["value"] == OPT_OUT
                        and not change["write"]
                        and not change["loser"]
                    ):
                        found.setdefault((row.uid, change["column"]), []).append((row.settled_at, "shown"))
    return found
