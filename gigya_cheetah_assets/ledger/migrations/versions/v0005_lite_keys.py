"""Lite accounts by their key, and the UIDs of those that registered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this version."""
    op.create_table(
        "ledger_lite_keys",
        sa.Column("sync", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("uid", sa.Text),
        sa.Column("updated", sa.BigInteger),
    )
    op.create_index("ledger_lite_keys_by_address", "ledger_lite_keys", ["sync", "address"])
    op.create_index("ledger_lite_keys_by_uid", "ledger_lite_keys", ["sync", "uid"])


def downgrade() -> None:
    """Back to the version before."""
    op.drop_table("ledger_lite_keys")
