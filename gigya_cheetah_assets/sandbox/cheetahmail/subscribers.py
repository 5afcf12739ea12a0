"""The list: subscribers with their fields, what they are subscribed to, and the feed rows that wait, in SQLite.

The state of a list and a block are kept by address, not by subscriber: an update of the subscriber lifts neither, and
an address may have left a list before anybody has it. Which change makes which feed row is in `acts`.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gigya_cheetah_assets.sandbox.cheetahmail.subscriber import Key, Membership, Subscriber, address

_TABLES = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS subscribers (key TEXT PRIMARY KEY, email TEXT, fields TEXT, bounces INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS lists (key TEXT, list TEXT, state TEXT, at REAL, reason TEXT, source TEXT, joined REAL,
                                  PRIMARY KEY (key, list));
CREATE TABLE IF NOT EXISTS segments (code TEXT, key TEXT, PRIMARY KEY (code, key));
CREATE TABLE IF NOT EXISTS blocked (key TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS imported (name TEXT PRIMARY KEY, size INTEGER, modified TEXT);
CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, feed TEXT, row TEXT);
CREATE TABLE IF NOT EXISTS numbers (name TEXT PRIMARY KEY, value INTEGER);
"""
_MEMBERS = "SELECT list, state, at, reason, source, joined FROM lists WHERE key = ?"


