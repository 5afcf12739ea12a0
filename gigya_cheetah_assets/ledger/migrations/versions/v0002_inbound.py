"""The inbound direction: consent log, inbound files and their items, agreed cells, parked opt-outs, corrections."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this version."""
    _consent_log()
    _files()
    _people()


def _consent_log() -> None:
    op.create_table(
        "ledger_consent_log",
        sa.Column("sync", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("logged_at", sa.BigInteger, nullable=False),
        sa.Column("uid", sa.Text, nullable=False),
        sa.Column("subscription", sa.Text, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        sa.Column("decided_at", sa.BigInteger),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("line", sa.BigInteger),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ledger_consent_heads",
        sa.Column("sync", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )


def _files() -> None:
    op.create_table(
        "ledger_inbound_files",
        sa.Column("sync", sa.Text, primary_key=True),
        sa.Column("sha256", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.Column("begun_at", sa.BigInteger, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
    )
    op.create_table(
        "ledger_inbound_items",
        sa.Column("sync", sa.Text, primary_key=True),
        sa.Column("sha256", sa.Text, primary_key=True),
        sa.Column("uid", sa.Text, primary_key=True),
        sa.Column("line", sa.BigInteger),
        sa.Column("fields", sa.JSON, nullable=False),
        sa.Column("fate", sa.Text, nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("settled_at", sa.BigInteger),
    )
    op.create_index("ledger_inbound_items_by_uid", "ledger_inbound_items", ["sync", "uid"])


def _people() -> None:
    op.create_table(
        "ledger_inbound_cells",
        sa.Column("sync", sa.Text, primary_key=True),
        sa.Column("uid", sa.Text, primary_key=True),
        sa.Column("column_name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text),
        sa.Column("evidence_at", sa.BigInteger),
        sa.Column("written_at", sa.BigInteger),
    )
    op.create_table(
        "ledger_parked_opt_outs",
        sa.Column("sync", sa.Text, primary_key=True),
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("subscription", sa.Text, primary_key=True),
        sa.Column("decided_at", sa.BigInteger),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("line", sa.BigInteger),
        sa.Column("parked_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "ledger_corrections",
        sa.Column("sync", sa.Text, primary_key=True),
        sa.Column("window", sa.Text, primary_key=True),
        sa.Column("uid", sa.Text, primary_key=True),
        sa.Column("updated", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Back to the version before."""
    inbound = ("inbound_cells", "inbound_items", "inbound_files")
    for table in ("corrections", "parked_opt_outs", *inbound, "consent_heads", "consent_log"):
        op.drop_table(f"ledger_{table}")
