"""A TCP relay on 127.0.0.1 that counts connections, and cuts or stalls them after a number of bytes."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self


class CuttingProxy:
    """Relays to a local port.

    Args:
        target: The port behind it.
        cut_after: Bytes, both directions together, after which a connection is cut; None never cuts.
        cuts: How many connections are cut; later ones live.
        stalls: Whether such a connection stays open, but nothing goes through it any more.
        pause: Seconds between reaching the number and cutting.
    """

    def __init__(
        self, target: int, *, cut_after: int | None = None, cuts: int = 1, stalls: bool = False, pause: float = 0
    ) -> None:
        self._target = target
        self._cut_after = cut_after
        self._cuts = cuts
        self._stalls = stalls
        self._pause = pause
        self._ended = threading.Event()
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        if stalls:
            # Little fits into the pipe, so that a stall is felt at once.
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.port = int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        # A shutdown wakes the thread that waits in accept(); close() alone does not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listener.close()
        for end in self._open:
            _shut(end)
        for thread in self._threads[1:]:
            thread.join()
        for end in self._open:
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._target))
            self._open += [near, far]
            self.connections += 1
            left = [self._cut_after if self._cut_after and self.connections <= self._cuts else None]
            for pair in ((near, far), (far, near)):
                thread = threading.Thread(target=self._relay, args=(*pair, left))
                self._threads.append(thread)
                thread.start()

    def _relay(self, source: socket.socket, target: socket.socket, left: list[int | None]) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if left[0] is not None:
                    left[0] -= len(data)
                    if left[0] < 0:
                        self._ended.wait(3600 if self._stalls else self._pause)
                        break
                target.sendall(data)
        _shut(source)
        _shut(target)


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
