from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from gigya_cheetah_assets.ledger import ConsentEntry, Ledger, LedgerTooNew, LedgerUnusable, tables
from gigya_cheetah_assets.ledger.database import Database
from gigya_cheetah_assets.ledger.url import ledger_url
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
    with pytest.raises(LedgerTooNew, match=f"0999.*up to {tables.VERSION}"):
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
            connection.execute(sa.text("ALTER TABLE ledger_syncs DROP COLUMN site"))
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


def ledger_of_version(url: str, version: str, way: Callable[[Config, str], None] = command.upgrade) -> None:
    """A ledger as an earlier version of this project left it; one that is newer has to go back."""
    database = Database(ledger_url(url))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    with database.writing() as connection:
        config.attributes["connection"] = connection
        way(config, version)
    database.close()


def versions() -> list[str]:
    """All versions, the oldest first."""
    found = ScriptDirectory(str(MIGRATIONS)).walk_revisions()
    return [script.revision for script in found][::-1]


@pytest.mark.parametrize("version", versions()[:-1])
def test_a_ledger_of_each_earlier_version_keeps_its_people_and_gets_the_newest_tables(url: str, version: str) -> None:
    with Ledger.open(url) as ledger:
        deliver(ledger, Person("u1", news="opt_in"), window="w1")
        (found,) = ledger.baseline("acme", pa.array(["u1"]), window="w2").cells("FNAME").to_pylist()
    first = [tables.metadata.tables[name] for name in FIRST_TABLES]
    with Ledger.open(url) as ledger, ledger._database.reading() as connection:
        kept = {table: [row._asdict() for row in connection.execute(sa.select(table))] for table in first}
    empty(url)
    ledger_of_version(url, version)
    database = Database(ledger_url(url))
    with database.writing() as connection:
        for table, rows in kept.items():
            for row in rows:
                # Columns that came later are empty.
                told = {name: value for name, value in row.items() if value is not None}
                connection.execute(table.insert().values(**told))
    database.close()
    with Ledger.open(url) as ledger:
        assert ledger.population("acme") == 1
        assert ledger.baseline("acme", pa.array(["u1"]), window="w2").cells("FNAME").to_pylist() == [found]
        with ledger._database.reading() as connection:
            context = MigrationContext.configure(connection, opts={"version_table": tables.VERSION_TABLE})
            assert compare_metadata(context, tables.metadata) == []


def empty(url: str) -> None:
    """Nothing is left of a ledger but its database."""
    engine = sa.create_engine(url)
    tables.metadata.drop_all(engine)
    with engine.begin() as connection:
        connection.execute(sa.schema.DropTable(sa.Table(tables.VERSION_TABLE, sa.MetaData())))
    engine.dispose()


def log_as_before(url: str, uids: list[str]) -> bytes:
    """Writes a consent log whose chain covers UIDs; gives its last hash."""
    ledger_of_version(url, "0003")
    previous = sha256(b"gigya-cheetah consent log of acme").digest()
    database = Database(ledger_url(url))
    insert = (
        "INSERT INTO ledger_consent_log (sync, seq, logged_at, uid, subscription, after, side, source, rule, hash)"
        " VALUES ('acme', :seq, 7, :uid, 'NEWS', 'opt_in', 'gigya', 'w1', 'outbound_delivery', :hash)"
    )
    with database.writing() as connection:
        for seq, uid in enumerate(uids, start=1):
            text = f"{seq};7;{len(uid)};{uid};NEWS;None;opt_in;None;gigya;2;w1;None;outbound_delivery"
            previous = sha256(previous + text.encode()).digest()
            connection.execute(sa.text(insert), {"seq": seq, "uid": uid, "hash": previous})
        head = {"seq": len(uids), "hash": previous}
        connection.execute(sa.text("INSERT INTO ledger_consent_heads VALUES ('acme', :seq, :hash)"), head)
    database.close()
    return previous


def test_a_log_of_uids_becomes_one_of_keyed_hashes_and_still_holds(url: str) -> None:
    last = log_as_before(url, ["u1", "ü2", "u1"])
    with Ledger.open(url) as ledger:
        assert ledger.verify_consents("acme") is None
        assert [(row.seq, row.entry.uid) for row in ledger.consents_of("acme", "u1")] == [(1, "u1"), (3, "u1")]
        ledger.log_consents("acme", [ConsentEntry("u1", "NEWS", "opt_in", "opt_out", None, "gigya", "w2", None, "r")])
        assert (ledger.verify_consents("acme"), ledger.consent_count("acme")) == (None, 4)
        with ledger._database.reading() as connection:
            older = connection.execute(sa.text("SELECT older_seq, older_hash FROM ledger_consent_heads")).one()
    assert (older[0], bytes(older[1])) == (3, last)


@pytest.mark.parametrize(
    ("tampering", "seq"),
    [
        ("UPDATE ledger_consent_log SET after = 'opt_out' WHERE seq = 2", 2),
        ("DELETE FROM ledger_consent_log WHERE seq = 2", 2),
        ("DELETE FROM ledger_consent_log WHERE seq = 3", 3),
    ],
)
def test_a_log_that_was_broken_before_the_upgrade_is_broken_at_the_same_row_after_it(
    url: str, tampering: str, seq: int
) -> None:
    log_as_before(url, ["u1", "u2", "u3"])
    database = Database(ledger_url(url))
    with database.writing() as connection:
        connection.execute(sa.text(tampering))
    database.close()
    with Ledger.open(url) as ledger:
        found = ledger.verify_consents("acme")
    assert found is not None
    assert found.seq == seq
