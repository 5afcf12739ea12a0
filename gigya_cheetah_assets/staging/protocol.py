"""What every kind of staging can do, and the rules on names that they share. Each kind is in a module of its own."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Literal, Protocol

from gigya_cheetah_assets.errors import RefuseFile

EntryKind = Literal["file", "folder", "link", "other"]
# What a file system takes at most for one name, in bytes.
_LONGEST_NAME = 255


@dataclass(frozen=True)
class Delivered:
    """A file that stands in the outbox under its final name.

    Attributes:
        name: Its name.
        size: In bytes, as the staging confirmed it.
    """

    name: str
    size: int


@dataclass(frozen=True, order=True)
class RemoteFile:
    """One entry of a listing.

    Attributes:
        name: Its name without a folder; bytes that are no UTF-8 stand there as a backslash and their number.
        size: In bytes.
        modified: When it was last written, UTC; the epoch where the server does not say.
        kind: Only a `file` can be fetched or moved; links are never followed.
    """

    name: str
    size: int
    modified: datetime
    kind: EntryKind = "file"


class Staging(AbstractContextManager["Staging"], Protocol):
    """The middle platform; a context manager that opens its connection with the first use and keeps it.

    Every method raises `StagingUnreachable` (the same call may succeed later), or one of the classes in
    `staging.errors` that stop the sync until a person acts; and `RefuseFile` for a name that is not plain.
    """

    def deliver(self, local: Path, name: str, *, folder: str | None = None) -> Delivered:
        """Puts a local file into a folder (the outbox unless named), whole or not at all; one of that name is replaced.

        It is written under a hidden temporary name, its size confirmed, and then renamed.
        """

    def make_folder(self, folder: str) -> None:
        """Makes a folder below one that is there; one that is there already is no error."""

    def remove_folder(self, folder: str) -> None:
        """Removes an empty folder; one that is gone already is no error."""

    def read_range(self, name: str, offset: int, length: int, *, folder: str | None = None) -> bytes:
        """Some bytes of a file, fewer where it ends before; nothing else of it is read.

        Args:
            name: As `list` gave it.
            offset: Of the first byte.
            length: At most so many, and no more than a few hundred kilobytes.
            folder: Where it is; the outbox unless named.

        Raises:
            NoSuchFile: It is not there, or no longer.
            NotAFile: It is a folder, a link or the like.
        """

    def fetch(self, name: str, local: Path, *, folder: str | None = None) -> None:
        """Copies a file to a local path, whole or not at all.

        Args:
            name: As `list` gave it.
            local: Its new path; the folder exists.
            folder: Where it is; the outbox unless named.

        Raises:
            NoSuchFile: It is not there, or no longer.
            NotAFile: It is a folder, a link or the like.
            SizeMismatch: It changed while it was read.
        """

    def list(self, folder: str | None = None) -> list[RemoteFile]:
        """What stands in a folder (the outbox unless named), by name; hidden entries are left out."""

    def size(self, name: str, *, folder: str | None = None) -> int | None:
        """The size of a file in bytes; None when no file of that name is there."""

    def remove(self, name: str, *, folder: str | None = None) -> None:
        """Removes a file; one that is gone already is no error, so that the call can be repeated."""

    def move(self, name: str, to: str, *, folder: str | None = None) -> str:
        """Moves a file to another folder and overwrites nothing there; returns the name it has there.

        Where the name is taken, `.1`, `.2` … is added.

        Args:
            name: As `list` gave it.
            to: The other folder; it exists.
            folder: Where it is; the outbox unless named.

        Raises:
            NoSuchFile: It is not there, or no longer.
            NotAFile: It is a folder, a link or the like.
        """


def plain(name: str) -> str:
    """The name, when it is a plain file name that is not hidden.

    Raises:
        RefuseFile: It names a folder, is hidden, too long, holds a control character or begins like an option.
    """
    plain_text = name.isprintable() and "/" not in name and "\\" not in name
    if not name or name[0] in ".-~" or not plain_text or len(_hidden(name).encode()) > _LONGEST_NAME:
        raise RefuseFile(
            f"staging: expected a plain file name, found {name[:_LONGEST_NAME]!r}",
            next_step="rename the file on the side that wrote it",
        )
    return name


def temporary(name: str) -> str:
    """The hidden name that a file has while it is being written."""
    return _hidden(plain(name))


def _hidden(name: str) -> str:
    return f".{name}.part"


def numbered(name: str) -> Iterator[str]:
    """The name, then the name with `.1`, `.2` and so on."""
    yield plain(name)
    for number in count(1):
        yield plain(f"{name}.{number}")


def kind_of(mode: int) -> EntryKind:
    """What an entry is, by its mode; without a type in it, it counts as a file."""
    if stat.S_ISREG(mode) or not stat.S_IFMT(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "link" if stat.S_ISLNK(mode) else "other"
