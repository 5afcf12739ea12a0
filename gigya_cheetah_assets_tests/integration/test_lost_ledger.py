"""A ledger that was lost, or is an old back-up, stops what would be delivered by it until a person says so."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.outbound.window import window_of
from gigya_cheetah_assets.sandbox import Sandbox
from gigya_cheetah_assets_tests.integration.reading import failure
from gigya_cheetah_assets_tests.integration.runs import FIRST, PEOPLE, Runs, runs

SECOND, THIRD, FOURTH = "2026-03-02", "2026-03-03", "2026-03-04"


@pytest.fixture
def outbound(tmp_path: Path) -> Iterator[Runs]:
    with Sandbox(tmp_path / "sandbox", PEOPLE) as sandbox, runs(sandbox, tmp_path / "run") as made:
        assert made.run(FIRST).success
        yield made


def release(outbound: Runs, key: str) -> None:
    with Ledger.open() as ledger:
        ledger.release("sandbox", window_of(outbound.sync.windows, key, now=datetime.now(UTC)).stamp, "ledger")


def test_an_old_back_up_stops_until_it_is_released_once(outbound: Runs, tmp_path: Path) -> None:
    ledger = outbound.folder / "data" / "ledger.sqlite"
    with closing(sqlite3.connect(ledger)) as source, closing(sqlite3.connect(tmp_path / "back-up")) as backup:
        source.backup(backup)
    assert outbound.run(SECOND).success
    for path in ledger.parent.glob("ledger.sqlite*"):
        path.unlink()
    shutil.copy(tmp_path / "back-up", ledger)
    before = outbound.files()
    stopped = outbound.run(THIRD)
    assert "the ledger is at revision 1, and 2 was recorded before" in failure(stopped)
    assert f"gigya-cheetah release sandbox {THIRD} ledger" in failure(stopped)
    assert outbound.files() == before
    release(outbound, THIRD)
    assert outbound.run(THIRD).success
    assert outbound.run(FOURTH).success


def test_a_lost_ledger_is_known_by_the_history_of_runs(outbound: Runs) -> None:
    shutil.rmtree(outbound.folder / "data")
    assert "the ledger is at revision 0, and 1 was recorded before" in failure(outbound.run(SECOND))


def test_a_machine_that_lost_everything_finds_its_traces_in_the_staging(outbound: Runs) -> None:
    before = outbound.files()
    with runs(outbound.sandbox, outbound.folder / "new", staging=outbound.content["staging"]) as afresh:
        assert "files of ours lie in the staging" in failure(afresh.run(SECOND))
        release(afresh, SECOND)
        assert afresh.run(SECOND).success
    assert outbound.files().keys() >= before.keys()