class SubscriberList:
    """The list in one file; several threads may use it.

    Args:
        path: The SQLite file; made when it is missing.
        key: What makes a subscriber: the address as in the real loader, or the UID.
    """

    def __init__(self, path: Path, key: Key = "email") -> None:
        self.key = key
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.executescript(_TABLES)

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """One transaction; another thread waits. Inner ones belong to the outermost."""
        with self._lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._db.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("COMMIT")

    def key_of(self, email: str, uid: str) -> str:
        """What identifies a row: the address without letter case, or the UID."""
        return address(email) if self.key == "email" else uid.strip()

    def find(self, key: str) -> Subscriber | None:
        """One subscriber."""
        with self._lock:
            row = self._db.execute(f"{_SUBSCRIBER} WHERE s.key = ?", (key,)).fetchone()
            return None if row is None else self._subscriber(row)

    def at(self, number: int) -> Subscriber:
        """The subscriber at a place in the order of keys, from 0."""
        with self._lock:
            row = self._db.execute(f"{_SUBSCRIBER} ORDER BY s.key LIMIT 1 OFFSET ?", (number,)).fetchone()
            return self._subscriber(row)

    def count(self) -> int:
        """How many there are."""
        with self._lock:
            found: int = self._db.execute("SELECT count(*) FROM subscribers").fetchone()[0]
            return found

    def subscribers(self) -> list[Subscriber]:
        """Everybody, by key."""
        with self._lock:
            lists: dict[str, dict[str, Membership]] = {}
            for key, name, *rest in self._db.execute("SELECT key, list, state, at, reason, source, joined FROM lists"):
                lists.setdefault(key, {})[name] = Membership(*rest)
            return [
                Subscriber(key, email, json.loads(fields), lists.get(key, {}), bounces, bool(blocked))
                for key, email, fields, bounces, blocked in self._db.execute(f"{_SUBSCRIBER} ORDER BY s.key")
            ]

    def put(self, key: str, email: str, fields: dict[str, str]) -> None:
        """Adds or updates a subscriber; fields that are not named stay, lists and blocks too."""
        with self.changing():
            known = self._db.execute("SELECT fields FROM subscribers WHERE key = ?", (key,)).fetchone()
            merged = json.dumps({**(json.loads(known[0]) if known else {}), **fields})
            self._db.execute(
                "INSERT INTO subscribers (key, email, fields) VALUES (?, ?, ?) "
                "ON CONFLICT (key) DO UPDATE SET email = excluded.email, fields = excluded.fields",
                (key, email, merged),
            )

    def remove(self, key: str) -> None:
        """Forgets a subscriber; what the address said stays."""
        with self.changing():
            self._db.execute("DELETE FROM subscribers WHERE key = ?", (key,))
            self._db.execute("DELETE FROM segments WHERE key = ?", (key,))

    def set_segment(self, key: str, code: str, *, inside: bool) -> None:
        """Takes a subscriber into a segment, or out of it."""
        change = (
            "INSERT OR IGNORE INTO segments VALUES (?, ?)"
            if inside
            else "DELETE FROM segments WHERE (code, key) = (?, ?)"
        )
        with self.changing():
            self._db.execute(change, (code, key))

    def clear_segment(self, code: str) -> None:
        """Takes everybody out of a segment."""
        with self.changing():
            self._db.execute("DELETE FROM segments WHERE code = ?", (code,))

    def segment(self, code: str) -> list[Subscriber]:
        """The members of a segment, by key."""
        with self._lock:
            rows = self._db.execute(
                f"{_SUBSCRIBER} JOIN segments g ON g.key = s.key WHERE g.code = ? ORDER BY s.key", (code,)
            ).fetchall()
            return [self._subscriber(row) for row in rows]

    def membership(self, key: str, name: str) -> Membership | None:
        """What is known of an address on one list."""
        with self._lock:
            return self._memberships(key).get(name)

    def set_membership(self, key: str, name: str, membership: Membership) -> None:
        """Sets the state of an address on one list."""
        m = membership
        with self.changing():
            self._db.execute(
                "REPLACE INTO lists VALUES (?, ?, ?, ?, ?, ?, ?)",
                (key, name, m.state, m.at, m.reason, m.source, m.joined),
            )

    def move_memberships(self, old: str, new: str) -> None:
        """Gives what an address said to another one; where both said something, `out` wins."""
        with self.changing():
            there = self._memberships(new)
            for name, membership in self._memberships(old).items():
                if name not in there or membership.state == "out":
                    self.set_membership(new, name, membership)
            self._db.execute("DELETE FROM lists WHERE key = ?", (old,))
            self._db.execute("INSERT OR IGNORE INTO segments SELECT code, ? FROM segments WHERE key = ?", (new, old))
            self._db.execute("INSERT OR IGNORE INTO blocked SELECT ? FROM blocked WHERE key = ?", (new, old))

    def set_bounces(self, key: str, bounces: int) -> None:
        """Sets how often mail to a subscriber came back."""
        with self.changing():
            self._db.execute("UPDATE subscribers SET bounces = ? WHERE key = ?", (bounces, key))

    def is_blocked(self, key: str) -> bool:
        """Whether the address complained."""
        with self._lock:
            return self._db.execute("SELECT 1 FROM blocked WHERE key = ?", (key,)).fetchone() is not None

    def set_blocked(self, key: str, *, blocked: bool) -> None:
        """Blocks an address, or lets it go."""
        with self.changing():
            change = "INSERT OR IGNORE INTO blocked VALUES (?)" if blocked else "DELETE FROM blocked WHERE key = ?"
            self._db.execute(change, (key,))

    def was_imported(self, name: str, size: int, modified: str) -> bool:
        """Whether this very file was imported before."""
        with self._lock:
            known = self._db.execute("SELECT size, modified FROM imported WHERE name = ?", (name,)).fetchone()
            return bool(known == (size, modified))

    def note_import(self, name: str, size: int, modified: str) -> None:
        """Keeps that a file was imported."""
        with self.changing():
            self._db.execute("REPLACE INTO imported VALUES (?, ?, ?)", (name, size, modified))

    def note_event(self, feed: str, row: dict[str, str]) -> None:
        """Keeps a row of a feed until it is dropped."""
        with self.changing():
            self._db.execute("INSERT INTO events (feed, row) VALUES (?, ?)", (feed, json.dumps(row)))

    def events(self, feed: str) -> tuple[list[dict[str, str]], int]:
        """The rows of a feed since the last drop, and the number of the last one for `forget_events`."""
        with self._lock:
            found = self._db.execute("SELECT id, row FROM events WHERE feed = ? ORDER BY id", (feed,)).fetchall()
            return [json.loads(row) for _, row in found], found[-1][0] if found else 0

    def forget_events(self, feed: str, last: int) -> None:
        """Removes rows that have been dropped."""
        with self.changing():
            self._db.execute("DELETE FROM events WHERE feed = ? AND id <= ?", (feed, last))

    def next_number(self, name: str) -> int:
        """Counts on: 1, 2, …, over restarts too."""
        with self.changing():
            self._db.execute(
                "INSERT INTO numbers VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1", (name,)
            )
            value: int = self._db.execute("SELECT value FROM numbers WHERE name = ?", (name,)).fetchone()[0]
            return value

    def _subscriber(self, row: tuple[str, str, str, int, int]) -> Subscriber:
        key, email, fields, bounces, blocked = row
        return Subscriber(key, email, json.loads(fields), self._memberships(key), bounces, bool(blocked))

    def _memberships(self, key: str) -> dict[str, Membership]:
        return {name: Membership(*rest) for name, *rest in self._db.execute(_MEMBERS, (key,))}


_SUBSCRIBER = (
    "SELECT s.key, s.email, s.fields, s.bounces, b.key IS NOT NULL "
    "FROM subscribers s LEFT JOIN blocked b ON b.key = s.key"
)
