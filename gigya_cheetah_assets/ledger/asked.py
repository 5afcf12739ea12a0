"""What inbound files set out to write to Gigya, noted before it is sent.

A run may be killed between a write and the note of it. What Gigya then has is ours, but its time is that of the
write, later than anything the person did: taken for a decision in Gigya it would beat an opt-out that came after
the opt-in which we carried over. So what was asked for counts as written, with the evidence that it was asked on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.driver import insert_many
from gigya_cheetah_assets.ledger.inbound_items import Item
from gigya_cheetah_assets.ledger.sides import Asked
from gigya_cheetah_assets.ledger.tables import inbound_asked

_CHUNK = 500


def note(connection: Connection, sync: str, sha256: str, items: Iterable[Item]) -> None:
    """Notes what some items of a file will write."""
    rows = (
        (item.uid, change.column, change.value or "", change.at)
        for item in items
        for change in item.changes
        if change.write and item.fate == "pending"
    )
    again = "ON CONFLICT (sync, uid, column_name, value) DO UPDATE SET"
    newest = f"{again} evidence_at = excluded.evidence_at, sha256 = excluded.sha256"
    columns = ("uid", "column_name", "value", "evidence_at")
    insert_many(connection, inbound_asked.name, {"sync": sync, "sha256": sha256}, columns, rows, after=newest)


def read(connection: Connection, sync: str, uids: Sequence[str]) -> Iterator[tuple[str, str, Asked]]:
    """UID, column and what was asked for, of some people."""
    for start in range(0, len(uids), _CHUNK):
        which = (inbound_asked.c.sync == sync, inbound_asked.c.uid.in_(uids[start : start + _CHUNK]))
        for row in connection.execute(sa.select(inbound_asked).where(*which)):
            yield row.uid, row.column_name, Asked(row.value or None, row.evidence_at)


def forget(connection: Connection, sync: str, sha256: str, uids: Sequence[str]) -> None:
    """The fate of these people's items is known."""
    for start in range(0, len(uids), _CHUNK):
        chunk = uids[start : start + _CHUNK]
        which = (inbound_asked.c.sync == sync, inbound_asked.c.sha256 == sha256, inbound_asked.c.uid.in_(chunk))
        connection.execute(sa.delete(inbound_asked).where(*which))
