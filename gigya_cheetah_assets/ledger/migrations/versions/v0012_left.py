"""What each window has left at addresses: opt-outs, and that somebody went off a list."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_OLD, _NEW = "ledger_left_opt_outs", "ledger_left"


def upgrade() -> None:
    """To this version."""
    op.create_table(
        _NEW,
        sa.Column("sync", sa.Text, primary_key=True),
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("subscription", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("opted_out", sa.Boolean, nullable=False),
        sa.Column("decided_at", sa.BigInteger),
    )
    op.execute(
        sa.text(
            f"INSERT INTO {_NEW} (sync, address, subscription, source, opted_out, decided_at)"  # noqa: S608 - constants
            f" SELECT sync, address, subscription, source, true, decided_at FROM {_OLD}"
        )
    )
    op.drop_table(_OLD)


def downgrade() -> None:
    """Back to the version before: of several opt-outs of an address the latest stays."""
    op.create_table(
        _OLD,
        sa.Column("sync", sa.Text, primary_key=True),
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("subscription", sa.Text, primary_key=True),
        sa.Column("decided_at", sa.BigInteger),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("line", sa.BigInteger),
        sa.Column("parked_at", sa.BigInteger, nullable=False),
    )
    # An opt-out without a time weighs more than any: it is there if fewer have a time than there are.
    op.execute(
        sa.text(
            f"INSERT INTO {_OLD} (sync, address, subscription, source, decided_at, parked_at)"  # noqa: S608 - constants
            " SELECT sync, address, subscription, max(source),"
            " CASE WHEN count(*) = count(decided_at) THEN max(decided_at) END, 0"
            f" FROM {_NEW} WHERE opted_out GROUP BY sync, address, subscription"
        )
    )
    op.drop_table(_NEW)
