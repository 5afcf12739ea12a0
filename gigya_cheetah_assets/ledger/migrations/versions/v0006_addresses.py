"""Who has which address, opt-outs that stay on one, and what CheetahMail reported of our files.

Addresses of people who are known already are entered from their rows: every cell that looks like one, for the mapping
tells columns and not which of them is the address. One cell too many costs a look-up and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from zlib import crc32

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_BATCH = 10_000


def upgrade() -> None:
    """To this version."""
    _addresses()
    _reports()
    _enter_known()


def _addresses() -> None:
    op.create_table(
        "ledger_addresses",
        sa.Column("sync", sa.Text, primary_key=True),
        sa.Column("hash", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("uid", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ledger_left_opt_outs",
        sa.Column("sync", sa.Text, primary_key=True),
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("subscription", sa.Text, primary_key=True),
        sa.Column("decided_at", sa.BigInteger),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("line", sa.BigInteger),
        sa.Column("parked_at", sa.BigInteger, nullable=False),
    )


def _reports() -> None:
    op.create_table(
        "ledger_import_results",
        sa.Column("sync", sa.Text, primary_key=True),
        sa.Column("file", sa.Text, primary_key=True),
        sa.Column("window", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("reported_at", sa.BigInteger, nullable=False),
        sa.Column("failed", sa.Boolean, nullable=False),
        sa.Column("rejected", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "ledger_refused_opt_outs",
        sa.Column("sync", sa.Text, primary_key=True),
        sa.Column("window", sa.Text, primary_key=True),
        sa.Column("uid", sa.Text, primary_key=True),
        sa.Column("subscription", sa.Text, primary_key=True),
        sa.Column("reported_at", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )


def _enter_known() -> None:
    connection = op.get_bind()
    people = connection.execute(sa.text("SELECT sync, uid, row_text FROM ledger_agreed WHERE row_text IS NOT NULL"))
    insert = sa.text("INSERT INTO ledger_addresses (sync, hash, uid) VALUES (:sync, :hash, :uid)")
    for some in people.partitions(_BATCH):
        entries = {(sync, found, uid) for sync, uid, text in some for found in _hashes(text)}
        if entries:
            names = ("sync", "hash", "uid")
            connection.execute(insert, [dict(zip(names, entry, strict=True)) for entry in sorted(entries)])


def _hashes(row_text: str) -> Iterator[int]:
    # The row's cells as `row_text` of this version joins them.
    return (crc32(cell.lower().encode()) for cell in row_text.split("\x1f") if "@" in cell)


def downgrade() -> None:
    """Back to the version before."""
    for name in ("ledger_refused_opt_outs", "ledger_import_results", "ledger_left_opt_outs", "ledger_addresses"):
        op.drop_table(name)
