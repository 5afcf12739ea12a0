"""A window that was killed at any point and run again leaves what an undisturbed run leaves."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from gigya_cheetah_assets.sandbox import Sandbox
from gigya_cheetah_assets_tests.integration.runs import FIRST, PEOPLE, sync_content

POINTS = 10
SIGKILLED = -9


@dataclass
class Place:
    """A data folder with a staging, and the process that runs the window in it."""

    folder: Path
    sandbox: Sandbox

    def run(self, event: int) -> subprocess.CompletedProcess[str]:
        """Runs the window; killed at this durable event unless it is 0."""
        (self.folder / "syncs").mkdir(parents=True, exist_ok=True)
        content = yaml.safe_dump(sync_content(self.sandbox, self.folder))
        (self.folder / "syncs" / "sandbox.yaml").write_text(content, encoding="utf-8")
        environ = {
            **os.environ,
            **self.sandbox.environ,
            "GIGYA_CHEETAH_SYNCS": str(self.folder / "syncs"),
            "GIGYA_CHEETAH_DATA": str(self.folder / "data"),
        }
        command = [sys.executable, "-m", "gigya_cheetah_assets_tests.integration.killable", FIRST, str(event)]
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=100)

    def outcome(self) -> tuple[dict[str, bytes], list[tuple[object, ...]]]:
        """The outbox (hidden files too) and what the ledger says of each person."""
        outbox = self.folder / "staging" / "autoproc"
        files = {path.name: path.read_bytes() for path in sorted(outbox.iterdir())}
        ledger = sqlite3.connect(self.folder / "data" / "ledger.sqlite")
        try:
            people = ledger.execute("SELECT uid, digest, row_text, consents, delivery FROM ledger_agreed ORDER BY uid")
            return files, people.fetchall()
        finally:
            ledger.close()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("sandbox"), PEOPLE) as sandbox:
        yield sandbox


@pytest.mark.timeout(300)
def test_a_kill_at_any_of_ten_points_then_a_second_run_gives_the_same(sandbox: Sandbox, tmp_path: Path) -> None:
    undisturbed = Place(tmp_path / "undisturbed", sandbox)
    finished = undisturbed.run(0)
    assert finished.returncode == 0, finished.stderr[-2000:]
    expected = undisturbed.outcome()
    events = int(finished.stdout.splitlines()[-1])
    assert events > POINTS
    for point in range(POINTS):
        event = 1 + point * (events - 1) // (POINTS - 1)
        place = Place(tmp_path / f"killed-at-{event}", sandbox)
        assert place.run(event).returncode == SIGKILLED
        again = place.run(0)
        assert again.returncode == 0, again.stderr[-2000:]
        assert place.outcome() == expected, f"killed at event {event} of {events}"
        shutil.rmtree(place.folder)
