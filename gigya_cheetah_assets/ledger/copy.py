"""Copies a ledger from one database to another: `python -m gigya_cheetah_assets.ledger.copy SOURCE TARGET`.

For moving from SQLite to PostgreSQL or back; nothing may write the source meanwhile, so its writers are locked out.
"""

from __future__ import annotations

import sys
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.errors import GigyaCheetahError
from gigya_cheetah_assets.ledger.database import Database
from gigya_cheetah_assets.ledger.driver import translated
from gigya_cheetah_assets.ledger.errors import LedgerUnusable
from gigya_cheetah_assets.ledger.tables import mappings, metadata, syncs
from gigya_cheetah_assets.ledger.upgrade import upgrade
from gigya_cheetah_assets.ledger.url import ledger_url

_BATCH = 5_000


def copy_ledger(source_url: str, target_url: str) -> dict[str, int]:
    """Copies everything, in one transaction.

    Returns:
        Rows copied, by table.

    Raises:
        ConfigError: One of the URLs is wrong.
        LedgerUnusable: The target holds a ledger with deliveries already.
        LedgerBusy: Somebody writes one of them.
    """
    source, target = _opened(source_url), _opened(target_url)
    try:
        with source.writing() as reader, target.writing() as writer, translated():
            if writer.execute(sa.select(syncs.c.sync).limit(1)).first() is not None:
                raise LedgerUnusable(
                    "the target of the copy holds a ledger already; wanted an empty one",
                    next_step="name another database, or remove the ledger there",
                )
            copied = {table.name: _copied(reader, writer, table) for table in metadata.sorted_tables}
            if not target.sqlite:
                _continue_numbers(writer)
        return copied
    finally:
        source.close()
        target.close()


def _opened(url: str) -> Database:
    database = Database(ledger_url(url))
    try:
        upgrade(database)
    except BaseException:
        database.close()
        raise
    return database


def _copied(reader: Connection, writer: Connection, table: sa.Table) -> int:
    count = 0
    found = reader.execution_options(yield_per=_BATCH).execute(sa.select(table))
    for part in found.mappings().partitions(_BATCH):
        rows: list[dict[str, Any]] = [dict(row) for row in part]
        writer.execute(table.insert(), rows)
        count += len(rows)
    return count


def _continue_numbers(writer: Connection) -> None:
    # The numbers came with the rows, so PostgreSQL's own counter has not moved yet.
    last = writer.execute(sa.select(sa.func.max(mappings.c.id))).scalar()
    if last is not None:
        sequence = sa.func.pg_get_serial_sequence(mappings.name, "id")
        writer.execute(sa.select(sa.func.setval(sequence, last)))


def main(arguments: list[str]) -> int:
    """The command; the exit code says whether the copy is complete."""
    if len(arguments) != 2:
        print("usage: python -m gigya_cheetah_assets.ledger.copy SOURCE_URL TARGET_URL", file=sys.stderr)
        return 2
    try:
        copied = copy_ledger(*arguments)
    except GigyaCheetahError as error:
        print(error, file=sys.stderr)
        return 1
    for table, count in copied.items():
        print(f"{table}: {count:,} rows")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
