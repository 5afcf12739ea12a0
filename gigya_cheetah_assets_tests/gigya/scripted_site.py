"""A real HTTP server that answers each method from a list, in order, and keeps the requests that came.

It knows nothing of Gigya beyond form fields in and bytes out; whatever a test wants to see is in its script.
"""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict, deque
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

GIGYA_TIME = 1_700_000_000.0


@dataclass(frozen=True)
class Reply:
    """One answer.

    Attributes:
        body: Bytes as they are, or an object as JSON.
        status: HTTP status.
        headers: Added to or replacing the usual ones; None as a value leaves the header out.
        stall: Seconds of silence before the first byte.
        cut: Declare this many bytes more than are sent, then hang up.
        hang_up: Close the connection without an answer.
    """

    body: bytes | dict[str, Any] = b""
    status: int = 200
    headers: dict[str, str | None] = field(default_factory=dict)
    stall: float = 0.0
    cut: int = 0
    hang_up: bool = False

    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    method: str
    form: dict[str, str]
    headers: dict[str, str]
    connection: int
    at: float


def ok(**content: Any) -> Reply:
    """A good answer."""
    return Reply({"callId": "c0ffee", "errorCode": 0, "statusCode": 200, **content})


def failed(code: int, **content: Any) -> Reply:
    """An error in Gigya's way: HTTP 200, the code in the body."""
    return Reply({"callId": "badca11", "errorCode": code, "statusCode": code // 1000, **content})


def page(uids: list[str], cursor: str | None = None, **content: Any) -> Reply:
    """One page of a search."""
    more = {} if cursor is None else {"nextCursorId": cursor}
    results = [{"UID": uid} for uid in uids]
    return ok(results=results, objectsCount=len(results), totalCount=99, **more, **content)


class ScriptedSite:
    """Use as a context manager; `failures` says what came that no script had an answer for."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.failures: list[str] = []
        self.always: dict[str, Reply] = {}
        self._scripts: dict[str, deque[Reply]] = defaultdict(deque)
        self._lock = threading.Lock()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def domain(self) -> str:
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def script(self, method: str, *replies: Reply) -> None:
        """Adds answers to a method's list."""
        self._scripts[method].extend(replies)

    def forms(self, method: str) -> list[dict[str, str]]:
        """The forms that came for a method."""
        return [request.form for request in self.requests if request.method == method]

    def answer(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            script = self._scripts[request.method]
            if script:
                return script.popleft()
            if request.method in self.always:
                return self.always[request.method]
            self.failures.append(f"nothing left to answer {request.method}")
            return failed(400093)

    @property
    def left(self) -> int:
        """Answers that nobody asked for."""
        return sum(map(len, self._scripts.values()))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 10
    server: _Server

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        form = dict(parse_qsl(self.rfile.read(size).decode(), keep_blank_values=True, strict_parsing=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        method, port = self.path.removeprefix("/"), self.client_address[1]
        self._send(self.server.site.answer(Request(method, form, headers, port, time.monotonic())))

    def _send(self, reply: Reply) -> None:
        time.sleep(reply.stall)
        if reply.hang_up:
            self.close_connection = True
            return
        body = reply.content()
        usual = {
            "Content-Type": "application/json",
            "Date": formatdate(GIGYA_TIME, usegmt=True),
            "Content-Length": str(len(body) + reply.cut),
        }
        self.send_response_only(reply.status)
        for name, value in {**usual, **reply.headers}.items():
            if value is not None:
                self.send_header(name, value)
        self.close_connection = reply.cut > 0
        self.end_headers()
        # A client that gave up does not wait for the rest.
        with suppress(OSError):
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Says nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, site: ScriptedSite) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.site = site

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle is part of the tests."""
