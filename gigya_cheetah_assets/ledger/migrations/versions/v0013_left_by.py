"""Who left what stayed at an address: a person's own opt-out does not hold her own opt-in back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_TABLE, _BUILT = "ledger_left", "ledger_left_built"
_KEY = ("sync", "address", "subscription", "source")


def upgrade() -> None:
    """To this version."""
    _build(*_KEY, "uid")
    _fill(f"{', '.join(_KEY)}, uid, opted_out, decided_at", f"{', '.join(_KEY)}, '', opted_out, decided_at")


def downgrade() -> None:
    """Back to the version before: of several people an opt-out stays, one without a time before others."""
    _build(*_KEY)
    timeless = "count(*) FILTER (WHERE opted_out AND decided_at IS NULL)"
    opted_out = "count(*) FILTER (WHERE opted_out) > 0"
    _fill(
        f"{', '.join(_KEY)}, opted_out, decided_at",
        f"{', '.join(_KEY)}, {opted_out}, CASE WHEN {timeless} = 0 THEN max(decided_at) END",
        f"GROUP BY {', '.join(_KEY)}",
    )


def _build(*key: str) -> None:
    # A primary key cannot be altered in SQLite.
    op.create_table(
        _BUILT,
        *(sa.Column(name, sa.Text, primary_key=True) for name in key),
        sa.Column("opted_out", sa.Boolean, nullable=False),
        sa.Column("decided_at", sa.BigInteger),
    )


def _fill(columns: str, values: str, grouped: str = "") -> None:
    op.execute(sa.text(f"INSERT INTO {_BUILT} ({columns}) SELECT {values} FROM {_TABLE} {grouped}"))  # noqa: S608 - constants
    op.drop_table(_TABLE)
    op.rename_table(_BUILT, _TABLE)
