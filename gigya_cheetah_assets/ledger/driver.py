"""Statements for many rows straight through the database's driver, and the driver's errors as the ledger's.

SQLAlchemy's own rows and parameters cost as much again as the database does; where there are many, they stay out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from gigya_cheetah_assets.ledger.errors import LedgerBusy, LedgerUnusable

_ROWS_A_STATEMENT = 40
_STATEMENTS = 100
_SQLITE_BUSY = (5, 6)
# PostgreSQL: lock not available, serialization failure, deadlock.
_POSTGRES_BUSY = ("55P03", "40001", "40P01")
# PostgreSQL: server going up or down, connection trouble, too many connections.
_POSTGRES_AWAY = ("57P0", "08", "53300")


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


def insert_many(connection: Connection, insert: str, rows: Iterable[tuple[object, ...]], *, after: str = "") -> None:
    """Inserts many rows; on SQLite several a statement, which costs a third less.

    Args:
        connection: The open transaction.
        insert: The statement up to and with VALUES.
        rows: As many values each as columns are named.
        after: What follows the values.

    Raises:
        LedgerUnusable: The database refused.
    """
    sqlite = connection.dialect.name == "sqlite"
    # PostgreSQL refuses a statement that meets one row twice, and its driver sends them together anyway.
    size, mark = (_ROWS_A_STATEMENT, "?") if sqlite else (1, "%s")
    waiting = iter(rows)
    with _driver(connection) as cursor:
        while group := list(islice(waiting, size * _STATEMENTS)):
            full = len(group) - len(group) % size
            values = f"({', '.join([mark] * len(group[0]))})"
            several = f"{insert} {', '.join([values] * size)} {after}"
            cursor.executemany(
                several, [tuple(chain.from_iterable(group[at : at + size])) for at in range(0, full, size)]
            )
            cursor.executemany(f"{insert} {values} {after}", group[full:])


@contextmanager
def _driver(connection: Connection) -> Iterator[Any]:
    errors: type[Exception] = connection.dialect.loaded_dbapi.Error
    cursor = connection.connection.cursor()
    try:
        yield cursor
    except errors as error:
        raise plain(error) from None
    finally:
        cursor.close()


@contextmanager
def translated(sync: str = "") -> Iterator[None]:
    """Turns the database's errors into the ledger's; without their detail, which may carry values of rows."""
    try:
        yield
    except DBAPIError as error:
        raise plain(error.orig, sync) from None


def plain(error: BaseException | None, sync: str = "") -> LedgerBusy | LedgerUnusable:
    """The ledger's error for one of the driver's."""
    state = getattr(error, "sqlstate", None) or ""
    sqlite_code = getattr(error, "sqlite_errorcode", None)
    kind = type(error).__name__
    if state in _POSTGRES_BUSY or is_sqlite_busy(error):
        return _busy(sync)
    # An operational error names the disk, the server or the file; others may quote a value.
    first_line = str(error).strip().partition("\n")[0] if kind == "OperationalError" or sqlite_code else ""
    text = f"the ledger's database refused: {' '.join(part for part in (kind, state, first_line) if part)}"
    if state.startswith(_POSTGRES_AWAY) or (kind == "OperationalError" and not state and sqlite_code is None):
        return LedgerBusy(text, next_step="check that the database server runs and is reachable")
    return LedgerUnusable(text, next_step="see docs/ledger.md: space, rights, back-up")


def is_sqlite_busy(error: BaseException | None) -> bool:
    """Whether SQLite only wants to be asked again."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _SQLITE_BUSY


def _busy(sync: str) -> LedgerBusy:
    which = f" of sync {sync}" if sync else ""
    return LedgerBusy(
        f"the ledger{which} is being written by another run and did not become free in time",
        next_step="let the other run finish, then run this step again",
    )
