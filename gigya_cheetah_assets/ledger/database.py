"""Where the ledger lives and how its database is opened, locked and read; which tables it has is not known here.

SQLite (in WAL mode: readers never wait) and PostgreSQL (through psycopg) are supported.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import ArgumentError, DBAPIError

from gigya_cheetah_assets.config import data_folder
from gigya_cheetah_assets.errors import ConfigError
from gigya_cheetah_assets.ledger.errors import LedgerBusy, LedgerUnusable

LEDGER_VARIABLE = "GIGYA_CHEETAH_LEDGER"
_WRITE = "gigya_cheetah_write"
_CACHE_KIB = 32_768
_PAGE_BYTES = 16_384
_SQLITE_BUSY = (5, 6)
# PostgreSQL: lock not available, serialization failure, deadlock.
_POSTGRES_BUSY = ("55P03", "40001", "40P01")
# PostgreSQL: server going up or down, connection trouble, too many connections.
_POSTGRES_AWAY = ("57P0", "08", "53300")


def ledger_url(url: str | None = None, environ: Mapping[str, str] | None = None) -> URL:
    """The given URL, else `GIGYA_CHEETAH_LEDGER`, else `ledger.sqlite` in the data folder.

    Raises:
        ConfigError: It is no URL, names another kind of database, or a database in memory.
    """
    known = os.environ if environ is None else environ
    text = url or known.get(LEDGER_VARIABLE) or ""
    if not text:
        return URL.create("sqlite", database=str((data_folder(known) / "ledger.sqlite").absolute()))
    try:
        made = sa.make_url(text)
    except ArgumentError:
        raise _wrong_url("expected a SQLAlchemy URL") from None
    kind = made.get_backend_name()
    if kind in ("postgresql", "postgres"):
        return made.set(drivername="postgresql+psycopg")
    if kind != "sqlite":
        raise _wrong_url(f"expected sqlite or postgresql, found {kind}")
    if made.database in (None, "", ":memory:"):
        raise _wrong_url("expected a file: a ledger in memory would forget every opt-out")
    return made


def _wrong_url(problem: str) -> ConfigError:
    # The URL may hold a password, so it is not repeated here.
    example = "postgresql://user@host/database or sqlite:////folder/ledger.sqlite"
    return ConfigError([f"ledger URL: {problem}"], next_step=f"set {LEDGER_VARIABLE} to {example}")


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
                # Takes effect in an empty file only; larger pages make both the scan and the first load cheaper.
                raw.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
                if raw.execute("PRAGMA journal_mode = WAL").fetchone()[0] == "wal":
                    return
            except raw.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in _SQLITE_BUSY or time.monotonic() > deadline:
                    raise _plain(error, "") from None
                time.sleep(0.02)
            except raw.DatabaseError as error:
                raise _plain(error, "") from None
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

    def close(self) -> None:
        """Closes all connections."""
        self.engine.dispose()


def fetch(connection: Connection, sql: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
    """All rows of a statement in the driver's own placeholders and tuples, which cost half of SQLAlchemy's.

    Raises:
        LedgerUnusable: The database refused.
    """
    with _driver(connection) as cursor:
        cursor.execute(sql, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def execute_many(connection: Connection, sql: str, values: Iterable[tuple[object, ...]]) -> None:
    """Runs a statement in the driver's own placeholders for each of many values, without holding them all.

    Raises:
        LedgerUnusable: The database refused.
    """
    with _driver(connection) as cursor:
        cursor.executemany(sql, values)


@contextmanager
def _driver(connection: Connection) -> Iterator[Any]:
    errors: type[Exception] = connection.dialect.loaded_dbapi.Error
    cursor = connection.connection.cursor()
    try:
        yield cursor
    except errors as error:
        raise _plain(error, "") from None
    finally:
        cursor.close()


@contextmanager
def translated(sync: str = "") -> Iterator[None]:
    """Turns the database's errors into the ledger's; without their detail, which may carry values of rows."""
    try:
        yield
    except DBAPIError as error:
        raise _plain(error.orig, sync) from None


def _plain(error: BaseException | None, sync: str) -> LedgerBusy | LedgerUnusable:
    state = getattr(error, "sqlstate", None) or ""
    sqlite_code = getattr(error, "sqlite_errorcode", None)
    kind = type(error).__name__
    if state in _POSTGRES_BUSY or (sqlite_code is not None and sqlite_code & 0xFF in _SQLITE_BUSY):
        return _busy(sync)
    # An operational error names the disk, the server or the file; others may quote a value.
    first_line = str(error).strip().partition("\n")[0] if kind == "OperationalError" or sqlite_code else ""
    text = f"the ledger's database refused: {' '.join(part for part in (kind, state, first_line) if part)}"
    if state.startswith(_POSTGRES_AWAY) or (kind == "OperationalError" and not state and sqlite_code is None):
        return LedgerBusy(text, next_step="check that the database server runs and is reachable")
    return LedgerUnusable(text, next_step="see docs/ledger.md: space, rights, back-up")


def _busy(sync: str) -> LedgerBusy:
    which = f" of sync {sync}" if sync else ""
    return LedgerBusy(
        f"the ledger{which} is being written by another run and did not become free in time",
        next_step="let the other run finish, then run this step again",
    )


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    # FULL: a recorded delivery survives a power cut; it costs one fsync a transaction.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at the start: one that turns from reader to writer cannot wait for another.
    immediate = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
