"""Staging on an SFTP server: file operations that are repeated over a new connection when the old one breaks.

Connecting is in `sftp_connect`. Each operation can be repeated from its start with the same result.
"""

from __future__ import annotations

import errno
import logging
import os
import posixpath
import random
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import paramiko

from gigya_cheetah_assets.config.staging import SftpStaging
from gigya_cheetah_assets.staging import private_file
from gigya_cheetah_assets.staging import sftp_transfer as transfer
from gigya_cheetah_assets.staging.errors import NoSuchFile, SizeMismatch, StagingUnreachable, from_os_error
from gigya_cheetah_assets.staging.protocol import RemoteFile, plain, temporary
from gigya_cheetah_assets.staging.sftp_connect import SftpLogin, connect

log = logging.getLogger(__name__)
T = TypeVar("T")
_FIRST_WAIT, _LONGEST_WAIT = 0.25, 15.0
# All that paramiko makes of a server's status; what else an OSError says came from the network or the local disk.
_ANSWERS = frozenset({None, errno.ENOENT, errno.EACCES})


class SftpFolders:
    """The outbox and inbox of an SFTP user; they must exist.

    The connection is opened with the first use, kept, and opened again when it broke.
    """

    def __init__(self, config: SftpStaging, login: SftpLogin) -> None:
        self._outbox = config.outbox
        self._retry_seconds = config.retry_seconds
        self._login = login
        self._client: paramiko.SFTPClient | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._disconnect()

    def deliver(self, local: Path, name: str) -> None:
        """As `Staging.deliver`."""
        part = posixpath.join(self._outbox, temporary(name))
        final = posixpath.join(self._outbox, plain(name))

        def attempt(client: paramiko.SFTPClient) -> None:
            reader.seek(0)
            try:
                transfer.upload(client, reader, part)
                self._confirm(name, found=client.stat(part).st_size, expected=os.fstat(reader.fileno()).st_size)
                transfer.rename(client, part, final)
            except BaseException:
                # Over a broken connection it stays: hidden, and overwritten by the next attempt.
                with suppress(OSError, EOFError, paramiko.SSHException):
                    client.remove(part)
                raise

        with local.open("rb") as reader:
            self._repeat(attempt, f"deliver {name} to {self._outbox}", self._outbox)

    def fetch(self, name: str, local: Path, *, folder: str | None = None) -> None:
        """As `Staging.fetch`."""
        where = folder or self._outbox
        source = posixpath.join(where, plain(name))
        partial = local.with_name(temporary(local.name))

        def attempt(client: paramiko.SFTPClient) -> None:
            with private_file.create(partial) as writer:
                size = transfer.download(client, source, writer)
                self._confirm(name, found=writer.tell(), expected=size)

        try:
            self._repeat(attempt, f"fetch {name} from {where}", where, file=True)
            partial.replace(local)
        finally:
            partial.unlink(missing_ok=True)

    def list(self, folder: str | None = None) -> list[RemoteFile]:
        """As `Staging.list`."""
        where = folder or self._outbox
        found = self._repeat(lambda client: client.listdir_attr(where), f"list {where}", where)
        return sorted(
            RemoteFile(entry.filename, entry.st_size or 0, datetime.fromtimestamp(entry.st_mtime or 0, UTC))
            for entry in found
            if stat.S_ISREG(entry.st_mode or stat.S_IFREG) and not entry.filename.startswith(".")
        )

    def remove(self, name: str, *, folder: str | None = None) -> None:
        """As `Staging.remove`."""
        where = folder or self._outbox
        path = posixpath.join(where, plain(name))

        def attempt(client: paramiko.SFTPClient) -> None:
            with suppress(FileNotFoundError):
                client.remove(path)

        self._repeat(attempt, f"remove {name} from {where}", where)

    def _confirm(self, name: str, *, found: int | None, expected: int) -> None:
        if found != expected:
            raise SizeMismatch(
                f"{self._login.place}: {name}: expected {expected} bytes, found {found}",
                next_step=f"look at the space and quota of {self._login.username}, then run it again",
            )

    def _repeat(self, attempt: Callable[[paramiko.SFTPClient], T], what: str, folder: str, *, file: bool = False) -> T:
        """Calls until it succeeds, the server says no, or the retry time is over."""
        deadline = time.monotonic() + self._retry_seconds
        wait = _FIRST_WAIT
        while True:
            try:
                return attempt(self._connected())
            except (OSError, EOFError, paramiko.SSHException) as error:
                if self._broken(error):
                    self._wait(wait, deadline, what, error)
                elif isinstance(error, OSError) and error.errno in _ANSWERS and error.filename is None:
                    raise self._answer(error, what, folder, file=file) from error
                else:
                    raise
            wait = min(wait * 2, _LONGEST_WAIT)

    def _broken(self, error: Exception) -> bool:
        """Whether the connection failed, and not the operation."""
        network = not isinstance(error, OSError) or isinstance(error, TimeoutError | ConnectionError)
        channel = self._client.get_channel() if self._client is not None else None
        return network or channel is None or channel.closed or not channel.get_transport().is_active()

    def _wait(self, wait: float, deadline: float, what: str, error: Exception) -> None:
        self._disconnect()
        # Half to all of the wait, so that several syncs do not come back at the same moment.
        pause = wait * random.uniform(0.5, 1)  # noqa: S311 - no secret depends on it
        if time.monotonic() + pause > deadline:
            raise StagingUnreachable(
                f"{self._login.place}: {what}: the connection failed ({type(error).__name__}), "
                f"for {self._retry_seconds:g} s",
                next_step="check that the host and port can be reached from here, then run it again",
            ) from error
        log.warning("%s: connection failed (%s), again in %.1f s", what, type(error).__name__, pause)
        time.sleep(pause)

    def _answer(self, error: OSError, what: str, folder: str, *, file: bool) -> Exception:
        what = f"{self._login.place}: {what}"
        if file and error.errno == errno.ENOENT:
            return NoSuchFile(f"{what}: no such file", next_step="list the folder again")
        return from_os_error(error, what, who=self._login.username, folder=folder)

    def _connected(self) -> paramiko.SFTPClient:
        if self._client is None:
            self._client = connect(self._login)
        return self._client

    def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()
