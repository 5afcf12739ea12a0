"""The files of an asyncssh server that refuses, fills up, stalls or lies where a test wants it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh


@dataclass
class FileFaults:
    """What goes wrong; nothing by default.

    Attributes:
        denied: Verbs that answer "permission denied": list, read, write, stat, mkdir, rename, plain_rename, remove.
        read_only: A folder in which nothing can be made, written or renamed.
        posix_rename: Whether the server has it.
        any_rename: Whether the server has the protocol's own one.
        login_seconds: How long it thinks about a password.
        full_at: Where it answers that the quota is used up: write, last, close or rename.
        error: What that answer is.
        stall_at: Bytes of an upload after which nothing is answered any more, in the first connection.
        hidden_growth: Bytes that its sizes are too high.
        stuck: Whether a temporary file cannot be renamed, for no reason that is told.
        cut_after_rename: Whether the first connection ends when a rename was done and not yet answered.
        connections: Sessions, counted here.
        users: Who asked to log in, noted here.
        passwords: Passwords that were tried, counted here.
        opened: Every file that was opened.
        written: Every path that was opened for writing, made, or the target of a rename, noted here.
    """

    denied: frozenset[str] = frozenset()
    read_only: str | None = None
    posix_rename: bool = True
    any_rename: bool = True
    login_seconds: float = 0.0
    full_at: str | None = None
    error: asyncssh.SFTPError = field(default_factory=lambda: asyncssh.SFTPFailure("Disk quota exceeded"))
    stall_at: int | None = None
    hidden_growth: int = 0
    stuck: bool = False
    cut_after_rename: bool = False
    connections: int = 0
    users: list[str] = field(default_factory=list)
    passwords: int = 0
    opened: list[Any] = field(default_factory=list)
    written: list[str] = field(default_factory=list)


class FaultyFiles(asyncssh.SFTPServer):
    """A folder that the user cannot leave."""

    def __init__(self, channel: Any, root: Path, faults: FileFaults) -> None:
        super().__init__(channel, chroot=str(root))
        self._faults = faults
        faults.connections += 1
        self._first = faults.connections == 1

    def _ask(self, verb: str) -> None:
        if verb in self._faults.denied:
            raise asyncssh.SFTPPermissionDenied("Permission denied")

    def _change(self, path: bytes) -> None:
        """Notes a path that is about to be written."""
        self._faults.written.append(os.fsdecode(path))
        if self._faults.read_only is not None and self._faults.read_only in os.fsdecode(path).split("/"):
            raise asyncssh.SFTPPermissionDenied("Permission denied")

    def _fill(self, moment: str) -> None:
        if self._faults.full_at == moment:
            raise self._faults.error

    async def scandir(self, path: bytes) -> AsyncIterator[Any]:
        self._ask("list")
        async for entry in super().scandir(path):
            yield entry

    def open(self, path: bytes, pflags: int, attrs: Any) -> Any:
        if pflags & asyncssh.FXF_WRITE:
            self._change(path)
        self._ask("write" if pflags & asyncssh.FXF_WRITE else "read")
        file: Any = super().open(path, pflags, attrs)
        self._faults.opened.append(file)
        return file

    async def write(self, file_obj: Any, offset: int, data: bytes) -> int:
        self._fill("write")
        if len(data) < 32_768:
            self._fill("last")
        if self._first and self._faults.stall_at is not None and offset >= self._faults.stall_at:
            await asyncio.sleep(3600)
        return int(super().write(file_obj, offset, data))  # type: ignore[arg-type]  # its own is not awaitable

    def close(self, file_obj: Any) -> Any:
        result = super().close(file_obj)
        self._fill("close")
        return result

    def stat(self, path: bytes) -> Any:
        self._ask("stat")
        status = Path(os.fsdecode(self.map_path(path))).stat()
        attributes = asyncssh.SFTPAttrs.from_local(status)
        attributes.size = status.st_size + self._faults.hidden_growth
        return attributes

    def mkdir(self, path: bytes, attrs: Any) -> Any:
        self._change(path)
        self._ask("mkdir")
        return super().mkdir(path, attrs)

    def fstat(self, file_obj: Any) -> Any:
        status = os.fstat(file_obj.fileno())
        attributes = asyncssh.SFTPAttrs.from_local(status)
        attributes.size = status.st_size + self._faults.hidden_growth
        return attributes

    def rename(self, oldpath: bytes, newpath: bytes) -> Any:
        self._ask("plain_rename")
        if not self._faults.any_rename:
            raise asyncssh.SFTPOpUnsupported("Unsupported")
        self._before_rename(oldpath, newpath)
        result = super().rename(oldpath, newpath)
        if self._first and self._faults.cut_after_rename:
            self.channel.get_connection().abort()
            raise asyncssh.SFTPConnectionLost("cut")
        return result

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> Any:
        if not self._faults.posix_rename:
            raise asyncssh.SFTPOpUnsupported("Unsupported")
        self._before_rename(oldpath, newpath)
        return super().posix_rename(oldpath, newpath)

    def _before_rename(self, oldpath: bytes, newpath: bytes) -> None:
        self._change(newpath)
        self._ask("rename")
        self._fill("rename")
        if self._faults.stuck and oldpath.endswith(b".part"):
            raise asyncssh.SFTPFailure("Failure")

    def remove(self, path: bytes) -> Any:
        self._ask("remove")
        return super().remove(path)
