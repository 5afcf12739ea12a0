"""Echoes of our own opt-outs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this version."""
    op.create_table(
        "ledger_echoed_opt_outs",
        sa.Column("sync", sa.Text, primary_key=True),
        sa.Column("uid", sa.Text, primary_key=True),
        sa.Column("subscription", sa.Text, primary_key=True),
        sa.Column("echoed_at", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Back to the version before."""
    op.drop_table("ledger_echoed_opt_outs")
