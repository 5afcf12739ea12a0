"""The whole sandbox as one object: its folder, its accounts, both servers in one thread of their own.

The command line on top of it is `command`; what the servers do is in `gigya` and `sftp`.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import socket
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import uvicorn

from gigya_cheetah_assets.errors import ConfigError
from gigya_cheetah_assets.sandbox import credentials, sftp
from gigya_cheetah_assets.sandbox.credentials import KeyFiles
from gigya_cheetah_assets.sandbox.faults import Dice, Faults
from gigya_cheetah_assets.sandbox.gigya.app import App
from gigya_cheetah_assets.sandbox.gigya.authentication import Authentication, Keys
from gigya_cheetah_assets.sandbox.gigya.clock import SiteClock
from gigya_cheetah_assets.sandbox.gigya.connections import Protocol
from gigya_cheetah_assets.sandbox.gigya.cursors import Cursors
from gigya_cheetah_assets.sandbox.gigya.methods import methods
from gigya_cheetah_assets.sandbox.gigya.search import Search
from gigya_cheetah_assets.sandbox.gigya.site import Site
from gigya_cheetah_assets.sandbox.gigya.store import Store, build
from gigya_cheetah_assets.sandbox.people.generate import Period, people
from gigya_cheetah_assets.sandbox.people.load import load

HOST = "127.0.0.1"
PERIOD = timedelta(days=30)
# Changes when the same seed begins to give other accounts, so that an old folder is made anew.
GENERATION = 1


@dataclass(frozen=True)
class Population:
    """Who lives in the sandbox.

    Attributes:
        accounts: How many are invented.
        seed: The same seed gives the same people.
        file: Accounts of the user's own instead (JSON lines).
        start: Earliest last update; default 30 days before `end`.
        end: Latest last update; default now.
    """

    accounts: int = 2000
    seed: int = 1
    file: Path | None = None
    start: datetime | None = None
    end: datetime | None = None

    @property
    def origin(self) -> str:
        """Text that differs when other accounts are wanted."""
        if self.file is not None:
            return f"file {hashlib.sha256(self.file.read_bytes()).hexdigest()}"
        return f"generation {GENERATION}, {self.accounts} accounts, seed {self.seed}, {self.start} to {self.end}"

    def period(self, clock: SiteClock) -> Period:
        """When the accounts were last updated."""
        end = self.end or datetime.fromtimestamp(clock.seconds(), UTC)
        start = self.start or end - PERIOD
        return Period(round(start.timestamp() * 1000), round(end.timestamp() * 1000))


@dataclass(frozen=True)
class SiteOptions:
    """How the Gigya site behaves.

    Attributes:
        cursor_ttl: Seconds that a cursor lives after its last use.
        search_lag: Seconds until the search sees a write; reading by UID sees it at once.
        rate_limit: Requests a second before 403048, `None` for no limit.
        clock_offset: Seconds by which the site's clock is ahead.
        expose_uid: Whether e-mail accounts of full accounts show the UID.
    """

    cursor_ttl: float = 300.0
    search_lag: float = 0.0
    rate_limit: float | None = None
    clock_offset: float = 0.0
    expose_uid: bool = True


@dataclass
class _Running:
    """The thread with the servers."""

    thread: threading.Thread
    loop: asyncio.AbstractEventLoop | None = None
    stop: asyncio.Event | None = None
    ready: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None


class Sandbox:
    """A local Gigya site over HTTP and an SFTP server, while the `with` block runs.

    Args:
        folder: Holds the accounts, the keys and the SFTP server's files; made when missing, used again when there.
        population: Who lives there; other people than the folder's replace them.
        site: How the Gigya site behaves.
        faults: What goes wrong, as `Faults` or as its text.
        fault_seed: Makes chance repeatable.
        http_port: 0 takes a free one.
        sftp_port: 0 takes a free one.
        fresh: Makes the accounts again and empties the SFTP folders.

    Attributes:
        site: The accounts: read, add, change, touch and delete them from Python.
        http_port: Of the Gigya site on 127.0.0.1.
        sftp_port: Of the SFTP server on 127.0.0.1.
        sftp_root: The folder that SFTP users see as `/`, with `autoproc` and `fromcheetah`.
        known_hosts: The SFTP server's line for a known_hosts file.
        environ: Environment variables that the sandbox's sync file names.

    Raises:
        ConfigError: A port is in use, the faults or the accounts' file cannot be read.
    """

    def __init__(
        self,
        folder: Path,
        population: Population | None = None,
        *,
        site: SiteOptions | None = None,
        faults: Faults | str = "",
        fault_seed: int = 0,
        http_port: int = 0,
        sftp_port: int = 0,
        fresh: bool = False,
    ) -> None:
        self.folder = Path(folder)
        self.sftp_root = self.folder / "sftp"
        self._population = population or Population()
        self._options = site or SiteOptions()
        self._dice = Dice(Faults.parse(faults) if isinstance(faults, str) else faults, fault_seed)
        self._wanted_ports = (http_port, sftp_port)
        self._fresh = fresh
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._start(stack)
            self._resources = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    @property
    def requests(self) -> int:
        """How many HTTP requests came so far."""
        return self._app.requests

    @property
    def api_domain(self) -> str:
        """`gigya.api_domain` of a sync file; the scheme is http."""
        return f"{HOST}:{self.http_port}"

    def _start(self, stack: ExitStack) -> None:
        http, ssh = (stack.enter_context(_bound(port)) for port in self._wanted_ports)
        self.http_port, self.sftp_port = http.getsockname()[1], ssh.getsockname()[1]
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._fresh:
            _empty(self.sftp_root)
        keys = KeyFiles.of(self.folder)
        self.known_hosts = sftp.known_hosts(HOST, self.sftp_port, keys)
        self.environ = credentials.environ(keys, self.known_hosts)
        clock = SiteClock(self._options.clock_offset)
        store = stack.enter_context(self._store(clock))
        self.site = Site(store, clock)
        search = Search(self.site, Cursors(clock, self._options.cursor_ttl, self._dice))
        checks = Authentication(
            Keys(credentials.API_KEY, credentials.USER_KEY, credentials.SECRET, keys.gigya_public), clock
        )
        self._app = App(self.site, methods(self.site, search), checks, self._dice, self._options.rate_limit)
        running = _Running(threading.Thread(name="sandbox", target=lambda: self._run(running, http, ssh, keys)))
        running.thread.start()
        stack.callback(_stop, running)
        running.ready.wait()
        if running.error is not None:
            raise running.error

    def _store(self, clock: SiteClock) -> Store:
        path = self.folder / "accounts.sqlite"
        options, population = self._options, self._population
        origin = population.origin if population.file is None or population.file.exists() else ""
        if path.exists() and not self._fresh:
            store = Store(path, clock, lag=options.search_lag, expose_uid=options.expose_uid)
            if store.origin == origin:
                return store
            store.close()
        if population.file is None:
            build(path, people(population.accounts, population.seed, population.period(clock)), origin)
        else:
            build(path, load(population.file, clock.milliseconds()), origin)
        store = Store(path, clock, lag=options.search_lag, expose_uid=options.expose_uid)
        if population.file is not None:
            store.share_emails()
        return store

    def _run(self, running: _Running, http: socket.socket, ssh: socket.socket, keys: KeyFiles) -> None:
        try:
            asyncio.run(self._serve(running, http, ssh, keys))
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits, which raises it
            running.error = error
        finally:
            running.ready.set()

    async def _serve(self, running: _Running, http: socket.socket, ssh: socket.socket, keys: KeyFiles) -> None:
        running.loop, running.stop = asyncio.get_running_loop(), asyncio.Event()
        acceptor = await sftp.listen(ssh, self.sftp_root, keys, self._dice)
        config = uvicorn.Config(
            self._app.starlette(),
            http=Protocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            date_header=False,
            server_header=False,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[http]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.005)
        running.ready.set()
        await running.stop.wait()
        server.should_exit = True
        acceptor.close()
        await serving
        await acceptor.wait_closed()


def _stop(running: _Running) -> None:
    if running.loop is not None and running.stop is not None and running.thread.is_alive():
        running.loop.call_soon_threadsafe(running.stop.set)
    running.thread.join()


def _bound(port: int) -> socket.socket:
    # With the protocol spelled out asyncio switches Nagle's delay off; without it each small answer costs 40 ms.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((HOST, port))
        sock.listen(100)
    except OSError as error:
        sock.close()
        reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        raise ConfigError(
            [f"sandbox: port {port} of {HOST} {reason}"],
            next_step="stop what uses it (a sandbox that still runs?) or choose other ports",
        ) from error
    return sock


def _empty(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_file() or path.is_symlink():
            path.unlink()
