"""What one look at the inbox means: which files are ready, what is odd, and what to remember until the next look.

A plain function without clock, server or state of its own. A file is ready when its size and time stayed the same
over two looks and it is old enough, or, where that is configured, when its trigger file stands beside it. One look
costs one listing, however many names there are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

import msgspec

from gigya_cheetah_assets.inbound.names import Patterns, is_hostile, is_temporary, kinds_of, shown
from gigya_cheetah_assets.staging.protocol import RemoteFile

Seen: TypeAlias = RemoteFile
MOST_READY = 50
MOST_WAITING = 5_000
MOST_KNOWN = 20_000
_VERSION = 1

HOSTILE_NAME = "hostile_name"
NOT_A_FILE = "not_a_file"
EMPTY = "empty"
NO_FEED = "no_feed"
SEVERAL_FEEDS = "several_feeds"


@dataclass(frozen=True)
class Ready:
    """A file to be read now.

    Attributes:
        file: As listed.
        kind: Its feed.
    """

    file: Seen
    kind: str


@dataclass(frozen=True)
class Oddity:
    """Something in the inbox that is not read, once told.

    Attributes:
        name: As it may be printed.
        reason: One of the constants of this module.
    """

    name: str
    reason: str


@dataclass(frozen=True)
class Decision:
    """What one look means.

    Attributes:
        ready: To be read, the oldest first, at most `MOST_READY`; offered again by the next look unless `taken`.
        oddities: Those that were not told before.
        odd: How many there are now, told or not.
        waiting: Files that are not ready yet, or beyond `MOST_READY`.
        ignored: Temporary and hidden names, trigger files and our own folders.
        cursor: To be given to the next look.
    """

    ready: tuple[Ready, ...]
    oddities: tuple[Oddity, ...]
    odd: int
    waiting: int
    ignored: int
    cursor: str


class _Cursor(msgspec.Struct, omit_defaults=True):
    """What is remembered: digests of (name, size, time), so names and people stay out of the daemon's database."""

    version: int = _VERSION
    waiting: dict[str, float] = msgspec.field(default_factory=dict)
    known: list[str] = msgspec.field(default_factory=list)


@dataclass
class _Look:
    """What is gathered during one look."""

    now: float
    before: _Cursor
    known: frozenset[str]
    minimum_age: float
    trigger_suffix: str | None
    names: frozenset[str]
    after: _Cursor = field(default_factory=_Cursor)
    ready: list[Ready] = field(default_factory=list)
    oddities: list[Oddity] = field(default_factory=list)
    odd: int = 0
    waiting: int = 0
    ignored: int = 0


def decide(
    listing: Sequence[Seen],
    cursor: str | None,
    *,
    now: datetime,
    patterns: Patterns,
    trigger_suffix: str | None = None,
    own_folders: tuple[str, ...] = ("processed", "rejected"),
    minimum_age: float,
) -> Decision:
    """What this look at the inbox means.

    Args:
        listing: All entries of the inbox.
        cursor: Of the look before; None, or one that can't be read, starts afresh, which costs one more look.
        now: Now, with a zone.
        patterns: By kind.
        trigger_suffix: When set, a file counts only once a file of its name and this suffix is there.
        own_folders: Folders that we made ourselves.
        minimum_age: Seconds.
    """
    before = _read(cursor)
    names = frozenset(entry.name for entry in listing) if trigger_suffix else frozenset()
    look = _Look(now.timestamp(), before, frozenset(before.known), minimum_age, trigger_suffix, names)
    for entry in sorted(listing, key=lambda entry: (entry.modified, entry.name)):
        if _is_ignored(entry, trigger_suffix, own_folders):
            look.ignored += 1
            continue
        reason, kind = _sorted_out(entry, patterns)
        mark = _mark(entry)
        if reason is not None and (reason != EMPTY or _is_stable(entry, mark, look)):
            _tell(look, entry, mark, reason)
        elif mark in look.known:
            look.after.known.append(mark)
        elif reason is None and _is_ready(entry, mark, look):
            _offer(look, Ready(entry, kind), mark)
        else:
            _wait(look, mark)
    del look.after.known[MOST_KNOWN:]
    return Decision(tuple(look.ready), tuple(look.oddities), look.odd, look.waiting, look.ignored, _written(look.after))


def taken(cursor: str, files: Sequence[Seen]) -> str:
    """The cursor that remembers these files as asked for: call it once their runs were requested."""
    found = _read(cursor)
    marks = [_mark(file) for file in files]
    waiting = {mark: since for mark, since in found.waiting.items() if mark not in set(marks)}
    return _written(_Cursor(waiting=waiting, known=[*marks, *found.known][:MOST_KNOWN]))


def _is_ignored(entry: Seen, trigger_suffix: str | None, own_folders: tuple[str, ...]) -> bool:
    if is_hostile(entry.name):
        return False
    if is_temporary(entry.name) or (entry.kind == "folder" and entry.name in own_folders):
        return True
    return trigger_suffix is not None and entry.name.endswith(trigger_suffix)


def _sorted_out(entry: Seen, patterns: Patterns) -> tuple[str | None, str]:
    """Why an entry is not read, or its kind."""
    if is_hostile(entry.name):
        return HOSTILE_NAME, ""
    if entry.kind != "file":
        return NOT_A_FILE, ""
    kinds = kinds_of(entry.name, patterns)
    if len(kinds) != 1:
        return (SEVERAL_FEEDS if kinds else NO_FEED), ""
    return (None if entry.size else EMPTY), kinds[0]


def _is_ready(entry: Seen, mark: str, look: _Look) -> bool:
    if look.trigger_suffix is not None:
        return entry.name + look.trigger_suffix in look.names
    return _is_stable(entry, mark, look)


def _is_stable(entry: Seen, mark: str, look: _Look) -> bool:
    """Seen before with this size and time, and old enough by the server's clock or by ours.

    Ours counts too, for the server may give no time, or one that lies ahead.
    """
    since = look.before.waiting.get(mark)
    if since is None:
        return False
    modified = entry.modified.timestamp()
    by_server = modified > 0 and look.now - modified >= look.minimum_age
    return by_server or look.now - since >= look.minimum_age


def _offer(look: _Look, ready: Ready, mark: str) -> None:
    if len(look.ready) < MOST_READY:
        look.ready.append(ready)
        look.after.waiting[mark] = look.before.waiting.get(mark, look.now)
    else:
        _wait(look, mark)


def _wait(look: _Look, mark: str) -> None:
    look.waiting += 1
    if len(look.after.waiting) < MOST_WAITING:
        look.after.waiting[mark] = look.before.waiting.get(mark, look.now)


def _tell(look: _Look, entry: Seen, mark: str, reason: str) -> None:
    look.odd += 1
    look.after.known.append(mark)
    if mark not in look.known:
        look.oddities.append(Oddity(shown(entry.name), reason))


def _mark(entry: Seen) -> str:
    facts = f"{entry.name}\x00{entry.size}\x00{entry.modified.timestamp():.6f}\x00{entry.kind}"
    return hashlib.blake2b(facts.encode(errors="surrogatepass"), digest_size=8).hexdigest()


def _read(cursor: str | None) -> _Cursor:
    if cursor is None:
        return _Cursor()
    try:
        found = msgspec.json.decode(cursor, type=_Cursor)
    except (msgspec.DecodeError, UnicodeError):
        return _Cursor()
    return found if found.version == _VERSION else _Cursor()


def _written(cursor: _Cursor) -> str:
    return msgspec.json.encode(cursor).decode()
