"""The SFTP server of the sandbox: one user, one folder that it cannot leave, faults in the middle of a file."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import asyncssh

from gigya_cheetah_assets.sandbox import credentials
from gigya_cheetah_assets.sandbox.credentials import KeyFiles
from gigya_cheetah_assets.sandbox.faults import Dice

OUTBOX = "autoproc"
INBOX = "fromcheetah"
# A broken transfer ends within the first so many bytes.
_BREAKS_WITHIN = 65_536


class Listening:
    """A started server; `close` ends it with its connections."""

    def __init__(self, acceptor: asyncssh.SSHAcceptor, connections: set[asyncssh.SSHServerConnection]) -> None:
        self._acceptor = acceptor
        self._connections = connections

    async def close(self) -> None:
        """Takes no more connections and cuts those that are open; returns when their sockets are closed."""
        self._acceptor.close()
        for connection in list(self._connections):
            connection.abort()
            await connection.wait_closed()
        await self._acceptor.wait_closed()
        # A transport closes its socket in the loop's next round; a loop that ends before would leave it open.
        await asyncio.sleep(0)


async def listen(sock: socket.socket, root: Path, keys: KeyFiles, dice: Dice) -> Listening:
    """Starts the server on a bound socket; `root` gets its two folders."""
    for name in (OUTBOX, INBOX):
        (root / name).mkdir(parents=True, exist_ok=True)
    handler = FaultyFiles if dice.faults.sftp_drop or dice.faults.sftp_slow else Files
    connections: set[asyncssh.SSHServerConnection] = set()
    acceptor = await asyncssh.listen(
        sock=sock,
        server_factory=lambda: _OneUser(keys, connections),
        server_host_keys=[asyncssh.import_private_key(keys.sftp_host)],
        sftp_factory=lambda channel: handler(channel, root, dice),
        allow_scp=False,
        encoding=None,
        # Compression costs more than loopback gives.
        compression_algs=["none"],
    )
    return Listening(acceptor, connections)


def known_hosts(host: str, port: int, keys: KeyFiles) -> str:
    """The line of a known_hosts file for this server."""
    return f"[{host}]:{port} {keys.sftp_host_public}\n"


class _OneUser(asyncssh.SSHServer):
    """Lets the sandbox's user in, by password or by key, and nobody else."""

    def __init__(self, keys: KeyFiles, connections: set[asyncssh.SSHServerConnection]) -> None:
        self._key = asyncssh.import_public_key(keys.sftp_client_public)
        self._connections = connections
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - signature of asyncssh
        if self._connection is not None:
            self._connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002 - signature of asyncssh; nobody gets in without
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return username == credentials.SFTP_USER and password == credentials.SFTP_PASSWORD

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == credentials.SFTP_USER and key == self._key


class Files(asyncssh.SFTPServer):
    """The folder's files. Links are refused: they could lead out of the folder."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], root: Path, dice: Dice) -> None:
        super().__init__(channel, chroot=str(root).encode())
        self._dice = dice

    def symlink(self, oldpath: bytes, newpath: bytes) -> None:  # noqa: ARG002 - signature of asyncssh
        """Refuses.

        Raises:
            asyncssh.SFTPOpUnsupported: Always.
        """
        raise asyncssh.SFTPOpUnsupported("the sandbox has no links")

    def link(self, oldpath: bytes, newpath: bytes) -> None:  # noqa: ARG002 - signature of asyncssh
        """Refuses.

        Raises:
            asyncssh.SFTPOpUnsupported: Always.
        """
        raise asyncssh.SFTPOpUnsupported("the sandbox has no links")


class FaultyFiles(Files):
    """As `Files`, but slow, or with connections that end in the middle of a file."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], root: Path, dice: Dice) -> None:
        super().__init__(channel, root, dice)
        # Open files whose transfer will be cut, with the offset at which that happens.
        self._doomed: dict[int, int] = {}

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """Opens a file and decides its fate."""
        file = super().open(path, pflags, attrs)
        if self._dice.transfer_breaks():
            self._doomed[id(file)] = int(self._dice.fraction() * _BREAKS_WITHIN)
        return file

    async def read(self, file_obj: Any, offset: int, size: int) -> bytes:
        """Reads, unless the connection ends here."""
        await self._suffer(file_obj, offset + size)
        return await _awaited(super().read(file_obj, offset, size))

    async def write(self, file_obj: Any, offset: int, data: bytes) -> int:
        """Writes, unless the connection ends here."""
        await self._suffer(file_obj, offset + len(data))
        return await _awaited(super().write(file_obj, offset, data))

    def close(self, file_obj: Any) -> Any:
        """Closes a file; a transfer that was shorter than its fate is cut now."""
        doomed = self._doomed.pop(id(file_obj), None) is not None
        result = super().close(file_obj)
        if doomed:
            self._cut()
        return result

    async def _suffer(self, file: object, reached: int) -> None:
        if self._dice.faults.sftp_slow:
            await asyncio.sleep(self._dice.faults.sftp_slow)
        if reached > self._doomed.get(id(file), reached):
            del self._doomed[id(file)]
            self._cut()
            raise asyncssh.SFTPConnectionLost("cut by the fault dial")

    def _cut(self) -> None:
        connection = self.channel.get_connection()
        if connection is not None:
            connection.abort()


async def _awaited(result: Any) -> Any:
    return await result if asyncio.iscoroutine(result) else result
