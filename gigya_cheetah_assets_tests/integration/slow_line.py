"""A TCP relay on 127.0.0.1 as a long, bad line: every byte is late, and some of them much later, as after a loss."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Self

_PIECE = 16 * 1024
# What may be on its way at once: the bandwidth-delay product of a good line.
_ON_ITS_WAY = 4 * 1024 * 1024
# How much later TCP delivers when it has to send a packet again and the line has no other sign of the loss.
_RESEND_SECONDS = 0.2


class SlowLine:
    """Relays to a local port.

    Args:
        target: The port behind it.
        round_trip: Seconds from one end to the other and back.
        loss: Share of pieces that come late; those behind them wait, as TCP keeps the order.
    """

    def __init__(self, target: int, *, round_trip: float, loss: float = 0.0) -> None:
        self._target = target
        self._delay = round_trip / 2
        self._loss = loss
        self._dice = random.Random(7)  # noqa: S311 - no secret depends on it
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.relayed = 0
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listener.close()
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
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
            for source, target in ((near, far), (far, near)):
                pipe = _Pipe(source, target)
                for work in (self._take, self._give):
                    thread = threading.Thread(target=work, args=(pipe,))
                    self._threads.append(thread)
                    thread.start()

    def _take(self, pipe: _Pipe) -> None:
        with suppress(OSError):
            while data := pipe.source.recv(_PIECE):
                late = _RESEND_SECONDS if self._dice.random() < self._loss else 0.0
                self.relayed += len(data)
                pipe.put(time.monotonic() + self._delay + late, data)
        pipe.put(time.monotonic() + self._delay, b"")

    @staticmethod
    def _give(pipe: _Pipe) -> None:
        with suppress(OSError):
            while True:
                due, data = pipe.get()
                time.sleep(max(0.0, due - time.monotonic()))
                if not data:
                    pipe.target.shutdown(socket.SHUT_WR)
                    return
                pipe.target.sendall(data)


class _Pipe:
    """One direction: pieces with the moments at which they are due."""

    def __init__(self, source: socket.socket, target: socket.socket) -> None:
        self.source = source
        self.target = target
        self._pieces: deque[tuple[float, bytes]] = deque()
        self._bytes = 0
        self._changed = threading.Condition()

    def put(self, due: float, data: bytes) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._bytes < _ON_ITS_WAY, 10)
            self._pieces.append((due, data))
            self._bytes += len(data)
            self._changed.notify_all()

    def get(self) -> tuple[float, bytes]:
        with self._changed:
            self._changed.wait_for(lambda: self._pieces)
            due, data = self._pieces.popleft()
            self._bytes -= len(data)
            self._changed.notify_all()
            return due, data
