"""Staging on an SFTP server: its file operations, each of which can be repeated from its start with the same result.

Repeating and naming errors is in `sftp_session`, moving bytes in `sftp_transfer`.
"""

from __future__ import annotations

import builtins
import logging
import os
import posixpath
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import paramiko

from gigya_cheetah_assets.config.staging import SftpStaging
from gigya_cheetah_assets.progress import bytes_moved
from gigya_cheetah_assets.staging import private_file
from gigya_cheetah_assets.staging import sftp_transfer as transfer
from gigya_cheetah_assets.staging.errors import NoSuchFile, NotAFile, SizeMismatch, doing
from gigya_cheetah_assets.staging.protocol import Delivered, RemoteFile, kind_of, numbered, plain, temporary
from gigya_cheetah_assets.staging.sftp_client import Client
from gigya_cheetah_assets.staging.sftp_connect import SftpLogin
from gigya_cheetah_assets.staging.sftp_session import SftpSession

log = logging.getLogger(__name__)


class SftpFolders:
    """The outbox and inbox of an SFTP user; they must exist.

    The connection is opened with the first use, kept, and opened again when it broke.
    """

    def __init__(self, config: SftpStaging, login: SftpLogin) -> None:
        self._outbox = config.outbox
        self._session = SftpSession(login, config.retry_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def deliver(self, local: Path, name: str, *, folder: str | None = None) -> Delivered:
        """As `Staging.deliver`."""
        where = folder or self._outbox
        part = posixpath.join(where, temporary(name))
        final = posixpath.join(where, plain(name))

        what = f"deliver {name} to {where}"

        def attempt(client: Client) -> Delivered:
            reader.seek(0)
            expected = os.fstat(reader.fileno()).st_size
            try:
                with doing("writing the temporary file"):
                    transfer.upload(client, reader, part, bytes_moved(what, expected, log))
                with doing("confirming its size"):
                    found = client.stat(part).st_size
                size = self._confirmed(name, found=found, expected=expected)
                with doing("renaming it"):
                    transfer.rename(client, part, final)
            except (TimeoutError, ConnectionError, EOFError, paramiko.SSHException):
                # Over a broken connection it stays: hidden, and overwritten by the next attempt.
                raise
            except BaseException:
                transfer.clear(client, part)
                raise
            return Delivered(name, size)

        with local.open("rb") as reader:
            return self._session.repeat(attempt, what, where)

    def make_folder(self, folder: str) -> None:
        """As `Staging.make_folder`."""

        def attempt(client: Client) -> None:
            if transfer.status(client, folder) is None:
                with doing("creating it"):
                    client.mkdir(folder, 0o750)

        self._session.repeat(attempt, f"create {folder}", posixpath.dirname(folder) or folder)

    def remove_folder(self, folder: str) -> None:
        """As `Staging.remove_folder`."""

        def attempt(client: Client) -> None:
            if transfer.status(client, folder) is not None:
                client.rmdir(folder)

        self._session.repeat(attempt, f"remove the folder {folder}", posixpath.dirname(folder) or folder)

    def read_range(self, name: str, offset: int, length: int, *, folder: str | None = None) -> bytes:
        """As `Staging.read_range`."""
        where = folder or self._outbox
        source = posixpath.join(where, plain(name))
        what = f"read {name} in {where}"

        def attempt(client: Client) -> bytes:
            self._only_files(client, source, what)
            with client.open(source, "rb") as reader:
                reader.seek(offset)
                return reader.read(length)

        return self._session.repeat(attempt, what, where)

    def fetch(self, name: str, local: Path, *, folder: str | None = None) -> None:
        """As `Staging.fetch`."""
        where = folder or self._outbox
        source = posixpath.join(where, plain(name))
        partial = local.with_name(temporary(local.name))
        what = f"fetch {name} from {where}"

        def attempt(client: Client) -> None:
            self._only_files(client, source, what)
            with private_file.create(partial) as writer:
                size = transfer.download(client, source, writer, lambda size: bytes_moved(what, size, log))
                self._confirmed(name, found=writer.tell(), expected=size)

        try:
            self._session.repeat(attempt, what, where)
            partial.replace(local)
        finally:
            partial.unlink(missing_ok=True)

    def list(self, folder: str | None = None) -> list[RemoteFile]:
        """As `Staging.list`."""
        where = folder or self._outbox
        found = self._session.repeat(lambda client: client.listdir_attr(where), f"list {where}", where)
        return sorted(_described(entry) for entry in found if not entry.filename.startswith("."))

    def size(self, name: str, *, folder: str | None = None) -> int | None:
        """As `Staging.size`."""
        where = folder or self._outbox
        path = posixpath.join(where, plain(name))

        def attempt(client: Client) -> int | None:
            status = transfer.status(client, path)
            if status is None or kind_of(status.st_mode or 0) != "file":
                return None
            return status.st_size

        return self._session.repeat(attempt, f"look at {name} in {where}", where)

    def remove(self, name: str, *, folder: str | None = None) -> None:
        """As `Staging.remove`."""
        where = folder or self._outbox
        path = posixpath.join(where, plain(name))

        def attempt(client: Client) -> None:
            if transfer.status(client, path) is not None:
                client.remove(path)

        self._session.repeat(attempt, f"remove {name} from {where}", where)

    def move(self, name: str, to: str, *, folder: str | None = None) -> str:
        """As `Staging.move`; by the protocol's own rename, which refuses when the name is taken."""
        where = folder or self._outbox
        source = posixpath.join(where, plain(name))
        what = f"move {name} from {where} to {to}"
        tried: builtins.list[str] = []

        def attempt(client: Client) -> str:
            if tried and transfer.status(client, source) is None:
                # The connection broke after the server had done it.
                return tried[-1]
            self._only_files(client, source, what)
            free = next(n for n in numbered(name) if transfer.status(client, posixpath.join(to, n)) is None)
            tried.append(free)
            with doing("renaming it"):
                client.rename(source, posixpath.join(to, free))
            return free

        return self._session.repeat(attempt, what, to)

    def _only_files(self, client: Client, path: str, what: str) -> None:
        what = f"{self._session.login.place}: {what}"
        status = transfer.status(client, path)
        if status is None:
            raise NoSuchFile(f"{what}: no such file", next_step="list the folder again")
        if kind_of(status.st_mode or 0) != "file":
            raise NotAFile(f"{what}: expected a file, found a folder, a link or the like", next_step="remove it there")

    def _confirmed(self, name: str, *, found: int | None, expected: int) -> int:
        if found != expected:
            raise SizeMismatch(
                f"{self._session.login.place}: {name}: expected {expected} bytes, found {found}",
                next_step=f"look at the space and quota of {self._session.login.username}, then run it again",
            )
        return expected


def _described(entry: paramiko.SFTPAttributes) -> RemoteFile:
    modified = datetime.fromtimestamp(entry.st_mtime or 0, UTC)
    return RemoteFile(entry.filename, entry.st_size or 0, modified, kind_of(entry.st_mode or 0))
