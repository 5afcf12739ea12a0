"""The list: subscribers by e-mail with their fields, and what they are subscribed to, in SQLite.

An opt-out is a state of its own, on the address: a plain update of the subscriber does not lift it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Key = Literal["email", "uid"]
_TABLES = """
CREATE TABLE IF NOT EXISTS subscribers (key TEXT PRIMARY KEY, email TEXT, fields TEXT, changed REAL);
CREATE TABLE IF NOT EXISTS lists (key TEXT, list TEXT, state TEXT, at REAL, reason TEXT, source TEXT,
                                  PRIMARY KEY (key, list));
CREATE TABLE IF NOT EXISTS imported (name TEXT PRIMARY KEY, size INTEGER, modified TEXT);
CREATE TABLE IF NOT EXISTS told (feed TEXT PRIMARY KEY, at REAL);
CREATE TABLE IF NOT EXISTS events (feed TEXT, at REAL, row TEXT);
"""


@dataclass(frozen=True)
class Subscriber:
    """One subscriber: fields in upper case, and by list its state (`in` or `out`)."""

    email: str
    fields: dict[str, str]
    lists: dict[str, str]

    @property
    def uid(self) -> str:
        """The Gigya UID that the subscriber carries."""
        return self.fields.get("GIGYA_UID", "")


class SubscriberList:
    """The list in one file.

    Args:
        path: The SQLite file; made when it is missing.
        key: What makes a subscriber: the address as in the real loader, or the UID.
    """

    def __init__(self, path: Path, key: Key = "email") -> None:
        self.key = key
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.executescript(_TABLES)

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def key_of(self, email: str, uid: str) -> str:
        """What identifies a row."""
        return email.strip().lower() if self.key == "email" else uid

    def upsert(self, email: str, fields: dict[str, str], at: float) -> None:
        """Adds or updates a subscriber; its lists stay as they are."""
        key = self.key_of(email, fields.get("GIGYA_UID", ""))
        known = self._db.execute("SELECT fields FROM subscribers WHERE key = ?", (key,)).fetchone()
        merged = {**(json.loads(known[0]) if known else {}), **fields}
        self._db.execute("REPLACE INTO subscribers VALUES (?, ?, ?, ?)", (key, email, json.dumps(merged), at))

    def set_state(self, key: str, list_: str, state: str, at: float, *, reason: str, source: str) -> bool:
        """Subscribes or unsubscribes; whether that changed anything."""
        known = self._db.execute("SELECT state FROM lists WHERE key = ? AND list = ?", (key, list_)).fetchone()
        if known is not None and known[0] == state:
            return False
        self._db.execute("REPLACE INTO lists VALUES (?, ?, ?, ?, ?, ?)", (key, list_, state, at, reason, source))
        return True

    def move(self, old: str, new: str) -> bool:
        """Gives a subscriber a new address, with the lists; whether the old one was known."""
        if self.key == "uid":
            return True
        before, after = old.strip().lower(), new.strip().lower()
        row = self._db.execute("SELECT fields, changed FROM subscribers WHERE key = ?", (before,)).fetchone()
        if row is None:
            return False
        fields = {**json.loads(row[0]), "EMAIL": new}
        self._db.execute("REPLACE INTO subscribers VALUES (?, ?, ?, ?)", (after, new, json.dumps(fields), row[1]))
        self._db.execute("DELETE FROM subscribers WHERE key = ? AND key != ?", (before, after))
        self._db.execute("UPDATE OR REPLACE lists SET key = ? WHERE key = ?", (after, before))
        return True

    def subscribers(self) -> Iterator[Subscriber]:
        """Everybody, by key."""
        lists: dict[str, dict[str, str]] = {}
        for key, list_, state in self._db.execute("SELECT key, list, state FROM lists"):
            lists.setdefault(key, {})[list_] = state
        for key, email, fields in self._db.execute("SELECT key, email, fields FROM subscribers ORDER BY key"):
            yield Subscriber(email, json.loads(fields), lists.get(key, {}))

    def was_imported(self, name: str, size: int, modified: str) -> bool:
        """Whether this very file was imported before."""
        known = self._db.execute("SELECT size, modified FROM imported WHERE name = ?", (name,)).fetchone()
        return known == (size, modified)

    def note_import(self, name: str, size: int, modified: str) -> None:
        """Keeps that a file was imported."""
        self._db.execute("REPLACE INTO imported VALUES (?, ?, ?)", (name, size, modified))

    def note_event(self, feed: str, at: float, row: dict[str, str]) -> None:
        """Keeps a line of a feed until it is dropped."""
        self._db.execute("INSERT INTO events VALUES (?, ?, ?)", (feed, at, json.dumps(row)))

    def take_events(self, feed: str) -> list[dict[str, str]]:
        """The lines of a feed since the last drop."""
        found = self._db.execute("SELECT row FROM events WHERE feed = ? ORDER BY at", (feed,))
        rows = [json.loads(row) for (row,) in found]
        self._db.execute("DELETE FROM events WHERE feed = ?", (feed,))
        return rows
