"""One person's history over both directions, gathered from everything that the ledger keeps. Printing is `commands`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.consent_log import ConsentLog
from gigya_cheetah_assets.ledger.consents import parse_consents
from gigya_cheetah_assets.ledger.deliveries import Delivery, read_deliveries
from gigya_cheetah_assets.ledger.digests import slots
from gigya_cheetah_assets.ledger.inbound_items import Change
from gigya_cheetah_assets.ledger.lite_keys import LiteKeys
from gigya_cheetah_assets.ledger.recording import known_mappings
from gigya_cheetah_assets.ledger.row_text import decode
from gigya_cheetah_assets.ledger.store import Ledger
from gigya_cheetah_assets.ledger.tables import agreed, inbound_files, inbound_items
from gigya_cheetah_assets.ledger.tombstones import Tombstones


@dataclass(frozen=True)
class Happening:
    """One thing that happened to a person.

    Attributes:
        at: When, epoch ms; None for what stands now.
        what: agreed, delivered, consent, inbound, deleted, or erased.
        where: Window, or file and line.
        told: Columns, rules, states and fates: no other value.
        values: Values that identify or describe the person, by name; for those who may see them.
    """

    at: int | None
    what: str
    where: str
    told: str
    values: tuple[tuple[str, str | None], ...] = ()


def history(ledger: Ledger, sync: str, uid: str) -> list[Happening]:
    """What the ledger knows of a person, oldest first, then what stands now; empty if it knows nothing.

    What happened to her as a lite account, before she registered, is part of it.
    """
    keys = [uid, *LiteKeys(ledger, sync).keys_before(uid)]
    with ledger.snapshot() as (connection, mark):
        log = [row for key in keys for row in ConsentLog(connection, mark, sync).of_person(key)]
        happened = [
            Happening(
                row.logged_at,
                "consent",
                entry.source if entry.line is None else f"{entry.source}, line {entry.line}",
                f"{entry.subscription}: {entry.before or 'none'} -> {entry.after or 'none'}; "
                f"{entry.side}; {entry.rule}; row {row.seq} of the log",
            )
            for row in log
            for entry in (row.entry,)
        ]
        happened += [happening for key in keys for happening in _items(connection, sync, key)]
        windows = {entry.source for _, _, entry in log if entry.side == "gigya"}
        stands, delivered_by = _agreed(connection, sync, uid)
        happened += [
            _delivered(delivery)
            for window in sorted(windows | delivered_by)
            for delivery in _distinct(read_deliveries(connection, sync, window))
        ]
    happened += _deleted(ledger, sync, uid)
    return [*sorted(happened, key=lambda happening: (happening.at or 0, happening.what)), *stands]


def _distinct(deliveries: list[Delivery]) -> list[Delivery]:
    """One of each run of deliveries with the same files: a window that ran again delivered nothing else."""
    return [next(group) for _, group in groupby(deliveries, key=lambda delivery: delivery.files)]


def _delivered(delivery: Delivery) -> Happening:
    files = ", ".join(file.name for file in delivery.files) or "no file"
    return Happening(
        delivery.recorded_at, "delivered", f"window {delivery.window}", f"revision {delivery.revision}: {files}"
    )


def _deleted(ledger: Ledger, sync: str, uid: str) -> list[Happening]:
    stone = Tombstones(ledger, sync).of([uid]).people.get(uid)
    if stone is None:
        return []
    where = f"window {stone.window}" if stone.window else "here"
    found = [Happening(stone.deleted_at, "deleted", where, stone.reason)]
    if stone.erased_at is not None:
        found.append(Happening(stone.erased_at, "erased", "here", "all but the tombstone and the decisions above"))
    return found


def _items(connection: Connection, sync: str, uid: str) -> list[Happening]:
    files = sa.and_(inbound_files.c.sync == inbound_items.c.sync, inbound_files.c.sha256 == inbound_items.c.sha256)
    query = sa.select(inbound_items, inbound_files.c.name, inbound_files.c.begun_at).join(inbound_files, files)
    found = connection.execute(query.where(inbound_items.c.sync == sync, inbound_items.c.uid == uid))
    happened = []
    for row in found:
        where = row.name if row.line is None else f"{row.name}, line {row.line}"
        fate = row.fate if row.code is None else f"{row.fate} ({row.code})"
        for change in (Change(**values) for values in row.fields):
            told = f"{change.column}: {change.rule}{', conflict' if change.conflict else ''}; {fate}"
            values = (("before", change.before), ("stands", change.value), ("lost", change.loser))
            happened.append(Happening(row.settled_at or row.begun_at, "inbound", where, told, values))
        if not row.fields:
            happened.append(Happening(row.settled_at or row.begun_at, "inbound", where, fate))
    return happened


def _agreed(connection: Connection, sync: str, uid: str) -> tuple[list[Happening], set[str]]:
    """What stands, and the windows that put it and the state before it there."""
    (slot,) = slots([uid])
    query = sa.select(agreed).where(agreed.c.sync == sync, agreed.c.slot == slot, agreed.c.uid == uid)
    row = connection.execute(query).first()
    if row is None:
        return [], set()
    states = ", ".join(f"{name} {state}" for name, (state, _) in parse_consents(row.consents).items())
    stands = Happening(None, "agreed", row.delivery, states or "no decision")
    if row.row_text is not None:
        columns = known_mappings(connection, sync)[row.mapping]
        stands = replace(stands, values=tuple(zip(columns, _cells(row.row_text, columns), strict=True)))
    return [stands], {name for name in (row.delivery, row.previous_delivery) if name is not None}


def _cells(row_text: str, columns: tuple[str, ...]) -> list[str | None]:
    return list(decode(pa.array([row_text]), columns).to_pylist()[0].values())
