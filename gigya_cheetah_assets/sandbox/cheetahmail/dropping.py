"""How the account's files reach the inbox, and how that goes wrong."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from gigya_cheetah_assets.sandbox.cheetahmail.feed_faults import FeedFaults
from gigya_cheetah_assets.staging import Staging

_PIECES = 8


class Inbox(Protocol):
    """Where files are written."""

    def write(self, name: str, content: bytes, faults: FeedFaults) -> None:
        """Writes one file under its final name."""


class InboxOnDisk:
    """A folder of this machine, such as that behind the sandbox's SFTP server: readers see files grow.

    Args:
        folder: Made when it is missing.
        pause: Seconds between two pieces of a file.
    """

    def __init__(self, folder: Path, pause: float = 1.5) -> None:
        self._folder = folder
        self._pause = pause

    def write(self, name: str, content: bytes, faults: FeedFaults) -> None:
        """As `Inbox.write`; slowly or in halves."""
        pieces = _PIECES if faults.slow else 2 if faults.halves else 1
        size = -(-len(content) // pieces)
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / name).open("wb") as file:
            for start in range(0, len(content), size):
                if start:
                    time.sleep(self._pause if faults.halves else self._pause / _PIECES)
                file.write(content[start : start + size])
                file.flush()
                os.fsync(file.fileno())


class InboxOfStaging:
    """The inbox of any staging; its files appear whole, as those of an object store do.

    Args:
        staging: Opens it.
        folder: Its inbox.
    """

    def __init__(self, staging: Callable[[], Staging], folder: str) -> None:
        self._staging = staging
        self._folder = folder

    def write(self, name: str, content: bytes, faults: FeedFaults) -> None:  # noqa: ARG002 - whole or not at all
        """As `Inbox.write`."""
        with TemporaryDirectory() as scratch, self._staging() as staging:
            local = Path(scratch) / "file"
            local.write_bytes(content)
            staging.deliver(local, name, folder=self._folder)
