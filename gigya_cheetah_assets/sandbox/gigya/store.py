"""The accounts in SQLite: reading and writing rows, and the search lag. What an account means is not known here.

A write goes to `pending` when the search lags, and moves to `accounts`, which is all that a search sees, when its
time has come. Reading by key looks at `pending` first.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Literal, Self

from gigya_cheetah_assets.sandbox.gigya.clock import SiteClock
from gigya_cheetah_assets.sandbox.gigya.query import functions
from gigya_cheetah_assets.sandbox.gigya.query.fields import Source
from gigya_cheetah_assets.sandbox.gigya.query.sql import Sql
from gigya_cheetah_assets.sandbox.gigya.rows import COLUMNS, Row

_NAMES = ", ".join(COLUMNS)
_TABLE: dict[Source, str] = {"accounts": "accounts", "emailAccounts": "accounts", "communications": "communications"}
_MARKS = ", ".join("?" * len(COLUMNS))
_TABLES = f"""
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS accounts (id INTEGER PRIMARY KEY, {_NAMES});
CREATE TABLE IF NOT EXISTS communications (
    id INTEGER PRIMARY KEY, account INTEGER, uid, topic, channel, status, at, document);
CREATE TABLE IF NOT EXISTS pending (
    number INTEGER PRIMARY KEY, visible REAL NOT NULL, deleted INTEGER NOT NULL, id INTEGER NOT NULL, {_NAMES});
"""
_INDEXES = """
CREATE INDEX IF NOT EXISTS by_uid ON accounts (uid);
CREATE INDEX IF NOT EXISTS by_token ON accounts (token) WHERE is_full = 0;
CREATE INDEX IF NOT EXISTS by_email ON accounts (email_key);
CREATE INDEX IF NOT EXISTS by_updated ON accounts (updated);
CREATE INDEX IF NOT EXISTS by_email_updated ON accounts (email_updated);
CREATE INDEX IF NOT EXISTS by_account ON communications (account);
CREATE INDEX IF NOT EXISTS by_decider ON communications (uid);
CREATE INDEX IF NOT EXISTS by_decision ON communications (at);
"""
# A row for each decision of an account, as `FROM communications` gives it.
_DECISIONS = """
INSERT INTO communications SELECT NULL, a.id, a.uid, e.value ->> 'topic', e.value ->> 'channel', e.value ->> 'status',
    gigya_moment(e.value ->> 'lastModified'), json_object('UID', a.uid, 'topicId', e.value ->> 'topic',
    'channelId', e.value ->> 'channel', 'status', e.value ->> 'status', 'timestamp', e.value ->> 'lastModified')
