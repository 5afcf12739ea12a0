"""What inbound files set out to write to Gigya."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this version."""
    op.create_table(
        "ledger_inbound_asked",
        sa.Column("sync", sa.Text, primary_key=True),
        sa.Column("uid", sa.Text, primary_key=True),
        sa.Column("column_name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, primary_key=True),
        sa.Column("evidence_at", sa.BigInteger),
        sa.Column("sha256", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Back to the version before."""
    op.drop_table("ledger_inbound_asked")
