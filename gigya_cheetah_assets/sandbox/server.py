"""The whole sandbox as one object: its folder, both sides' accounts, both servers in one thread of their own.

The command line on top of it is `command`; what the servers do is in `gigya`, `cheetahmail` and `sftp`.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

import uvicorn
from starlette.applications import Starlette

from gigya_cheetah_assets.config.staging import LocalStaging
from gigya_cheetah_assets.errors import ConfigError
from gigya_cheetah_assets.sandbox import credentials, object_stores, sftp
from gigya_cheetah_assets.sandbox.cheetahmail import CheetahMail, Setup
from gigya_cheetah_assets.sandbox.cheetahmail.api import Api
from gigya_cheetah_assets.sandbox.cheetahmail.dropping import InboxOnDisk
from gigya_cheetah_assets.sandbox.credentials import KeyFiles
from gigya_cheetah_assets.sandbox.faults import Dice, Faults
from gigya_cheetah_assets.sandbox.gigya.app import App
from gigya_cheetah_assets.sandbox.gigya.audit import AuditSearch
from gigya_cheetah_assets.sandbox.gigya.authentication import Authentication, Keys
from gigya_cheetah_assets.sandbox.gigya.clock import SiteClock
from gigya_cheetah_assets.sandbox.gigya.connections import Protocol
from gigya_cheetah_assets.sandbox.gigya.cursors import Cursors
from gigya_cheetah_assets.sandbox.gigya.events import Events
from gigya_cheetah_assets.sandbox.gigya.methods import methods
from gigya_cheetah_assets.sandbox.gigya.search import Search
from gigya_cheetah_assets.sandbox.gigya.site import Site
from gigya_cheetah_assets.sandbox.population import Population
from gigya_cheetah_assets.staging.local import LocalFolders

__all__ = ["HOST", "Kind", "Population", "Sandbox"]

Kind = Literal["sftp", "s3", "azure_blob"]
HOST = "127.0.0.1"


@dataclass
class _Running:
    """The thread with the servers."""

    thread: threading.Thread
    loop: asyncio.AbstractEventLoop | None = None
    stop: asyncio.Event | None = None
    ready: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None


class Sandbox:
    """A local Gigya site over HTTP, an SFTP server and a CheetahMail account, while the `with` block runs.

    Args:
        folder: Holds the accounts, the keys and the SFTP server's files; made when missing, used again when there.
        people: Who lives there; a folder with other people gets these.
        faults: What goes wrong, as `Faults` or as its text.
        fault_seed: Makes chance repeatable.
        http_port: 0 takes a free one.
        sftp_port: 0 takes a free one.
        fresh: Makes the accounts again and empties the SFTP folders.
        cursor_ttl: Seconds that a search cursor lives after its last use.
        search_lag: Seconds until the search sees a write; reading by UID sees it at once.
        rate_limit: Requests a second before 403048, `None` for no limit.
        clock_offset: Seconds by which the site's clock is ahead of this machine.
        expose_uid: Whether e-mail accounts of full accounts show the UID.
        cheetahmail: How the CheetahMail account is set up.
        staging: Where the files are exchanged: on the SFTP server, or in an object store beside the sandbox, which is
            empty at its start.

    Attributes:
        site: The accounts: read, add, change, touch and delete them from Python.
        cheetahmail: The CheetahMail account; it does nothing before its methods are called.
        http_port: Of the Gigya site on 127.0.0.1, and of CheetahMail's API.
        sftp_port: Of the SFTP server on 127.0.0.1.
        sftp_root: The folder that SFTP users see as `/`, with `autoproc` and `fromcheetah`.
        known_hosts: The SFTP server's line for a known_hosts file.
        environ: Environment variables that the sandbox's sync file names.
        object_store: The `staging` part of a sync file for its object store; None with the SFTP server.

    Raises:
        ConfigError: A port is in use, the faults or the accounts' file cannot be read.
    """

    def __init__(
        self,
        folder: Path,
        people: Population | None = None,
        *,
        faults: Faults | str = "",
        fault_seed: int = 0,
        http_port: int = 0,
        sftp_port: int = 0,
        fresh: bool = False,
        cursor_ttl: float = 300.0,
        search_lag: float = 0.0,
        rate_limit: float | None = None,
        clock_offset: float = 0.0,
        expose_uid: bool = True,
        cheetahmail: Setup | None = None,
        staging: Kind = "sftp",
    ) -> None:
        self.folder = Path(folder)
        self.sftp_root = self.folder / "sftp"
        self._population = people or Population()
        self._dice = Dice(Faults.parse(faults) if isinstance(faults, str) else faults, fault_seed)
        self._wanted_ports = (http_port, sftp_port)
        self._fresh = fresh
        self._cursor_ttl = cursor_ttl
        self._search_lag = search_lag
        self._rate_limit = rate_limit
        self._clock_offset = clock_offset
        self._expose_uid = expose_uid
        self._setup = cheetahmail or Setup()
        self._staging = staging
        self.object_store: dict[str, Any] | None = None
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
    def most_at_once(self) -> int:
        """The most HTTP requests that were open at a time."""
        return self._app.most_at_once

    @property
    def faults(self) -> Faults:
        """What goes wrong; may be set while the sandbox runs."""
        return self._dice.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._dice.faults = faults

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
            _empty(self.folder / "cheetahmail")
        keys = KeyFiles.of(self.folder)
        self.known_hosts = sftp.known_hosts(HOST, self.sftp_port, keys)
        self.environ = credentials.environ(keys, self.known_hosts)
        if self._staging != "sftp":
            store = stack.enter_context(object_stores.STORES[self._staging](self.folder))
            self.object_store = store.staging
            self.environ |= store.environ
        self.site = self._site(stack)
        self.cheetahmail = self._account()
        stack.callback(self.cheetahmail.close)
        self._app = self._http_app(keys)
        running = _Running(threading.Thread(name="sandbox", target=lambda: self._run(running, http, ssh, keys)))
        running.thread.start()
        stack.callback(_stop, running)
        running.ready.wait()
        if running.error is not None:
            raise running.error

    def _site(self, stack: ExitStack) -> Site:
        clock = SiteClock(self._clock_offset)
        store = self._population.settle(
            self.folder / "accounts.sqlite",
            clock,
            lag=self._search_lag,
            expose_uid=self._expose_uid,
            fresh=self._fresh,
        )
        if self._fresh:
            (self.folder / "events.sqlite").unlink(missing_ok=True)
        events = Events(self.folder / "events.sqlite")
        stack.callback(events.close)
        return Site(stack.enter_context(store), clock, events)

    def _account(self) -> CheetahMail:
        """The account, which imports from the SFTP server's disk until it is set up for a sync."""
        folders = LocalFolders(
            LocalStaging(type="local", path=str(self.sftp_root), outbox=sftp.OUTBOX, inbox=sftp.INBOX)
        )
        inbox = InboxOnDisk(self.sftp_root / sftp.INBOX)
        return CheetahMail(self.folder / "cheetahmail", lambda: folders, inbox, self._setup, outbox=sftp.OUTBOX)

    def _http_app(self, keys: KeyFiles) -> App:
        site, clock = self.site, self.site.clock
        search = Search(site, Cursors(clock, self._cursor_ttl, self._dice))
        audit = AuditSearch(site, Cursors(clock, self._cursor_ttl, self._dice))
        known = Keys(credentials.API_KEY, credentials.USER_KEY, credentials.SECRET, keys.gigya_public)
        return App(site, methods(site, search, audit), Authentication(known, clock), self._dice, self._rate_limit)

    def _run(self, running: _Running, http: socket.socket, ssh: socket.socket, keys: KeyFiles) -> None:
        try:
            asyncio.run(self._serve(running, http, ssh, keys))
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits, which raises it
            running.error = error
        finally:
            running.ready.set()

    async def _serve(self, running: _Running, http: socket.socket, ssh: socket.socket, keys: KeyFiles) -> None:
        running.loop, running.stop = asyncio.get_running_loop(), asyncio.Event()
        files = await sftp.listen(ssh, self.sftp_root, keys, self._dice)
        api = Api(self.cheetahmail, self._setup.session_seconds)
        server = uvicorn.Server(_configuration(self._app.starlette(api.routes())))
        serving = asyncio.create_task(server.serve(sockets=[http]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.005)
        running.ready.set()
        await running.stop.wait()
        server.should_exit = True
        await files.close()
        await serving
        # As for SFTP: uvicorn's transports close in the next round.
        await asyncio.sleep(0)


def _configuration(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        # The site's own clock writes the Date header.
        date_header=False,
        server_header=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=1,
    )


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
