"""Statements for many rows straight through the database's driver, and the driver's errors as the ledger's.

SQLAlchemy's own rows and parameters cost as much again as the database does; where there are many, they stay out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from gigya_cheetah_assets.ledger.errors import LedgerBusy, LedgerUnusable

# More cost no less, and a thread that waits for Python's lock waits once a statement.
_ROWS_A_STATEMENT = 200
_STATEMENTS = 20
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


def blobs(values: Iterable[bytes]) -> Iterator[bytearray]:
    """Bytes for many rows: sqlite3 looks for an adapter of each `bytes`, which takes longer than storing it."""
    return map(bytearray, values)


def execute_many(connection: Connection, sql: str, values: Iterable[tuple[object, ...]]) -> None:
    """Runs a statement in the driver's own placeholders for each of many values, without holding them all.

    Raises:
        LedgerUnusable: The database refused.
    """
    with _driver(connection) as cursor:
        cursor.executemany(sql, values)


def insert_many(
    connection: Connection,
    table: str,
    same: Mapping[str, object],
    columns: Sequence[str],
    rows: Iterable[tuple[object, ...]],
    *,
    after: str = "",
) -> None:
    """Inserts many rows; on SQLite several a statement, and what all of them share is handed over once for each.

    That costs half of a statement a row.

    Args:
        connection: The open transaction.
        table: Name of the table.
        same: The columns that have the same value in each row, with that value.
        columns: The other columns.
        rows: As many values each as there are other columns.
        after: What follows the values.

    Raises:
        LedgerUnusable: The database refused.
    """
    insert = f"INSERT INTO {table} ({', '.join((*same, *columns))}) VALUES"
    shared, waiting = tuple(same.values()), iter(rows)
    with _driver(connection) as cursor:
        if connection.dialect.name != "sqlite":
            # PostgreSQL refuses a statement that meets one row twice, and its driver sends them together anyway.
            marks = ", ".join(["%s"] * (len(same) + len(columns)))
            cursor.executemany(f"{insert} ({marks}) {after}", (shared + row for row in waiting))
            return
        while group := list(islice(waiting, _ROWS_A_STATEMENT * _STATEMENTS)):
            full = len(group) - len(group) % _ROWS_A_STATEMENT
            cursor.executemany(
                f"{insert} {_numbered(len(same), len(columns), _ROWS_A_STATEMENT)} {after}",
                [
                    shared + tuple(chain.from_iterable(group[at : at + _ROWS_A_STATEMENT]))
                    for at in range(0, full, _ROWS_A_STATEMENT)
                ],
            )
            one = f"{insert} {_numbered(len(same), len(columns), 1)} {after}"
            cursor.executemany(one, [shared + row for row in group[full:]])


def _numbered(same: int, others: int, rows: int) -> str:
    """SQLite's placeholders of some rows whose first values are the same."""
    shared = [f"?{place}" for place in range(1, same + 1)]
    starts = range(same + 1, same + 1 + rows * others, others)
    return ", ".join(f"({', '.join([*shared, *(f'?{start + n}' for n in range(others))])})" for start in starts)


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
