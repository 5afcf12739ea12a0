"""Generated people as frames of rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from zlib import crc32

import pyarrow as pa
import sqlalchemy as sa

from gigya_cheetah_assets.ledger import Changes, Ledger, RowShape, compare
from gigya_cheetah_assets.ledger.tables import deliveries

SHAPE = RowShape("GIGYA_UID", "EMAIL", ("GIGYA_UID", "EMAIL", "FNAME", "NEWS", "OFFERS"), ("NEWS", "OFFERS"))
DAY = 86_400_000
T0 = 1_767_225_600_000  # 2026-01-01T00:00:00Z


@dataclass(frozen=True)
class Person:
    uid: str | None
    email: str | None = "person@example.org"
    name: str | None = "Ana"
    news: str | None = None
    offers: str | None = None
    updated: int = T0
    at: int | None = None
    cells: dict[str, str | None] = field(default_factory=dict)


def stable(people: Iterable[Person]) -> list[Person]:
    return sorted(people, key=lambda person: (crc32((person.uid or "").encode()), person.uid or ""))


def frame(*people: Person, shape: RowShape = SHAPE) -> pa.Table:
    """A frame of rows in stable order."""
    listed = stable(people)
    codes = {"opt_in": "1", "opt_out": "0"}
    values = {
        "GIGYA_UID": [p.uid for p in listed],
        "EMAIL": [p.email for p in listed],
        "FNAME": [p.name for p in listed],
        "NEWS": [codes.get(p.news or "") for p in listed],
        "OFFERS": [codes.get(p.offers or "") for p in listed],
    }
    columns = {name: values.get(name) or [p.cells.get(name) for p in listed] for name in shape.columns}
    arrays = {name: pa.array(cells, pa.string()) for name, cells in columns.items()}
    arrays["_updated"] = pa.array([p.updated for p in listed], pa.int64())
    states = {"NEWS": [p.news for p in listed], "OFFERS": [p.offers for p in listed]}
    for name in shape.subscriptions:
        arrays[f"_state.{name}"] = pa.array(states[name], pa.string())
        arrays[f"_at.{name}"] = pa.array([p.at for p in listed], pa.int64())
    return pa.table(arrays)


def changes(ledger: Ledger, rows: pa.Table, *, window: str, sync: str = "acme", shape: RowShape = SHAPE) -> Changes:
    return compare(rows, ledger.baseline(sync, rows[shape.key], window=window), shape)


def deliver(
    ledger: Ledger, *people: Person, window: str, sync: str = "acme", shape: RowShape = SHAPE, version: str = "1"
) -> Changes:
    """Compares and records, as a window does it; returns what was delivered."""
    found = changes(ledger, frame(*people, shape=shape), window=window, sync=sync, shape=shape)
    ledger.record(
        sync,
        window,
        [found.profiles],
        shape=shape,
        mapping_version=version,
        counts=dict,
        files=(),
        seen=[found.seen],
    )
    return found


def recorded_at(ledger: Ledger, at: int, *, sync: str = "acme") -> None:
    """All deliveries so far were recorded at this time, epoch ms."""
    with ledger.transaction(sync) as (connection, _):
        connection.execute(sa.update(deliveries).values(recorded_at=at))


def listed(table: pa.Table) -> list[tuple[str, ...]]:
    """Rows of a small file, as the file has them."""
    return [tuple(row.values()) for row in table.drop_columns(["_updated"]).to_pylist()]
