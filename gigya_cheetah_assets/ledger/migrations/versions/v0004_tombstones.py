"""Tombstones, and a consent log whose chain covers a keyed hash of the UID instead of the UID.

The log is written anew, row by row. A row that was broken before is broken after it, at the same number.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from hashlib import blake2b, sha256
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.engine import Connection

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_BATCH = 5_000
_CONTENT = ("subscription", "before", "after", "decided_at", "side", "source", "line", "rule")


def upgrade() -> None:
    """To this version."""
    op.create_table(
        "ledger_keys",
        sa.Column("sync", sa.Text, primary_key=True),
        sa.Column("key", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "ledger_tombstones",
        sa.Column("sync", sa.Text, primary_key=True),
        sa.Column("person", sa.LargeBinary, primary_key=True),
        sa.Column("address", sa.LargeBinary),
        sa.Column("deleted_at", sa.BigInteger, nullable=False),
        sa.Column("opt_ins_after", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("window", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("erased_at", sa.BigInteger),
    )
    op.create_index("ledger_tombstones_by_address", "ledger_tombstones", ["sync", "address"])
    op.add_column("ledger_consent_heads", sa.Column("older_seq", sa.BigInteger))
    op.add_column("ledger_consent_heads", sa.Column("older_hash", sa.LargeBinary))
    _log_anew(op.get_bind())


def _log_anew(connection: Connection) -> None:
    old = sa.table("ledger_consent_log", *map(sa.column, ("sync", "seq", "logged_at", "uid", *_CONTENT, "hash")))
    new = op.create_table(
        "ledger_consent_log_new",
        sa.Column("sync", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("logged_at", sa.BigInteger, nullable=False),
        sa.Column("uid", sa.Text),
        sa.Column("person", sa.LargeBinary, nullable=False),
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
    for sync in connection.execute(sa.select(old.c.sync).distinct()).scalars().all():
        _chained_anew(connection, sync, old, new)
    op.drop_table("ledger_consent_log")
    op.rename_table("ledger_consent_log_new", "ledger_consent_log")


def _chained_anew(connection: Connection, sync: str, old: sa.TableClause, new: sa.Table) -> None:
    key = secrets.token_bytes(32)
    connection.execute(sa.text("INSERT INTO ledger_keys VALUES (:sync, :key)"), {"sync": sync, "key": key})
    before = after = sha256(f"gigya-cheetah consent log of {sync}".encode()).digest()
    for page in _pages(connection, sync, old):
        made = []
        for row in page:
            person = blake2b(row["uid"].encode(), digest_size=16, key=key, person=b"uid").digest()
            before = sha256(before + _text(row, f"{len(row['uid'])};{row['uid']}")).digest()
            after = sha256(after + _text(row, person.hex())).digest()
            if before != row["hash"]:
                # As it was found: the row does not verify now as it did not before.
                before = after = row["hash"]
            made.append({**row, "person": person, "hash": after})
        connection.execute(sa.insert(new), made)
    head = connection.execute(
        sa.text("SELECT seq, hash FROM ledger_consent_heads WHERE sync = :sync"), {"sync": sync}
    ).first()
    if head is None:
        return
    moved = {"sync": sync, "hash": after if bytes(head.hash) == before else head.hash, "older": head.hash}
    update = "UPDATE ledger_consent_heads SET hash = :hash, older_seq = seq, older_hash = :older WHERE sync = :sync"
    connection.execute(sa.text(update), moved)


def _pages(connection: Connection, sync: str, old: sa.TableClause) -> Iterator[list[dict[str, Any]]]:
    last = -(2**62)
    while True:
        query = sa.select(old).where(old.c.sync == sync, old.c.seq > last).order_by(old.c.seq).limit(_BATCH)
        found = [{**row, "hash": bytes(row["hash"])} for row in connection.execute(query).mappings()]
        if not found:
            return
        last = found[-1]["seq"]
        yield found


def _text(row: dict[str, Any], who: str) -> bytes:
    subscription, before, after, decided_at, side, source, line, rule = (row[name] for name in _CONTENT)
    return (
        f"{row['seq']};{row['logged_at']};{who};{subscription};{before};{after};{decided_at};"
        f"{side};{len(source)};{source};{line};{rule}"
    ).encode()


def downgrade() -> None:
    """There is no way back but a back-up: who was erased since has no UID any more."""
    raise NotImplementedError("restore the back-up that was made before the upgrade")
