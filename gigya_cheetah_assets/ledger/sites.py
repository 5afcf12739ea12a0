"""Which Gigya site the people of a sync come from, by its fingerprint; what makes a fingerprint is the caller's."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.tables import syncs


def read_site(connection: Connection, sync: str) -> str | None:
    """The fingerprint; None before the first delivery."""
    return connection.execute(sa.select(syncs.c.site).where(syncs.c.sync == sync)).scalar()


def note_site(connection: Connection, sync: str, site: str) -> None:
    """Notes it for a sync of which a delivery was recorded."""
    connection.execute(sa.update(syncs).where(syncs.c.sync == sync).values(site=site))
