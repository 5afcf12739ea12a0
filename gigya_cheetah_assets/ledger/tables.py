"""The tables of the ledger. How they came to be is in `migrations/`, how they are filled in `recording`.

Names begin with `ledger_`, so that the ledger can share a PostgreSQL database with others. Times are epoch ms.
"""

from __future__ import annotations

import sqlalchemy as sa

VERSION = "0001"
"""The version of these tables: the newest revision in `migrations/versions`."""
VERSION_TABLE = "ledger_version"

metadata = sa.MetaData()

# What is known of a sync as a whole; counting the people anew would mean reading them all.
syncs = sa.Table(
    "ledger_syncs",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("population", sa.BigInteger, nullable=False),
)

# Column names of each version of a sync's mapping: how to read a row text that an earlier version wrote.
mappings = sa.Table(
    "ledger_mappings",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("sync", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("columns", sa.JSON, nullable=False),
    sa.Index("ledger_mappings_by_version", "sync", "version"),
)

# One row a person: on what both sides were last known to agree, since which delivery, and what stood before it.
# Clustered by slot, so that people in stable order are neighbours. row_text is null when only consents are known;
# previous_digest is null when nothing stood before. No foreign keys here: checking them would cost on every row.
agreed = sa.Table(
    "ledger_agreed",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("slot", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("uid", sa.Text, primary_key=True),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("updated", sa.BigInteger, nullable=False),
    sa.Column("delivery", sa.Text, nullable=False),
    sa.Column("mapping", sa.Integer),
    sa.Column("consents", sa.Text, nullable=False),
    sa.Column("row_text", sa.Text),
    sa.Column("previous_digest", sa.LargeBinary),
    sa.Column("previous_updated", sa.BigInteger),
    sa.Column("previous_delivery", sa.Text),
    sa.Column("previous_mapping", sa.Integer),
    sa.Column("previous_consents", sa.Text),
    sa.Column("previous_row_text", sa.Text),
    sqlite_with_rowid=False,
)

# Every delivery that was recorded; a window that runs again has one row a run.
deliveries = sa.Table(
    "ledger_deliveries",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("window", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.BigInteger, nullable=False),
    sa.Column("mapping", sa.Integer, sa.ForeignKey("ledger_mappings.id"), nullable=False),
    sa.Column("counts", sa.JSON, nullable=False),
    sa.Column("files", sa.JSON, nullable=False),
    sa.Index("ledger_deliveries_by_window", "sync", "window"),
)

# Brakes that a person released, for one window and one check.
releases = sa.Table(
    "ledger_releases",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("window", sa.Text, primary_key=True),
    sa.Column("check_name", sa.Text, primary_key=True),
    sa.Column("released_at", sa.BigInteger, nullable=False),
)
