"""An inbound file whose run was killed at any point and run again leaves what an undisturbed run leaves."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from gigya_cheetah_assets.inbound.inbox import look
from gigya_cheetah_assets.sandbox import Sandbox
from gigya_cheetah_assets.staging import open_staging
from gigya_cheetah_assets_tests.integration.runs import FIRST, PEOPLE, runs, sync_content
from gigya_cheetah_assets_tests.integration.test_inbound_files import INBOUND, UNSUBS, Inbound, person, unsub

SIGKILLED = -9
POINTS = 12


@dataclass
class World:
    """A site and a data folder that were copied from a common start."""

    folder: Path

    def run(self, process: subprocess.Popen[str], partition: str, event: int = 0) -> dict[str, Any]:
        """Runs the file in a process of its own, killed at this event unless it is 0."""
        assert process.stdin is not None
        assert process.stdout is not None
        with Sandbox(self.folder / "sandbox", PEOPLE) as sandbox:
            syncs = self.folder / "syncs"
            syncs.mkdir(exist_ok=True)
            content = sync_content(sandbox, self.folder / "run", inbound_files=INBOUND)
            (syncs / "sandbox.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
            own = {"GIGYA_CHEETAH_SYNCS": str(syncs), "GIGYA_CHEETAH_DATA": str(self.folder / "run" / "data")}
            environ = {**os.environ, **sandbox.environ, **own}
            order = {"environ": environ, "window": partition, "event": event, "job": "sandbox_inbound"}
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(process.stdout.readline())
            self.accounts = [_consent(document) for document in sandbox.site.accounts()]
        return answer

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


def _consent(document: dict[str, Any]) -> tuple[object, ...]:
    found = (document.get("subscriptions") or {}).get("newsletter") or {}
    return document.get("UID"), (found.get("email") or {}).get("isSubscribed")


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "gigya_cheetah_assets_tests.integration.killable"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        yield started


def _start(folder: Path) -> str:
    """A site that was exported once, and a file of unsubscribes that is offered; returns its partition."""
    with Sandbox(folder / "sandbox", PEOPLE) as sandbox, runs(sandbox, folder / "run", inbound_files=INBOUND) as made:
        loop = Inbound(made.sandbox, made.folder, made.content, made.instance)
        assert loop.run(FIRST).success
        rows = [person(loop, "1"), person(loop, "0"), {"EMAIL": "nobody-yet@example.org", "GIGYA_UID": "0" * 32}]
        at = datetime(2026, 11, 1, tzinfo=UTC)
        loop.drop("unsubs_1.dat", UNSUBS + "".join(unsub(row, at=at) for row in rows) + "short,row\n")
        files, cursor, now = loop.sync.inbound_files, None, datetime.now(UTC)
        assert files is not None
        with open_staging(loop.sync.staging) as staging:
            for minute in (1, 2):
                moment = now + timedelta(minutes=minute)
                seen = look(staging, loop.sync, files, cursor, data=folder / "run" / "data", now=moment)
                cursor = seen.cursor
        return seen.offers[0].partition


@pytest.mark.timeout(300)
def test_a_kill_at_any_point_of_a_file_then_a_second_run_gives_the_same(
    process: subprocess.Popen[str], tmp_path: Path
) -> None:
    start = World(tmp_path / "start")
    partition = _start(start.folder)
    undisturbed = start.copy(tmp_path / "undisturbed")
    finished = undisturbed.run(process, partition)
    assert finished["code"] == 0, finished["output"]
    expected, events = undisturbed.outcome(), finished["events"]
    assert events > POINTS
    for point in range(POINTS):
        event = 1 + point * (events - 1) // (POINTS - 1)
        world = start.copy(tmp_path / f"killed-at-{event}")
        assert world.run(process, partition, event)["code"] == SIGKILLED
        again = world.run(process, partition)
        assert again["code"] == 0, again["output"]
        found = world.outcome()
        for part, wanted in zip(found, expected, strict=True):
            assert part == wanted, f"killed at event {event} of {events}"
        shutil.rmtree(world.folder)
