"""The first ledger: people, deliveries, mappings, releases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this version."""
    op.create_table(
        "ledger_syncs",
        sa.Column("sync", sa.Text, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("population", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "ledger_mappings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("sync", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("columns", sa.JSON, nullable=False),
    )
    op.create_index("ledger_mappings_by_version", "ledger_mappings", ["sync", "version"])
    _people()
    _deliveries()


def _people() -> None:
    op.create_table(
        "ledger_agreed",
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


def _deliveries() -> None:
    op.create_table(
        "ledger_deliveries",
        sa.Column("sync", sa.Text, primary_key=True),
        sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("window", sa.Text, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("mapping", sa.Integer, sa.ForeignKey("ledger_mappings.id"), nullable=False),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.Column("files", sa.JSON, nullable=False),
    )
    op.create_index("ledger_deliveries_by_window", "ledger_deliveries", ["sync", "window"])
    op.create_table(
        "ledger_releases",
        sa.Column("sync", sa.Text, primary_key=True),
        sa.Column("window", sa.Text, primary_key=True),
        sa.Column("check_name", sa.Text, primary_key=True),
        sa.Column("released_at", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Back to the version before."""
    for table in ("ledger_releases", "ledger_deliveries", "ledger_agreed", "ledger_mappings", "ledger_syncs"):
        op.drop_table(table)
