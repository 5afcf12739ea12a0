"""The list of deliveries: what each window put into the outbox, and when that was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.lookup import Head
from gigya_cheetah_assets.ledger.tables import deliveries, mappings, syncs


@dataclass(frozen=True)
class DeliveredFile:
    """A file in the outbox: its kind, its name, its rows without the header, its size and its sha256 (hex)."""

    kind: str
    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Delivery:
    """One recorded delivery.

    Attributes:
        window: Stamp of the window.
        revision: Running number within the sync, from 1.
        recorded_at: Epoch ms.
        mapping_version: Version of the mapping that made the rows.
        counts: What the window counted.
        files: The files that carried it.
    """

    window: str
    revision: int
    recorded_at: int
    mapping_version: str
    counts: Mapping[str, int]
    files: tuple[DeliveredFile, ...]


def enter(connection: Connection, sync: str, delivery: Delivery, mapping: int) -> None:
    """Adds a delivery to the list."""
    connection.execute(
        deliveries.insert().values(
            sync=sync,
            revision=delivery.revision,
            window=delivery.window,
            recorded_at=delivery.recorded_at,
            mapping=mapping,
            counts=dict(delivery.counts),
            files=[asdict(file) for file in delivery.files],
        )
    )


def set_head(connection: Connection, sync: str, head: Head) -> None:
    """Moves a sync's running number and population on."""
    values = {"revision": head.revision, "population": head.population}
    if not connection.execute(sa.update(syncs).where(syncs.c.sync == sync).values(**values)).rowcount:
        connection.execute(sa.insert(syncs).values(sync=sync, **values))


def read_deliveries(connection: Connection, sync: str, window: str | None) -> list[Delivery]:
    """The deliveries of a sync, oldest first; of one window if it is given."""
    query = (
        sa.select(deliveries, mappings.c.version)
        .join(mappings, mappings.c.id == deliveries.c.mapping)
        .where(deliveries.c.sync == sync)
        .order_by(deliveries.c.revision)
    )
    if window is not None:
        query = query.where(deliveries.c.window == window)
    return [
        Delivery(
            row.window, row.revision, row.recorded_at, row.version, row.counts,
            tuple(DeliveredFile(**file) for file in row.files),
        )
        for row in connection.execute(query)
    ]  # fmt: skip
