"""To whom CheetahMail mails no more, since mail came back for good."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this version."""
    op.create_table(
        "ledger_undeliverable",
        sa.Column("sync", sa.Text, primary_key=True),
        sa.Column("uid", sa.Text, primary_key=True),
        sa.Column("subscription", sa.Text, primary_key=True),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("source", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Back to the version before."""
    op.drop_table("ledger_undeliverable")
