"""How often which plain value was written to an account before: two sides that undo each other show by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

import sqlalchemy as sa

from gigya_cheetah_assets.ledger.inbound_items import Change
from gigya_cheetah_assets.ledger.store import Ledger
from gigya_cheetah_assets.ledger.tables import inbound_items

_CHUNK = 500
Turns: TypeAlias = Counter[tuple[str, str, str | None]]
"""By UID, column and value."""


def turns_of(ledger: Ledger, sync: str, uids: Sequence[str], *, besides: str) -> Turns:
    """In how many earlier files a value of these people was written to Gigya.

    Args:
        ledger: The open ledger.
        sync: Whose people.
        uids: The people.
        besides: SHA-256 of a file that does not count.
    """
    turns = Turns()
    with ledger.snapshot() as (connection, _):
        for start in range(0, len(uids), _CHUNK):
            query = sa.select(inbound_items.c.uid, inbound_items.c.fields).where(
                inbound_items.c.sync == sync, inbound_items.c.uid.in_(uids[start : start + _CHUNK]),
                inbound_items.c.fate == "applied", inbound_items.c.sha256 != besides,
            )  # fmt: skip
            for row in connection.execute(query):
                changes = (Change(**values) for values in row.fields)
                turns.update((row.uid, c.column, c.value) for c in changes if c.write and not c.subscription)
    return turns
