"""An inbound file whose run was killed at any point and run again leaves what an undisturbed run leaves."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from gigya_cheetah_assets.inbound.inbox import look
from gigya_cheetah_assets.inbound.take import state_of
from gigya_cheetah_assets.ledger import Ledger, ParkedOptOut
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.sandbox import Sandbox
from gigya_cheetah_assets.staging import open_staging
from gigya_cheetah_assets.store import steps
from gigya_cheetah_assets_tests.integration.runs import FIRST, PEOPLE, runs
from gigya_cheetah_assets_tests.integration.sync_content import sync_content
from gigya_cheetah_assets_tests.integration.test_inbound_files import INBOUND, UNSUBS, Inbound, person, unsub

SIGKILLED = -9
POINTS = 4
# What Gigya stamps by its own clock.
STAMPS = {"lastUpdated", "lastUpdatedTimestamp", "lastUpdatedSubscriptionState", "emailAccountUpdated"}


@dataclass
class World:
    """A site and a data folder that were copied from a common start."""

    folder: Path

    def run(self, process: subprocess.Popen[str], partition: str, *kills: dict[str, Any]) -> list[dict[str, Any]]:
        """Runs the file as often as there are `kills`, each time in a process of its own.

        A run is killed at the `step` or `event` that its item names, if it names one.
        """
        with Sandbox(self.folder / "sandbox", PEOPLE) as sandbox:
            syncs = self.folder / "syncs"
            syncs.mkdir(exist_ok=True)
            content = sync_content(sandbox, self.folder / "run", inbound_files=INBOUND)
            (syncs / "sandbox.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
            own = {"GIGYA_CHEETAH_SYNCS": str(syncs), "GIGYA_CHEETAH_DATA": str(self.folder / "run" / "data")}
            environ = {**os.environ, **sandbox.environ, **own}
            order = {"environ": environ, "window": partition, "job": "sandbox_inbound"}
            answers = [_answer(process, {**order, **kill}) for kill in kills]
            self.accounts = [_without_stamps(document) for document in sandbox.site.accounts()]
        return answers

    def outcome(self) -> tuple[object, ...]:
        """Accounts, inbox, and all that the ledger keeps, without the times of our own clock."""
        inbox = self.folder / "run" / "staging" / "fromcheetah"
        files = {str(path.relative_to(inbox)): path.read_bytes() for path in sorted(inbox.rglob("*")) if path.is_file()}
        results = {name: json.loads(data) if name.endswith(".json") else data for name, data in files.items()}
        with sqlite3.connect(self.folder / "run" / "data" / "ledger.sqlite") as ledger:
            items = ledger.execute("SELECT uid, line, fields, fate, code FROM ledger_inbound_items ORDER BY uid")
            log = "SELECT uid, subscription, before, after, side, source, line, rule FROM ledger_consent_log"
            agreed = ledger.execute("SELECT uid, consents, row_text FROM ledger_agreed ORDER BY uid")
            status = ledger.execute("SELECT sha256, status FROM ledger_inbound_files")
            waiting = ledger.execute("SELECT address, subscription FROM ledger_parked_opt_outs")
            kept = [query.fetchall() for query in (items, agreed, status, waiting)]
            kept.append(ledger.execute(f"{log} ORDER BY uid, subscription, seq").fetchall())
        ledger.close()
        return self.accounts, results, kept

    def copy(self, folder: Path) -> World:
        """A world that begins where this one stands."""
        shutil.copytree(self.folder, folder)
        return World(folder)


def _answer(process: subprocess.Popen[str], order: dict[str, Any]) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(order) + "\n")
    process.stdin.flush()
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    return answer


def _without_stamps(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: _without_stamps(value) for name, value in found.items() if name not in STAMPS}
    return found


@pytest.fixture(scope="module")
def process() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "gigya_cheetah_assets_tests.integration.killable"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        yield started


def _start(folder: Path, text: Callable[[Inbound], str]) -> str:
    """A site that was exported once, and a file of unsubscribes that is offered; returns its partition."""
    with Sandbox(folder / "sandbox", PEOPLE) as sandbox, runs(sandbox, folder / "run", inbound_files=INBOUND) as made:
        loop = Inbound(made.sandbox, made.folder, made.content, made.instance)
        assert loop.run(FIRST).success
        loop.drop("unsubs_1.dat", text(loop))
        files, cursor, now = loop.sync.inbound_files, None, datetime.now(UTC)
        assert files is not None
        with open_staging(loop.sync.staging) as staging:
            for minute in (1, 2):
                moment = now + timedelta(minutes=minute)
                seen = look(staging, loop.sync, files, cursor, data=folder / "run" / "data", now=moment)
                cursor = seen.cursor
        return seen.offers[0].partition


def _unsubscribes(loop: Inbound) -> str:
    """Two people of the list, one of whom an older opt-out waits for; a stranger; a broken line."""
    rows = [person(loop, "1"), person(loop, "0"), {"EMAIL": "nobody-yet@example.org", "GIGYA_UID": "0" * 32}]
    at = datetime(2026, 11, 1, tzinfo=UTC)
    waiting = ParkedOptOut(rows[0]["EMAIL"], "PARTNER_OFFERS", int(at.timestamp() * 1000), "unsubs_0.dat", 2)
    with Ledger.open() as ledger:
        state_of(ledger, loop.sync, FieldTable.from_sync(loop.sync)).park([waiting])
    return UNSUBS + "".join(unsub(row, at=at) for row in rows) + "short,row\n"


def _undisturbed(
    process: subprocess.Popen[str], start: World, partition: str, *, code: int = 0
) -> tuple[dict[str, Any], tuple[object, ...]]:
    """What the process tells of a run that nobody kills, and what it leaves."""
    world = start.copy(start.folder.with_name("undisturbed"))
    [finished] = world.run(process, partition, {})
    assert finished["code"] == code, finished["output"]
    return finished, world.outcome()


def _same_after(
    kill: dict[str, Any], process: subprocess.Popen[str], start: World, partition: str, expected: tuple[object, ...]
) -> None:
    """Asserts that a run that was killed there leaves, with a second one, what was expected."""
    world = start.copy(start.folder.with_name("killed"))
    killed, again = world.run(process, partition, kill, {})
    assert killed["code"] == SIGKILLED, kill
    for part, wanted in zip(world.outcome(), expected, strict=True):
        assert part == wanted, f"killed at {kill}: {again['output']}"
    shutil.rmtree(world.folder)


@pytest.mark.timeout(300)
def test_a_kill_at_each_durable_step_then_a_second_run_gives_the_same(
    process: subprocess.Popen[str], tmp_path: Path
) -> None:
    start = World(tmp_path / "start")
    partition = _start(start.folder, _unsubscribes)
    finished, expected = _undisturbed(process, start, partition)
    assert tuple(finished["steps"]) == steps.INBOUND
    for step in steps.INBOUND:
        _same_after({"step": step}, process, start, partition, expected)


@pytest.mark.timeout(300)
def test_a_kill_between_the_steps_then_a_second_run_gives_the_same(
    process: subprocess.Popen[str], tmp_path: Path
) -> None:
    start = World(tmp_path / "start")
    partition = _start(start.folder, _unsubscribes)
    finished, expected = _undisturbed(process, start, partition)
    events = finished["events"]
    assert events > 2 * POINTS
    for point in range(POINTS):
        event = 1 + point * (events - 1) // (POINTS - 1)
        _same_after({"event": event}, process, start, partition, expected)


@pytest.mark.timeout(300)
def test_a_refused_file_that_is_killed_at_each_step_and_run_again_is_refused_the_same(
    process: subprocess.Popen[str], tmp_path: Path
) -> None:
    start = World(tmp_path / "start")
    partition = _start(start.folder, lambda _: "one column\n")
    finished, expected = _undisturbed(process, start, partition, code=1)
    assert tuple(finished["steps"]) == steps.REFUSED
    for step in steps.REFUSED:
        _same_after({"step": step}, process, start, partition, expected)
