"""CheetahMail's import: files of the outbox, in the order of their kinds, into the list; a report of what was bad.

As the real loader: keyed by e-mail, so a profile with a new address makes a second subscriber unless an address
change came before; and an update lifts no opt-out, only a file of subscribes does.
"""

from __future__ import annotations

import csv
import gzip
import io
import time
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from gigya_cheetah_assets.sandbox.cheetahmail.subscribers import SubscriberList
from gigya_cheetah_assets.staging import Staging

KINDS = {"unsubs": "unsubscribes", "coa": "address_changes", "profiles": "profiles", "subs": "subscribes"}
_ORDER = list(KINDS)
SOURCE = "import"


@dataclass
class Imported:
    """What one file brought.

    Attributes:
        name: Its name.
        accepted: Rows that went into the list.
        rejected: Row number and reason of those that did not, with UID and address.
    """

    name: str
    accepted: int = 0
    rejected: list[tuple[int, str, str, str]] = field(default_factory=list)


def import_files(staging: Staging, subscribers: SubscriberList, *, now: float | None = None) -> list[Imported]:
    """Imports every file that was not imported before, window by window, kind by kind."""
    found = []
    with TemporaryDirectory() as scratch:
        for file in sorted(staging.list(), key=lambda file: _place(file.name)):
            if _kind(file.name) is None or subscribers.was_imported(file.name, file.size, file.modified.isoformat()):
                continue
            local = Path(scratch) / "file"
            staging.fetch(file.name, local)
            found.append(_imported(local, file.name, subscribers, now or time.time()))
            subscribers.note_import(file.name, file.size, file.modified.isoformat())
    return found


def _kind(name: str) -> str | None:
    parts = name.split("_")
    return parts[1] if len(parts) > 2 and parts[0] == "gigya" and parts[1] in KINDS else None


def _place(name: str) -> tuple[str, int, str]:
    kind = _kind(name)
    if kind is None:
        return "", 0, name
    return name.split("_")[2].split(".", maxsplit=1)[0], _ORDER.index(kind), name


def _imported(path: Path, name: str, subscribers: SubscriberList, now: float) -> Imported:
    result = Imported(name)
    seen: Counter[str] = Counter()
    for number, row in enumerate(csv.DictReader(io.StringIO(_text(path), newline="")), start=1):
        problem = _load(_kind(name) or "", row, subscribers, now, seen)
        if problem:
            result.rejected.append((number, problem, row.get("GIGYA_UID", ""), row.get("EMAIL", "")))
        else:
            result.accepted += 1
    return result


def _text(path: Path) -> str:
    content = path.read_bytes()
    if content.startswith(b"PK"):
        with zipfile.ZipFile(path) as archive:
            content = archive.read(archive.namelist()[0])
    elif content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    return content.decode("utf-8-sig")


def _load(kind: str, row: dict[str, str], subscribers: SubscriberList, now: float, seen: Counter[str]) -> str:
    """Takes one row; returns why it was not taken."""
    if kind == "coa":
        return "" if subscribers.move(row["EMAIL_FROM"], row["EMAIL_TO"]) else "unknown address"
    email = row.get("EMAIL", "")
    if "@" not in email:
        return "no valid address"
    key = subscribers.key_of(email, row.get("GIGYA_UID", ""))
    if kind == "profiles":
        seen[key] += 1
        if seen[key] > 1:
            return "address twice in file"
        subscribers.upsert(email, row, now)
        return ""
    state = "in" if kind == "subs" else "out"
    subscribers.set_state(key, row["LIST_ID"], state, now, reason="k", source=SOURCE)
    return ""
