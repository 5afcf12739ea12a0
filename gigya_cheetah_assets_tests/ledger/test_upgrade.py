from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from gigya_cheetah_assets.ledger import Ledger, LedgerTooNew, LedgerUnusable, tables
from gigya_cheetah_assets_tests.ledger.people import T0, Person, deliver

MIGRATIONS = Path(tables.__file__).parent / "migrations"
FIRST_TABLES = ("ledger_syncs", "ledger_mappings", "ledger_agreed", "ledger_deliveries", "ledger_releases")


def set_version(url: str, version: str) -> None:
    with Ledger.open(url) as ledger, ledger._database.writing() as connection:
        connection.execute(sa.text("UPDATE ledger_version SET version_num = :version"), {"version": version})


def test_the_migrations_make_the_tables_that_the_code_knows(url: str) -> None:
    with Ledger.open(url) as ledger, ledger._database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": tables.VERSION_TABLE})
        assert compare_metadata(context, tables.metadata) == []


def test_the_newest_migration_is_the_version_of_the_code() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [tables.VERSION]


def test_a_ledger_of_a_newer_version_is_refused(url: str) -> None:
    set_version(url, "0999")
    with pytest.raises(LedgerTooNew, match=r"0999.*up to 0003"):
        Ledger.open(url)


def test_a_ledger_of_a_version_that_nobody_knows_is_refused(url: str) -> None:
    set_version(url, "a_branch")
    with pytest.raises(LedgerTooNew, match="a_branch"):
        Ledger.open(url)


def test_a_ledger_is_there_again_when_it_is_opened_again(url: str) -> None:
    with Ledger.open(url) as ledger:
        deliver(ledger, Person("u1"), window="w1")
    with Ledger.open(url) as ledger:
        assert ledger.population("acme") == 1


def test_a_ledger_of_the_first_version_grows_into_this_one(url: str) -> None:
    with Ledger.open(url) as ledger:
        deliver(ledger, Person("u1", news="opt_in"), window="w1")
        with ledger._database.writing() as connection:
            names = [table.name for table in tables.metadata.sorted_tables]
            for name in [name for name in names if name not in FIRST_TABLES]:
                connection.execute(sa.text(f"DROP TABLE {name}"))
            connection.execute(sa.text("UPDATE ledger_version SET version_num = '0001'"))
    with Ledger.open(url) as ledger:
        assert ledger.population("acme") == 1
        deliver(ledger, Person("u1", news="opt_out", updated=T0 + 1), window="w2")
        assert [(e.before, e.after) for _, _, e in ledger.consents_of("acme", "u1")] == [("opt_in", "opt_out")]


def test_processes_that_open_a_new_ledger_at_once_do_not_race(url: str) -> None:
    code = "import sys; from gigya_cheetah_assets.ledger import Ledger; Ledger.open(sys.argv[1]).close()"
    running = [subprocess.Popen([sys.executable, "-c", code, url], stderr=subprocess.PIPE, text=True) for _ in range(4)]
    errors = [process.communicate(timeout=60)[1] for process in running]
    assert ([process.returncode for process in running], errors) == ([0] * 4, [""] * 4)
    with Ledger.open(url) as ledger:
        assert ledger.revision("acme") == 0


def test_opening_a_current_ledger_does_not_load_alembic(url: str) -> None:
    Ledger.open(url).close()
    code = (
        "import sys; from gigya_cheetah_assets.ledger import Ledger; "
        "Ledger.open(sys.argv[1]).close(); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, url], check=False).returncode == 0


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    file.write_bytes(b"something else entirely, and long enough to have a header of its own. " * 30)
    before = file.read_bytes()
    with pytest.raises(LedgerUnusable, match="not a database"):
        Ledger.open(f"sqlite:///{file}")
    assert file.read_bytes() == before
