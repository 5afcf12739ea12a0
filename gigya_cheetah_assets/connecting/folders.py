"""Trying a folder of any staging: all that the sync will do there, with one small file in a probe folder of its own.

Hidden, so that no import takes it up, and gone afterwards. Files that are there are only listed.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path

from gigya_cheetah_assets.connecting.steps import Attempt
from gigya_cheetah_assets.staging import Staging
from gigya_cheetah_assets.staging.errors import SizeMismatch

PROBE_FOLDER = ".gigya-cheetah-probe"
_NAME = "gigya-cheetah-probe"
_CONTENT = b"Written by `gigya-cheetah check --connect`, which removes it again.\n"
_FOLDER, _WRITE, _MOVE = "make a folder", "write and rename", "move"


class ProbeFolder:
    """The attempts for one folder.

    Args:
        staging: Where it is.
        folder: The outbox or the inbox.
        scratch: A local folder for copies.
    """

    def __init__(self, staging: Staging, folder: str, scratch: Path) -> None:
        self._staging = staging
        self._folder = folder
        self._probe = posixpath.join(folder, PROBE_FOLDER)
        self._moved = posixpath.join(self._probe, "moved")
        self._scratch = scratch
        # Also what an earlier check left that was killed.
        self._left = [(self._probe, _NAME), (self._moved, _NAME)]

    def attempts(self) -> Sequence[Attempt]:
        """Listing, then writing, renaming, reading, moving and removing in the probe folder."""
        return (
            Attempt("list", self._list),
            Attempt(_FOLDER, self._make),
            Attempt(_WRITE, self._write, (_FOLDER,)),
            Attempt("read back", self._read, (_WRITE,)),
            Attempt(_MOVE, self._move, (_WRITE,)),
            # Also after a move that failed: nothing stays behind that can be removed.
            Attempt("delete", self._delete, (_FOLDER,)),
        )

    def _list(self) -> str:
        found = self._staging.list(self._folder)
        files = sum(entry.kind == "file" for entry in found)
        return f"{self._folder}: {files} files, {len(found) - files} other entries"

    def _make(self) -> str:
        for folder in (self._probe, self._moved):
            self._staging.make_folder(folder)
        return self._probe

    def _write(self) -> str:
        source = self._scratch / "source"
        source.write_bytes(_CONTENT)
        self._staging.deliver(source, _NAME, folder=self._probe)
        return f"{len(_CONTENT)} bytes under a temporary name, then as {_NAME}"

    def _read(self) -> str:
        back = self._scratch / "back"
        self._staging.fetch(_NAME, back, folder=self._probe)
        if back.read_bytes() != _CONTENT:
            raise SizeMismatch(
                f"{self._probe}/{_NAME}: the bytes are other ones than those that were written",
                next_step="ask the server's owner what changes files there",
            )
        return "the same bytes"

    def _move(self) -> str:
        self._left.append((self._moved, self._staging.move(_NAME, self._moved, folder=self._probe)))
        return "to a folder below, as files are put away"

    def _delete(self) -> str:
        for folder, name in self._left:
            self._staging.remove(name, folder=folder)
        for folder in (self._moved, self._probe):
            self._staging.remove_folder(folder)
        return "nothing is left there"