FROM accounts AS a, json_each('{' || substr(a.communications, 2) || '}', '$.communications') AS e
WHERE a.communications <> '' AND a.uid IS NOT NULL"""
_PRAGMAS = "PRAGMA page_size=16384; PRAGMA synchronous=OFF; PRAGMA cache_size=-65536; PRAGMA mmap_size=2147418112;"
_INSERT_NEW = f"INSERT INTO accounts VALUES (NULL, {_MARKS})"  # noqa: S608 - names of our own; values go by ?
_INSERT = f"INSERT INTO accounts VALUES (?, {_MARKS})"  # noqa: S608 - names of our own; values go by ?
_INSERT_PENDING = f"INSERT INTO pending VALUES (NULL, ?, ?, ?, {_MARKS})"  # noqa: S608 - names of our own; values go by ?
_ROWS_AFTER = "SELECT * FROM accounts WHERE id > ? ORDER BY id LIMIT ?"
# As last written: an account's latest pending write stands for the account.
_ROWS_AFTER_WITH_PENDING = f"""
SELECT * FROM accounts WHERE id > ? AND id NOT IN (SELECT id FROM pending)
UNION ALL SELECT id, {_NAMES} FROM pending WHERE id > ? AND NOT deleted
AND number IN (SELECT max(number) FROM pending GROUP BY id) ORDER BY id LIMIT ?"""  # noqa: S608 - names of our own; values go by ?
_AT_ADDRESS = "SELECT * FROM accounts WHERE email_key = ? ORDER BY id"
_AT_ADDRESS_WITH_PENDING = f"""
SELECT * FROM accounts WHERE email_key = ? AND id NOT IN (SELECT id FROM pending)
UNION ALL SELECT id, {_NAMES} FROM pending WHERE email_key = ? AND NOT deleted
AND number IN (SELECT max(number) FROM pending GROUP BY id) ORDER BY id"""  # noqa: S608 - names of our own; values go by ?
_UID = """CASE WHEN uid IS NULL THEN '' ELSE '"UID":' || json_quote(uid) || ',' END || """
_BOTH_KINDS = """
    || ',"hasFullAccount":' || CASE is_full WHEN 1 THEN 'true' ELSE 'false' END
    || ',"hasLiteAccount":' || CASE has_lite WHEN 1 THEN 'true' ELSE 'false' END"""


def build(path: Path, rows: Iterable[Row], origin: str) -> None:
    """Makes a database of these accounts in place of the one that is there; a half-made one is never left there.

    Args:
        path: Of the database.
        rows: The accounts; `is_owner` and `has_lite` are taken as they are.
        origin: Where the accounts come from, see `Store.origin`.
    """
    fresh = path.with_name(path.name + ".new")
    for leftover in (fresh, path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))):
        leftover.unlink(missing_ok=True)
    with closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
        connection.executescript(_PRAGMAS + "PRAGMA journal_mode=OFF;" + _TABLES)
        connection.execute("BEGIN")
        connection.executemany(_INSERT_NEW, rows)
        functions.register(connection)
        connection.execute(_DECISIONS)
        connection.execute("INSERT INTO about VALUES ('origin', ?)", (origin,))
        connection.execute("COMMIT")
        connection.executescript(_INDEXES + "ANALYZE;")
    fresh.rename(path)


class Store:
    """One database file. Not thread-safe: `Site` holds the lock.

    Args:
        path: The file; it is made when missing.
        clock: Times the search lag.
        lag: Seconds until a write reaches the search.
        expose_uid: Whether e-mail accounts of full accounts show the UID.
    """

    def __init__(self, path: Path, clock: SiteClock, *, lag: float = 0.0, expose_uid: bool = True) -> None:
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # A sandbox can be made again: speed goes before durability.
        self._connection.executescript(_PRAGMAS + "PRAGMA journal_mode=WAL;")
        self._connection.executescript(_TABLES + _INDEXES)
        functions.register(self._connection)
        self._clock = clock
        self._lag = lag
        # What an earlier process left waiting was due long ago.
        self._waiting = True
        self.settle(everything=True)
        uid = _UID if expose_uid else ""
        self._documents = {
            "accounts": "'{' || account || shared || '}'",
            "communications": "document",
            "emailAccounts": f"'{{' || {uid} email_account {_BOTH_KINDS} || shared || subscriptions || '}}'",
        }

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def origin(self) -> str | None:
        """What `build` was told about these accounts."""
        found = self._connection.execute("SELECT value FROM about WHERE name = 'origin'").fetchone()
        return None if found is None else str(found[0])

    def share_emails(self) -> None:
        """Decides for all addresses whose e-mail account they are; `build` takes the rows' own word for it."""
        keys = self._connection.execute(
            "SELECT email_key FROM accounts WHERE email_key IS NOT NULL GROUP BY email_key HAVING count(*) > 1"
        ).fetchall()
        for (key,) in keys:
            self._share(key)

    # By key

    def find(self, column: Literal["uid", "token", "email_key"], value: str) -> tuple[int, Row] | None:
        """Number and row of the account with this uid, token (lite accounts only) or email_key, as last written."""
        test = "token = ? AND is_full = 0" if column == "token" else f"{column} = ?"
        if self._waiting:
            found = self._connection.execute(
                f"SELECT * FROM pending WHERE {test} ORDER BY number DESC LIMIT 1",  # noqa: S608 - names of our own; values go by ?
                (value,),
            ).fetchone()
            if found is not None:
                return None if found[2] else (found[3], Row(*found[4:]))
        found = self._connection.execute(
            f"SELECT * FROM accounts WHERE {test} ORDER BY is_full DESC, id LIMIT 1",  # noqa: S608 - names of our own; values go by ?
            (value,),
        ).fetchone()
        return None if found is None else (found[0], Row(*found[1:]))

    def at_address(self, email_key: str) -> list[tuple[int, Row]]:
        """Number and row of every account, full or lite, with this address, as last written, by number."""
        if self._waiting:
            found = self._connection.execute(_AT_ADDRESS_WITH_PENDING, (email_key, email_key))
        else:
            found = self._connection.execute(_AT_ADDRESS, (email_key,))
        return [(row[0], Row(*row[1:])) for row in found]

    def put(self, number: int | None, row: Row) -> None:
        """Writes a row; a new one has no number yet."""
        if number is None:
            number = self._one(
                "SELECT 1 + max((SELECT coalesce(max(id), 0) FROM accounts),"
                " (SELECT coalesce(max(id), 0) FROM pending))"
            )[0]
        self._write(number, row, deleted=False)

    def delete(self, number: int, row: Row) -> None:
        """Takes an account away."""
        self._write(number, row, deleted=True)

    def transaction(self) -> sqlite3.Connection:
        """Begins a transaction; the connection as context manager ends it."""
        self._connection.execute("BEGIN")
        return self._connection

    def rows_after(self, number: int, most: int) -> list[tuple[int, Row]]:
        """Up to `most` accounts with a higher number, as last written, in order of their numbers."""
        if self._waiting:
            found = self._connection.execute(_ROWS_AFTER_WITH_PENDING, (number, number, most))
        else:
            found = self._connection.execute(_ROWS_AFTER, (number, most))
        return [(row[0], Row(*row[1:])) for row in found]

    # Search

    def ids(
        self, where: Sql, order: Sql, *, source: Source = "accounts", limit: int = -1, offset: int = 0
    ) -> array[int]:
        """Numbers of the records of a source that satisfy a condition, in order."""
        parameters = (*where.parameters, *order.parameters, limit, offset)
        text = f"SELECT id FROM {_TABLE[source]} WHERE {where.text}{order.text} LIMIT ? OFFSET ?"  # noqa: S608 - names of our own; values go by ?
        return array("q", [row[0] for row in self._connection.execute(text, parameters)])

    def count(self, where: Sql, source: Source = "accounts") -> int:
        """How many records of a source satisfy a condition."""
        text = f"SELECT count(*) FROM {_TABLE[source]} WHERE {where.text}"  # noqa: S608 - names of our own; values go by ?
        return int(self._one(text, where.parameters)[0])

    def documents(self, source: Source, ids: Sequence[int]) -> list[bytes]:
        """The documents of these records, in this order; those deleted meanwhile are left out."""
        wanted = ",".join(map(str, ids))
        text = f"SELECT id, CAST({self._documents[source]} AS BLOB) FROM {_TABLE[source]} WHERE id IN ({wanted})"  # noqa: S608 - names of our own; values go by ?
        found: dict[int, bytes] = dict(self._connection.execute(text).fetchall())
        return [found[number] for number in ids if number in found]

    def settle(self, *, everything: bool = False) -> None:
        """Lets the search see the writes whose time has come."""
        if not self._waiting:
            return
        until = float("inf") if everything else self._clock.elapsed()
        due = self._connection.execute("SELECT * FROM pending WHERE visible <= ? ORDER BY number", (until,)).fetchall()
        for number, _, deleted, identity, *values in due:
            self._publish(identity, Row(*values), deleted=bool(deleted))
            self._connection.execute("DELETE FROM pending WHERE number = ?", (number,))
        self._waiting = bool(self._one("SELECT count(*) FROM pending")[0])

    def _write(self, number: int, row: Row, *, deleted: bool) -> None:
        if self._lag == 0 and not self._waiting:
            self._publish(number, row, deleted=deleted)
            return
        visible = self._clock.elapsed() + self._lag
        self._connection.execute(_INSERT_PENDING, (visible, deleted, number, *row))
        self._waiting = True

    def _publish(self, number: int, row: Row, *, deleted: bool) -> None:
        before = self._connection.execute("SELECT email_key FROM accounts WHERE id = ?", (number,)).fetchone()
        self._connection.execute("DELETE FROM accounts WHERE id = ?", (number,))
        self._connection.execute("DELETE FROM communications WHERE account = ?", (number,))
        if not deleted:
            self._connection.execute(_INSERT, (number, *row))
            if row.communications:
                self._connection.execute(f"{_DECISIONS} AND a.id = ?", (number,))
        for key in {before[0] if before else None, row.email_key}:
            if key is not None:
                self._share(key)

    def _share(self, key: str) -> None:
        """One e-mail account for each address: the first full account's, else the first lite account's."""
        self._connection.execute(
            """UPDATE accounts SET
                 is_owner = (id = (SELECT id FROM accounts WHERE email_key = ? ORDER BY is_full DESC, id LIMIT 1)),
                 has_lite = EXISTS (SELECT 1 FROM accounts WHERE email_key = ? AND is_full = 0)
               WHERE email_key = ?""",
            (key, key, key),
        )

    def _one(self, text: str, parameters: Sequence[object] = ()) -> tuple[int, ...]:
        found: tuple[int, ...] = self._connection.execute(text, parameters).fetchone()
        return found
