"""Whose accounts a sync delivers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this version."""
    op.add_column("ledger_syncs", sa.Column("site", sa.Text))


def downgrade() -> None:
    """Back to the version before."""
    op.drop_column("ledger_syncs", "site")
