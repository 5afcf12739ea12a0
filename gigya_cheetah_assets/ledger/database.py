"""How the ledger's database is opened, locked and read; which tables it has is not known here.

SQLite (in WAL mode: readers never wait) and PostgreSQL (through psycopg) are supported.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection

from gigya_cheetah_assets.errors import ConfigError
from gigya_cheetah_assets.ledger.driver import is_sqlite_busy, plain, translated
from gigya_cheetah_assets.ledger.errors import LedgerBusy, LedgerUnusable
from gigya_cheetah_assets.ledger.url import LEDGER_VARIABLE

_WRITE = "gigya_cheetah_write"
_CACHE_KIB = 32_768
_PAGE_BYTES = 16_384


class Database:
    """One ledger's database.

    Args:
        url: As `ledger_url` gives it.
        busy_seconds: How long a writer waits for another one.

    Raises:
        ConfigError: The driver is not installed.
        LedgerUnusable: The file cannot be created, or is no database.
    """

    def __init__(self, url: URL, *, busy_seconds: float = 30.0) -> None:
        self.sqlite = url.get_backend_name() == "sqlite"
        self.mark = "?" if self.sqlite else "%s"
        self._busy_seconds = busy_seconds
        try:
            self.engine = sa.create_engine(url, hide_parameters=True, connect_args=self._connect_args())
        except ImportError:
            raise ConfigError(
                ["ledger URL: PostgreSQL is spoken through psycopg, which is not installed here"],
                next_step="pip install 'gigya-cheetah-assets[postgres]'",
            ) from None
        if self.sqlite:
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin_sqlite)
            self._create_file(Path(str(url.database)))

    def _connect_args(self) -> dict[str, Any]:
        # isolation_level None: transactions begin where _begin_sqlite says, not at the first write.
        return {"timeout": self._busy_seconds, "isolation_level": None} if self.sqlite else {"connect_timeout": 10}

    def _create_file(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # It holds addresses and consents: nobody else on this machine needs to read it.
            path.touch(mode=0o600, exist_ok=True)
        except OSError as error:
            raise LedgerUnusable(
                f"the ledger {path} cannot be created: {error.strerror}",
                next_step="check the folder that GIGYA_CHEETAH_DATA names, its owner and its space",
            ) from error
        try:
            with self._connected() as connection, translated():
                self._switch_to_wal(connection.connection.driver_connection, path)
        except BaseException:
            self.close()
            raise

    def _switch_to_wal(self, raw: Any, path: Path) -> None:
        deadline = time.monotonic() + self._busy_seconds
        # SQLite's own waiting does not cover this switch; a second process may be doing the same right now.
        while True:
            try:
                if raw.execute("PRAGMA journal_mode = WAL").fetchone()[0] == "wal":
                    return
            except raw.OperationalError as error:
                if not is_sqlite_busy(error) or time.monotonic() > deadline:
                    raise plain(error) from None
                time.sleep(0.02)
            except raw.DatabaseError as error:
                raise plain(error) from None
            else:
                raise LedgerUnusable(
                    f"the ledger {path} cannot be switched to SQLite's WAL mode, as on a network drive",
                    next_step=f"keep it on a local disk, or set {LEDGER_VARIABLE} to a PostgreSQL database",
                )

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        with translated():
            connection = self.engine.connect()
        # Closing it undoes what was not committed.
        with connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that reads one consistent state; never waits for writers."""
        with self._connected() as connection:
            with translated():
                connection.begin()
                if not self.sqlite:
                    # Else each statement would see what others have committed meanwhile.
                    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield connection

    @contextmanager
    def writing(self, lock: str | None = None) -> Iterator[Connection]:
        """A transaction that writes; committed at the end, undone by any exception, gone with the process.

        SQLite has one writer at a time for the whole file; on PostgreSQL `lock` names what is locked.

        Raises:
            LedgerBusy: Another writer did not finish in time.
        """
        with self._connected() as reader:
            connection = reader.execution_options(**{_WRITE: True})
            with translated(lock or ""):
                transaction = connection.begin()
                self._lock(connection, lock)
            yield connection
            with translated(lock or ""):
                transaction.commit()

    def _lock(self, connection: Connection, lock: str | None) -> None:
        if self.sqlite or lock is None:
            return
        name = blake2b(f"gigya-cheetah-assets {lock}".encode(), digest_size=8).digest()
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {max(1, int(self._busy_seconds * 1000))}")
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(int.from_bytes(name, signed=True))))

    def compact(self) -> None:
        """Writes an SQLite file anew, so that nothing that was deleted can be read from its free pages or its log.

        PostgreSQL does that by itself, in its own time.

        Raises:
            LedgerBusy: Somebody reads or writes and did not finish in time.
        """
        if not self.sqlite:
            return
        with self._connected() as connection:
            raw: Any = connection.connection.driver_connection
            try:
                raw.execute("VACUUM")
                busy = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            except raw.Error as error:
                raise plain(error) from None
        if busy:
            raise LedgerBusy(
                "the ledger's log still holds what was deleted, since somebody reads it",
                next_step="wait until no run is under way, then do it again",
            )

    def close(self) -> None:
        """Closes all connections."""
        self.engine.dispose()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Takes effect in an empty file only; larger pages make both the scan and the first load cheaper. Before the size of
    # the cache, which else counts for nothing: a first load would be held in memory as a whole.
    connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    connection.execute("PRAGMA foreign_keys = ON")
    # FULL: a recorded delivery survives a power cut; it costs one fsync a transaction.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at the start: one that turns from reader to writer cannot wait for another.
    immediate = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
