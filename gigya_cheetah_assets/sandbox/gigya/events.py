"""What happened to accounts, in SQLite: the audit log of calls, and the changes that the stream tells.

Source: Gigya, audit.search and accounts.stream. Answering calls about it is in `audit` and `stream`.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from gigya_cheetah_assets.sandbox.gigya.clock import iso
from gigya_cheetah_assets.sandbox.gigya.query.sql import Sql

Operation = Literal["upsert", "delete"]
_TABLES = """
PRAGMA synchronous=OFF;
CREATE TABLE IF NOT EXISTS audit (
    id INTEGER PRIMARY KEY, at INTEGER, endpoint TEXT, uid TEXT, err_code TEXT, content TEXT);
CREATE TABLE IF NOT EXISTS changes (id INTEGER PRIMARY KEY, at INTEGER, uid TEXT, operation TEXT);
"""


class Events:
    """One file of events; `Site` holds the lock.

    Args:
        path: Made when it is missing; None keeps them in memory only.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._db = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self._db.executescript(_TABLES)

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def note_call(
        self, endpoint: str, uid: str | None, *, at: int, params: Mapping[str, str] | None = None, code: str = "0"
    ) -> None:
        """Enters a call into the audit log.

        Args:
            endpoint: The method.
            uid: Whom it was about; None where the call did not tell.
            at: Epoch ms.
            params: What was sent.
            code: Its `errCode`, a text; "0" for a call that succeeded.
        """
        content = {
            "@timestamp": iso(at),
            "callID": uuid.uuid4().hex,
            "errCode": code,
            "endpoint": endpoint,
            "params": dict(params or {}),
            **({} if uid is None else {"uid": uid}),
        }
        self._db.execute(
            "INSERT INTO audit VALUES (NULL, ?, ?, ?, ?, ?)", (at, endpoint, uid, code, json.dumps(content))
        )

    def note_change(self, uid: str, operation: Operation, *, at: int) -> None:
        """Enters a change of an account into the stream."""
        self._db.execute("INSERT INTO changes VALUES (NULL, ?, ?, ?)", (at, uid, operation))

    def calls(self, where: Sql) -> array[int]:
        """Numbers of the logged calls that satisfy a condition, the oldest first."""
        found = self._db.execute(f"SELECT id FROM audit WHERE {where.text} ORDER BY at, id", where.parameters)  # noqa: S608 - names of our own; values go by ?
        return array("q", [row[0] for row in found])

    def documents(self, ids: Sequence[int]) -> list[bytes]:
        """The entries of these calls, in this order."""
        wanted = ",".join(map(str, ids))
        found = dict(self._db.execute(f"SELECT id, content FROM audit WHERE id IN ({wanted})").fetchall())  # noqa: S608 - numbers only
        return [found[number].encode() for number in ids]

    def changes(self, after: int, since: int, most: int) -> list[tuple[int, str, str]]:
        """Up to `most` changes behind number `after` and since a time (epoch ms): number, UID and operation."""
        query = "SELECT id, uid, operation FROM changes WHERE id > ? AND at >= ? ORDER BY id LIMIT ?"
        return self._db.execute(query, (after, since, most)).fetchall()
