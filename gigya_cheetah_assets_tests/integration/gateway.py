"""An HTTP gateway on 127.0.0.1 before another server; it answers some requests itself, as a store in trouble would."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_ONE_HOP = frozenset({"connection", "transfer-encoding", "keep-alive"})


@dataclass(frozen=True)
class Answer:
    """What the gateway says in the store's place."""

    status: int
    code: str

    def body(self) -> bytes:
        text = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{self.code}</Code><Message>no</Message></Error>'
        return text.encode()


@dataclass
class Gateway:
    """Settings and counts of a running gateway.

    Attributes:
        port: Where it listens.
        refuse: Gets the method, the path with its query and the headers; what it returns is the answer.
        before: Is called ahead of each request that goes through.
        loses: Whether the answer to a request that went through gets lost.
        requests: Method and path of each request.
    """

    port: int
    refuse: Callable[[str, str, dict[str, str]], Answer | None] = lambda *_: None
    before: Callable[[str, str], None] = lambda *_: None
    loses: Callable[[str, str], bool] = lambda *_: False
    requests: list[tuple[str, str]] = field(default_factory=list)

    def answer_times(self, times: int, answer: Answer) -> None:
        """Gives an answer to the next so many requests."""
        left = [times]

        def refuse(*_: object) -> Answer | None:
            left[0] -= 1
            return answer if left[0] >= 0 else None

        self.refuse = refuse


@contextmanager
def running(target: int) -> Iterator[Gateway]:
    """Stands in front of a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Says nothing."""

        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            gateway.requests.append((self.command, self.path))
            answer = gateway.refuse(self.command, self.path, dict(self.headers))
            if answer is not None:
                self._send(answer.status, {"x-ms-error-code": answer.code, "Content-Type": "text/xml"}, answer.body())
                return
            gateway.before(self.command, self.path)
            status, headers, content = _forwarded(target, self.command, self.path, body, dict(self.headers))
            if gateway.loses(self.command, self.path):
                self.close_connection = True
            else:
                self._send(status, headers, content)

        def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response_only(status)
            for key, value in _to_send(status, headers, len(body), head=self.command == "HEAD").items():
                self.send_header(key, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    for method in ("GET", "PUT", "HEAD", "DELETE", "POST"):
        setattr(Handler, f"do_{method}", Handler.serve)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        gateway = Gateway(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield gateway
        finally:
            server.shutdown()
            thread.join()


def _to_send(status: int, headers: dict[str, str], size: int, *, head: bool) -> dict[str, str]:
    own = {key: value for key, value in headers.items() if key.lower() not in {*_ONE_HOP, "content-length"}}
    told = next((value for key, value in headers.items() if key.lower() == "content-length"), str(size))
    return {**own, "Content-Length": "0" if status == 204 else told if head else str(size)}


def _forwarded(
    port: int, command: str, path: str, body: bytes, headers: dict[str, str]
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        kept = {key: value for key, value in headers.items() if key.lower() not in {"expect"}}
        connection.request(command, path, body, kept)
        found = connection.getresponse()
        return found.status, dict(found.getheaders()), found.read()
    finally:
        connection.close()
