"""Brings a ledger to the version of this code, once, whoever opens it first; refuses one that is newer."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.database import Database
from gigya_cheetah_assets.ledger.driver import translated
from gigya_cheetah_assets.ledger.errors import LedgerTooNew
from gigya_cheetah_assets.ledger.tables import VERSION, VERSION_TABLE

_LOCK = "(all, upgrade of the tables)"


def upgrade(database: Database) -> None:
    """Runs the migrations that are missing, in one transaction; a ledger of this version costs one query.

    Raises:
        LedgerTooNew: A newer version of this project wrote it.
        LedgerBusy: Another process upgrades it and did not finish in time.
    """
    with database.reading() as connection:
        if _is_current(connection):
            return
    with database.writing(_LOCK) as connection, translated():
        # Who waited for the lock finds the work done.
        if not _is_current(connection):
            _migrate(connection)


def _is_current(connection: Connection) -> bool:
    stored = _stored_version(connection)
    if stored is not None and (not stored.isdigit() or int(stored) > int(VERSION)):
        raise LedgerTooNew(
            f"the ledger has version {stored}, this program knows versions up to {VERSION}",
            next_step="install the newer gigya-cheetah-assets again, or restore the back-up made before it",
        )
    return stored == VERSION


def _stored_version(connection: Connection) -> str | None:
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    version: str | None = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()  # noqa: S608 - the name is a constant
    return version


def _migrate(connection: Connection) -> None:
    # Imported here: a ledger that is current, the usual case, does not pay for it.
    from alembic import command  # noqa: PLC0415 - start-up time
    from alembic.config import Config  # noqa: PLC0415 - start-up time

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
