from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
import sqlalchemy as sa

from gigya_cheetah_assets.errors import ConfigError, RetryLater, StopSync
from gigya_cheetah_assets.ledger import Ledger, LedgerBusy, LedgerUnusable
from gigya_cheetah_assets.ledger.tables import releases
from gigya_cheetah_assets.ledger.url import ledger_url
from gigya_cheetah_assets_tests.ledger.people import SHAPE, Person, deliver, frame


def test_the_ledger_lies_in_the_data_folder_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GIGYA_CHEETAH_LEDGER", raising=False)
    monkeypatch.setenv("GIGYA_CHEETAH_DATA", str(tmp_path / "not" / "there yet"))
    with Ledger.open():
        file = tmp_path / "not" / "there yet" / "ledger.sqlite"
        assert file.stat().st_mode & 0o777 == 0o600


def test_the_variable_names_another_database(tmp_path: Path) -> None:
    there = f"sqlite:///{tmp_path}/other.sqlite"
    assert ledger_url(None, {"GIGYA_CHEETAH_LEDGER": there}).database == f"{tmp_path}/other.sqlite"
    assert ledger_url("sqlite:////given", {"GIGYA_CHEETAH_LEDGER": there}).database == "/given"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2"])
def test_postgresql_is_always_spoken_through_psycopg(scheme: str) -> None:
    assert ledger_url(f"{scheme}://user@db.example.org/ledger").drivername == "postgresql+psycopg"


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://u:geheim@db/x", "geheim"])
def test_a_url_that_cannot_hold_a_ledger_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        ledger_url(url)
    assert "GIGYA_CHEETAH_LEDGER" in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerUnusable, match=r"file/ledger\.sqlite"):
        Ledger.open(f"sqlite:///{tmp_path}/file/ledger.sqlite")


def test_a_server_that_is_away_is_worth_another_try(tmp_path: Path) -> None:
    with pytest.raises(LedgerBusy) as away:
        Ledger.open(f"postgresql://tester@/postgres?host={tmp_path}")
    assert isinstance(away.value, RetryLater)


def test_sqlite_is_safe_against_a_power_cut_and_open_to_readers(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path}/l.sqlite") as ledger, ledger._database.reading() as connection:
        pragmas = ("journal_mode", "synchronous", "foreign_keys")
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas]
    assert found == ["wal", 2, 1]


def test_a_second_writer_of_a_sync_is_told_to_come_later(url: str) -> None:
    with Ledger.open(url) as first, Ledger.open(url, busy_seconds=0.2) as second, first.writing("acme"):
        deliver(first, Person("u1"), window="w1")
        with pytest.raises(LedgerBusy, match="acme") as busy:
            second.record("acme", "w2", [frame(Person("u2"))], shape=SHAPE, mapping_version="1")
        assert isinstance(busy.value, RetryLater)
        # Reading is free all the while.
        assert second.baseline("acme", pa.array(["u1"]), window="w2").known_count == 0
    with Ledger.open(url) as third:
        assert third.population("acme") == 1


def test_on_postgresql_another_sync_need_not_wait(empty_postgres: str) -> None:
    url = empty_postgres
    with Ledger.open(url) as first, Ledger.open(url, busy_seconds=0.2) as second, first.writing("one"):
        deliver(first, Person("u1"), window="w1", sync="one")
        deliver(second, Person("u1"), window="w1", sync="two")
        second.release("one", "w1", "volume")
        assert (second.revision("two"), second.is_released("one", "w1", "volume")) == (1, True)


def test_the_lock_goes_with_the_process_that_held_it(url: str) -> None:
    code = (
        "import sys, time; from gigya_cheetah_assets.ledger import Ledger\n"
        "with Ledger.open(sys.argv[1]) as ledger, ledger.writing('acme'):\n"
        "    print('held', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, url], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.kill()
    with Ledger.open(url, busy_seconds=10) as ledger:
        deliver(ledger, Person("u1"), window="w1")
        assert ledger.revision("acme") == 1


def test_a_full_disk_stops_and_records_nothing(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path}/l.sqlite") as ledger:

        def small(connection: object, _record: object, _proxy: object) -> None:
            connection.execute("PRAGMA max_page_count = 20")  # type: ignore[attr-defined] # SQLite's own connection

        sa.event.listen(ledger._database.engine, "checkout", small)
        people = [Person(f"u{i}", name="x" * 1000) for i in range(1000)]
        with pytest.raises(LedgerUnusable, match="full") as full:
            deliver(ledger, *people, window="w1")
        assert isinstance(full.value, StopSync)
        assert ledger.revision("acme") == 0


def test_no_value_of_a_row_stands_in_an_error(url: str) -> None:
    with Ledger.open(url) as ledger, ledger._database.writing() as connection:
        connection.exec_driver_sql("DROP TABLE ledger_mappings" + (" CASCADE" if "postgres" in url else ""))
    with Ledger.open(url) as ledger:
        with pytest.raises(LedgerUnusable) as refused:
            deliver(ledger, Person("u1", "secret@example.org"), window="secret-window")
        assert "secret" not in str(refused.value)
        assert refused.value.__suppress_context__


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError, match="psycopg") as missing:
        Ledger.open("postgresql://user@db.example.org/ledger")
    assert "[postgres]" in str(missing.value)


@pytest.fixture
def traced(tmp_path: Path) -> Iterator[tuple[Ledger, list[str]]]:
    """A ledger on SQLite, and the statements that it runs from now on."""
    statements: list[str] = []

    def trace(connection: object, *_rest: object) -> None:
        connection.set_trace_callback(statements.append)  # type: ignore[attr-defined] # SQLite's own connection

    with Ledger.open(f"sqlite:///{tmp_path}/l.sqlite") as ledger:
        sa.event.listen(ledger._database.engine, "checkout", trace)
        yield ledger, statements


def test_an_empty_ledger_costs_one_small_query_a_batch(traced: tuple[Ledger, list[str]]) -> None:
    ledger, statements = traced
    ledger.baseline("acme", pa.array([f"u{i}" for i in range(1000)]), window="w1")
    assert len([s for s in statements if s.startswith("SELECT") and "FROM ledger_syncs" in s.replace("\n", "")]) == 1
    assert not [s for s in statements if "ledger_agreed" in s]


def test_many_neighbours_are_one_scan_and_few_people_are_looked_up(traced: tuple[Ledger, list[str]]) -> None:
    ledger, statements = traced
    rows = frame(*(Person(f"u{i}") for i in range(1200)))
    ledger.record("acme", "w1", [rows], shape=SHAPE, mapping_version="1")
    statements.clear()
    ledger.baseline("acme", rows["GIGYA_UID"], window="w2")
    ledger.baseline("acme", pa.array(["u5", "u500", "u1000"]), window="w2")
    scan, look_up = (s for s in statements if "FROM ledger_agreed" in s)
    assert "BETWEEN" in scan
    assert "slot IN" in look_up


def test_a_large_first_delivery_does_not_stay_in_memory_until_it_is_committed(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    with Ledger.open(f"sqlite:///{file}") as ledger, ledger._database.writing() as connection:
        for number in range(60):
            release = {"sync": "acme", "window": f"{number:0>1000000}", "check_name": "volume", "released_at": 0}
            connection.execute(sa.insert(releases).values(release))
        assert file.with_name("ledger.sqlite-wal").stat().st_size > 10_000_000
