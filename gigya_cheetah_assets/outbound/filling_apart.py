"""Filling the spool of a large scan of accounts in a second process.

Decoding makes millions of Python objects, and only one thread of a process can make them at a time. So while the
second process decodes accounts, this one decodes the other sources and fetches. It gets a field table, a spool's place
and the bytes of pages, nothing else: it knows neither site nor secret, and ends when its pipe ends.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from gigya_cheetah_assets import pace
from gigya_cheetah_assets.mapping import FieldTable, account_decoder
from gigya_cheetah_assets.outbound.filling import Filled, Filling
from gigya_cheetah_assets.outbound.spool import Spool

# Fewer are decoded here in no more time than a second process needs for its start and its work.
LARGE = 150_000
_END = b""


class SecondProcessEnded(Exception):
    """The second process is gone, and what it had put into the spool is worth nothing."""


class FillingApart:
    """Fills a spool with accounts in a second process.

    Args:
        spool: New; only the second process writes it.
        table: The field table whose accounts these are.

    Raises:
        SecondProcessEnded: From any method.
    """

    def __init__(self, spool: Spool, table: FieldTable) -> None:
        self._spool = spool
        self._pipe, theirs = Pipe()
        with theirs:
            command = [sys.executable, "-m", __name__, str(theirs.fileno())]
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stderr=subprocess.DEVNULL)  # noqa: S603 - this very module
        self._send(pickle.dumps((spool, table)))

    @property
    def full(self) -> bool:
        """Whether no more is wanted: large scans are never samples."""
        return False

    def add(self, body: bytes) -> None:
        """Takes a page; waits while the second process is busy with those before."""
        self._send(body)

    def finish(self) -> Filled:
        """All pages are in the spool."""
        self._send(_END)
        try:
            filled: Filled = pickle.loads(self._pipe.recv_bytes())  # noqa: S301 - from the process started here
        except (EOFError, OSError) as error:
            raise SecondProcessEnded from error
        self._spool.rows = filled.rows
        return filled

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pipe.close()
        self._process.kill()
        self._process.wait()

    def _send(self, content: bytes) -> None:
        try:
            self._pipe.send_bytes(content)
        except OSError as error:
            raise SecondProcessEnded from error


def main() -> None:
    """The second process: `python -m gigya_cheetah_assets.outbound.filling_apart DESCRIPTOR`, which is its pipe."""
    with Connection(int(sys.argv[1])) as pipe, suppress(EOFError):
        spool, table = pickle.loads(pipe.recv_bytes())  # noqa: S301 - from the process that started this one
        pace.working()
        with Filling(spool, account_decoder(table)) as filling:
            while body := pipe.recv_bytes():
                filling.add(body)
            pipe.send_bytes(pickle.dumps(filling.finish()))


if __name__ == "__main__":
    main()
