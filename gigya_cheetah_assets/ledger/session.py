"""Who reads and who writes the ledger now: the lock of a sync's writers, and the one transaction that it spans."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.database import Database
from gigya_cheetah_assets.ledger.driver import translated
from gigya_cheetah_assets.ledger.errors import LedgerUnusable


class Session:
    """Hands out connections: to the thread that holds the lock the one that holds it, else a new one.

    So whoever holds the lock sees what it has recorded itself, though nobody else does yet.

    Args:
        database: The ledger's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._own = threading.local()

    @property
    def _held(self) -> tuple[str, Connection] | None:
        """The sync whose lock this thread holds, and the connection that holds it."""
        held: tuple[str, Connection] | None = getattr(self._own, "held", None)
        return held

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that reads one consistent state."""
        if self._held is not None:
            with translated():
                yield self._held[1]
            return
        with self._database.reading() as connection, translated():
            yield connection

    @contextmanager
    def locked(self, sync: str) -> Iterator[Connection]:
        """Holds the lock of a sync's writers; committed at the end, undone by any exception.

        Raises:
            LedgerBusy: Another run holds it and did not let go in time.
            LedgerUnusable: This thread holds one already.
        """
        if self._held is not None:
            raise LedgerUnusable(
                f"the lock of sync {self._held[0]} is held already; wanted that of {sync}",
                next_step="hold one lock at a time",
            )
        with self._database.writing(sync) as connection:
            self._own.held = (sync, connection)
            try:
                yield connection
            finally:
                self._own.held = None

    @contextmanager
    def writing(self, sync: str) -> Iterator[Connection]:
        """Takes part in the transaction of the lock if this sync's is held, else takes the lock itself."""
        if self._held is not None and self._held[0] == sync:
            with translated(sync):
                yield self._held[1]
            return
        with self.locked(sync) as connection, translated(sync):
            yield connection

    @contextmanager
    def noting(self, sync: str) -> Iterator[Connection]:
        """A small write beside the rows, which needs no lock of the sync."""
        if self._held is not None:
            with translated(sync):
                yield self._held[1]
            return
        with self._database.writing() as connection, translated(sync):
            yield connection
