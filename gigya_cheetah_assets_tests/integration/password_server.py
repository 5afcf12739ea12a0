"""An SFTP server that is not OpenSSH (asyncssh), with a password of its own: OpenSSH's would need a system account."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh

USER, PASSWORD = "acme", "right-password"


class _Logins(asyncssh.SSHServer):
    def __init__(self, connections: list[asyncssh.SSHServerConnection]) -> None:
        self._connections = connections

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connections.append(conn)

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)


@contextmanager
def running(root: Path) -> Iterator[tuple[int, str]]:
    """Serves a folder; yields the port and the line for known_hosts."""
    host_key = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
    connections: list[asyncssh.SSHServerConnection] = []
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: _Logins(connections),
            server_host_keys=[host_key],
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(root)),
        )

    acceptor = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        port = acceptor.get_port()
        yield port, f"[127.0.0.1]:{port} {host_key.export_public_key().decode().strip()}"
    finally:
        asyncio.run_coroutine_threadsafe(_stop(acceptor, connections), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _stop(acceptor: asyncssh.SSHAcceptor, connections: list[asyncssh.SSHServerConnection]) -> None:
    acceptor.close()
    for connection in connections:
        connection.abort()
        await connection.wait_closed()
    # A transport closes its socket in the loop's next round; without it the socket would stay open.
    await asyncio.sleep(0.05)
