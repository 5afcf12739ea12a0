"""Names in the inbox: which are ignored, which are hostile, which feed they belong to, what a partition is called.

A name from outside is never a local path and never a partition key: `partition_of` makes one from it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from gigya_cheetah_assets.config.files import InboundFiles

LONGEST_NAME = 200
_TEMPORARY = (".part", ".filepart", ".tmp")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_SHOWN = 80
_KEPT = 100


@dataclass(frozen=True)
class Pattern:
    """Which names a feed has: a shell pattern, and one that excludes."""

    matches: str
    but_not: str | None = None

    def fits(self, name: str) -> bool:
        """Whether the name is one of them; the case of letters counts."""
        return fnmatchcase(name, self.matches) and not (self.but_not and fnmatchcase(name, self.but_not))


Patterns = Mapping[str, Pattern]


def patterns_of(files: InboundFiles) -> dict[str, Pattern]:
    """The pattern of each configured kind."""
    return {kind: Pattern(feed.pattern, feed.not_) for kind, feed in files.feeds()}


def is_temporary(name: str) -> bool:
    """Whether it is still being written, or hidden."""
    return name.startswith((".", "~")) or name.endswith("~") or name.lower().endswith(_TEMPORARY)


def is_hostile(name: str) -> bool:
    """Whether it names a folder, begins like an option, is too long, or holds what a person can't see.

    Among the latter are control characters and the override of writing direction, that shows `fdp.exe` as `exe.pdf`.
    """
    try:
        long = len(name.encode()) > LONGEST_NAME
    except UnicodeEncodeError:
        return True
    return not name or long or name.startswith("-") or "/" in name or "\\" in name or not name.isprintable()


def kinds_of(name: str, patterns: Patterns) -> list[str]:
    """The feeds whose pattern the name fits; it should be one."""
    return [kind for kind, pattern in patterns.items() if pattern.fits(name)]


def shown(name: str) -> str:
    """The name as it may be printed: ASCII, without anything that acts on a terminal, cut."""
    return ascii(name[:_SHOWN])[1:-1]


def head_tail_digest(head: bytes, tail: bytes) -> str:
    """Digest of a file's first and last bytes."""
    return hashlib.sha256(b"%d:%b%b" % (len(head), head, tail)).hexdigest()


@dataclass(frozen=True)
class Identity:
    """What a file is known by; the same name with other content is another file.

    Attributes:
        run_key: Asks for its run once and never again.
        partition: Its partition key, `[A-Za-z0-9._-]`, at most 120 characters.
    """

    run_key: str
    partition: str


def identity(name: str, size: int, modified: datetime, digest: str, *, attempt: int = 0) -> Identity:
    """The identity of a file.

    Args:
        name: As listed.
        size: In bytes.
        modified: As listed.
        digest: Of its head and tail.
        attempt: Raised to offer the same file again.
    """
    facts = f"{name}\x00{size}\x00{modified.timestamp():.6f}\x00{digest}".encode(errors="backslashreplace")
    short = hashlib.sha256(facts).hexdigest()
    partition = partition_of(name, short)
    return Identity(f"{partition}:{attempt}" if attempt else partition, partition)


def partition_of(name: str, digest: str) -> str:
    """A partition key that can be read, typed and used as a folder: the name's plain part and twelve hex digits."""
    plain = _UNSAFE.sub("_", name)[:_KEPT].strip("._-") or "file"
    return f"{plain}-{digest[:12]}"
