"""An SFTP server that is not OpenSSH (asyncssh), with a password of its own: OpenSSH's would need a system account."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import asyncssh

from gigya_cheetah_assets_tests.integration.faulty_files import FaultyFiles, FileFaults

Server = TypeVar("Server")
USER, PASSWORD = "acme", "right-password"


class _Logins(asyncssh.SSHServer):
    def __init__(self, connections: list[asyncssh.SSHServerConnection], faults: FileFaults) -> None:
        self._connections = connections
        self._faults = faults

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connections.append(conn)

    def begin_auth(self, username: str) -> bool:
        self._faults.users.append(username)
        return True

    def password_auth_supported(self) -> bool:
        return True

    async def validate_password(self, username: str, password: str) -> bool:  # type: ignore[override]  # either will do
        self._faults.passwords += 1
        await asyncio.sleep(self._faults.login_seconds)
        return (username, password) == (USER, PASSWORD)


@contextmanager
def running(root: Path, faults: FileFaults | None = None) -> Iterator[tuple[int, str]]:
    """Serves a folder; yields the port and the line for known_hosts."""
    faults = faults or FileFaults()
    host_key = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
    connections: list[asyncssh.SSHServerConnection] = []

    async def start() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: _Logins(connections, faults),
            server_host_keys=[host_key],
            # So large that the socket's own buffers are full before it is.
            window=64 * 1024 * 1024,
            sftp_factory=lambda channel: FaultyFiles(channel, root, faults),
        )

    async def stop(acceptor: asyncssh.SSHAcceptor) -> None:
        acceptor.close()
        for connection in connections:
            connection.abort()
            await connection.wait_closed()

    with serving(start, stop) as acceptor:
        port = acceptor.get_port()
        yield port, f"[127.0.0.1]:{port} {host_key.export_public_key().decode().strip()}"
    # asyncssh does not close what a stalled session left open.
    for file in faults.opened:
        file.close()


@contextmanager
def serving(start: Callable[[], Awaitable[Server]], stop: Callable[[Server], Awaitable[None]]) -> Iterator[Server]:
    """Runs a server in a thread with a loop of its own, and ends it with its connections."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def started() -> Server:
        return await start()

    async def stopped() -> None:
        await stop(server)
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # A transport closes its socket in the loop's next round; without it the socket would stay open.
        await asyncio.sleep(0.05)

    server = asyncio.run_coroutine_threadsafe(started(), loop).result(10)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(stopped(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
