"""What a window delivered before its last run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this version."""
    op.create_table(
        "ledger_earlier",
        sa.Column("sync", sa.Text, primary_key=True),
        sa.Column("delivery", sa.Text, primary_key=True),
        sa.Column("uid", sa.Text, primary_key=True),
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sa.Column("mapping", sa.Integer),
        sa.Column("consents", sa.Text, nullable=False),
        sa.Column("row_text", sa.Text),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Back to the version before."""
    op.drop_table("ledger_earlier")
