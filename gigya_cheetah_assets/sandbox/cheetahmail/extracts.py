"""CheetahMail's extracts: feeds dropped into the inbox, as delimited text with the names that customers know.

Times are those of New York, without a zone, as the real feeds have them. The misbehaviours are those of real feeds: a
file written slowly under its final name, sent twice, or not at all.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from gigya_cheetah_assets.sandbox.cheetahmail.importer import Imported
from gigya_cheetah_assets.sandbox.cheetahmail.subscribers import Subscriber

ZONE = ZoneInfo("America/New_York")
HEADERS = {
    "unsubs": ("EMAIL", "GIGYA_UID", "PID", "REASON", "DATE_UNSUB"),
    "subs": ("EMAIL", "GIGYA_UID", "PID", "DATE_SUB", "SOURCE"),
    "coa": ("GIGYA_UID", "EMAIL_FROM", "EMAIL_TO", "DATE_CHANGED"),
    "bounces": ("EMAIL", "GIGYA_UID", "TIMESTAMP", "RESULTCODE"),
}
_PLAIN = {"loader_events"}


@dataclass
class Misbehaviour:
    """What may go wrong: `halves` writes a file in two parts, `twice` sends it twice, `skip_day` not at all."""

    halves: bool = False
    twice: bool = False
    skip_day: bool = False

    @classmethod
    def parse(cls, text: str) -> Misbehaviour:
        """From `halves,twice`."""
        return cls(**{name.strip(): True for name in text.split(",") if name.strip()})


def stamp(at: float) -> str:
    """The feeds' way to write a moment."""
    return f"{datetime.fromtimestamp(at, UTC).astimezone(ZONE):%Y%m%d%H%M%S}"


class Dropper:
    """Writes feeds into the inbox folder of the sandbox's disk.

    Args:
        inbox: The folder.
        misbehaviour: What goes wrong.
    """

    def __init__(self, inbox: Path, misbehaviour: Misbehaviour) -> None:
        self._inbox = inbox
        self._bad = misbehaviour
        self._number = 0

    def drop(self, feed: str, rows: Iterable[dict[str, str]], header: tuple[str, ...]) -> list[str]:
        """Drops one feed; nothing when it has no rows, as the real one. Returns the names of the files."""
        lines = list(rows)
        if not lines or self._bad.skip_day:
            return []
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, header, delimiter="|", lineterminator="\r\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(lines)
        content = text.getvalue().encode()
        packed = content if feed in _PLAIN else gzip.compress(content, mtime=0)
        names = [self._name(feed)]
        self._write(names[0], packed)
        if self._bad.twice:
            names.append(self._name(feed))
            self._write(names[1], packed)
        return names

    def _name(self, feed: str) -> str:
        self._number += 1
        day = f"{datetime.now(UTC).astimezone(ZONE):%Y%m%d}"
        ending = ".dat" if feed in _PLAIN else ".dat.gz"
        return f"o5_{feed}_{day}_{time.time_ns() // 1000 % 10**9:09d}{self._number:03d}{ending}"

    def _write(self, name: str, content: bytes) -> None:
        self._inbox.mkdir(parents=True, exist_ok=True)
        half = len(content) // 2 if self._bad.halves else len(content)
        with (self._inbox / name).open("wb") as file:
            file.write(content[:half])
            file.flush()
            os.fsync(file.fileno())
            if half < len(content):
                time.sleep(1.5)
                file.write(content[half:])


def full_rows(subscribers: Iterable[Subscriber], lists: Iterable[str]) -> list[dict[str, str]]:
    """Everybody with all fields; of each list 1 or 0, empty where there is no decision."""
    states = {"in": "1", "out": "0"}
    names = list(lists)
    return [
        {**found.fields, "EMAIL": found.email, **{name: states.get(found.lists.get(name, ""), "") for name in names}}
        for found in subscribers
    ]


def report_rows(imported: Iterable[Imported]) -> list[dict[str, str]]:
    """The import report: a line for each file, and one for each rejected row."""
    rows = []
    for done in imported:
        read = done.accepted + len(done.rejected)
        counts = {"ROWS_READ": read, "ROWS_LOADED": done.accepted, "ROWS_REJECTED": len(done.rejected)}
        rows.append({"FILE_NAME": done.name, "STATUS": "done", **{name: str(n) for name, n in counts.items()}})
        rows += [
            {"FILE_NAME": done.name, "STATUS": "rejected", "ROW_NO": str(number), "ERROR": reason,
             "GIGYA_UID": uid, "EMAIL": email}
            for number, reason, uid, email in done.rejected
        ]  # fmt: skip
    return rows


REPORT_HEADER = (
    "FILE_NAME", "STATUS", "ROWS_READ", "ROWS_LOADED", "ROWS_REJECTED", "ROW_NO", "ERROR", "GIGYA_UID", "EMAIL",
)  # fmt: skip
