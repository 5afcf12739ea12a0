"""What every kind of staging can do, and the rules on names that they share. Each kind is in a module of its own."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from gigya_cheetah_assets.errors import RefuseFile


@dataclass(frozen=True, order=True)
class RemoteFile:
    """One file of a listing.

    Attributes:
        name: Its name without a folder.
        size: In bytes.
        modified: When it was last written, UTC; the epoch where the server does not say.
    """

    name: str
    size: int
    modified: datetime


class Staging(AbstractContextManager["Staging"], Protocol):
    """The middle platform; a context manager that opens its connection with the first use and keeps it.

    Every method raises `StagingUnreachable` (the same call may succeed later), or one of the classes in
    `staging.errors` that stop the sync until a person acts.
    """

    def deliver(self, local: Path, name: str) -> None:
        """Puts a local file into the outbox, whole or not at all; a file of that name is replaced.

        It is written under a hidden temporary name, its size confirmed, and then renamed.

        Raises:
            RefuseFile: The name is not a plain file name.
        """

    def fetch(self, name: str, local: Path, *, folder: str | None = None) -> None:
        """Copies a file to a local path, whole or not at all.

        Args:
            name: As `list` gave it.
            local: Its new path; the folder exists.
            folder: Where it is; the outbox unless named.

        Raises:
            NoSuchFile: It is not there, or no longer.
            RefuseFile: The name is not a plain file name.
        """

    def list(self, folder: str | None = None) -> list[RemoteFile]:
        """The files of a folder (the outbox unless named), by name; folders and hidden files are left out."""

    def remove(self, name: str, *, folder: str | None = None) -> None:
        """Removes a file; one that is gone already is no error, so that the call can be repeated.

        Raises:
            RefuseFile: The name is not a plain file name.
        """


def plain(name: str) -> str:
    """The name, when it is a plain file name that is not hidden.

    Raises:
        RefuseFile: It names a folder, is hidden or holds a control character.
    """
    if not name or name.startswith(".") or "/" in name or "\\" in name or not name.isprintable():
        raise RefuseFile(
            f"staging: expected a plain file name, found {name!r}",
            next_step="rename the file on the side that wrote it",
        )
    return name


def temporary(name: str) -> str:
    """The hidden name that a file has while it is being written."""
    return f".{plain(name)}.part"
