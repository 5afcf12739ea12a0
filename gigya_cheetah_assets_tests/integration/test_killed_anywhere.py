"""A window that was killed at any point and run again leaves what an undisturbed run leaves."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.sandbox import Sandbox, second_opinion
from gigya_cheetah_assets.sandbox.cheetahmail import CheetahMail
from gigya_cheetah_assets.sandbox.cheetahmail.dropping import InboxOnDisk
from gigya_cheetah_assets.staging import open_staging
from gigya_cheetah_assets.store import steps
from gigya_cheetah_assets_tests.integration.runs import FIRST, PEOPLE
from gigya_cheetah_assets_tests.integration.sync_content import sync_content
from gigya_cheetah_assets_tests.pgp.people_keys import Gpg, everybody

LATER = "2026-03-02"
DURING_LATER = int(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp() * 1000)
SIGKILLED = -9


@dataclass
class Runner:
    """The process that runs windows in forks of itself."""

    process: subprocess.Popen[str]

    def run(self, place: Place, window: str, **kill: Any) -> dict[str, Any]:
        """Runs a window; killed at this durable `step` or `event`, if one is given."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        order = {"environ": place.environ(), "window": window, **kill}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


@dataclass
class Place:
    """A data folder with a staging."""

    folder: Path
    sandbox: Sandbox
    defaults: dict[str, Any] = field(default_factory=dict)
    keys: Gpg | None = None

    def environ(self) -> dict[str, str]:
        """What the process needs; writes the sync file that it names."""
        (self.folder / "syncs").mkdir(parents=True, exist_ok=True)
        content = sync_content(self.sandbox, self.folder)
        content["import_files"]["defaults"] |= self.defaults
        if "max_rows" in self.defaults:
            for kind in ("unsubscribes", "address_changes", "profiles", "subscribes"):
                content["import_files"][kind]["name"] += ".{part}"
            content["segments"] = []
        (self.folder / "syncs" / "sandbox.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        own = {"GIGYA_CHEETAH_SYNCS": str(self.folder / "syncs"), "GIGYA_CHEETAH_DATA": str(self.folder / "data")}
        return {**os.environ, **self.sandbox.environ, **own}

    def outcome(self) -> tuple[dict[str, bytes], list[list[tuple[object, ...]]]]:
        """The outbox (hidden files too), what the ledger says of each person, its consent log, who was deleted."""
        outbox = self.folder / "staging" / "autoproc"
        files = {path.name: self._content(path) for path in sorted(outbox.iterdir())}
        people = "SELECT uid, digest, row_text, consents, delivery FROM ledger_agreed ORDER BY uid"
        deleted = "SELECT person, address, deleted_at, opt_ins_after, window, reason FROM ledger_tombstones ORDER BY 1"
        log = "SELECT uid, subscription, before, after, decided_at, source, rule FROM ledger_consent_log ORDER BY seq"
        ledger = sqlite3.connect(self.folder / "data" / "ledger.sqlite")
        try:
            return files, [ledger.execute(query).fetchall() for query in (people, log, deleted)]
        finally:
            ledger.close()

    def subscribers(self) -> list[tuple[object, ...]]:
        """CheetahMail imports what lies in the outbox; then its list, without the times of its own clock."""
        self.environ()
        content = yaml.safe_load((self.folder / "syncs" / "sandbox.yaml").read_text(encoding="utf-8"))
        sync = Sync.model_validate(content)
        inbox = InboxOnDisk(self.folder / "staging" / "fromcheetah")
        mail = CheetahMail(self.folder / "mail", lambda: open_staging(sync.staging), inbox)
        try:
            mail.set_up_for(sync)
            mail.import_now()
            return [(one.key, one.fields, one.lists, one.blocked) for one in mail.subscribers()]
        finally:
            mail.close()

    def _content(self, path: Path) -> bytes:
        """What is in a file: no two encryptions of it are the same."""
        if self.keys is None or path.suffix != ".pgp":
            return path.read_bytes()
        content, signers = self.keys.decrypt(path)
        assert signers == [self.keys.fingerprints["us"]]
        return content

    def copy(self, folder: Path) -> Place:
        """A place that begins where this one stands."""
        if self.folder.exists():
            shutil.copytree(self.folder, folder)
        return replace(self, folder=folder)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("sandbox"), PEOPLE) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    command = [sys.executable, "-m", "gigya_cheetah_assets_tests.integration.killable"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Runner(process)


def _people_do_things(sandbox: Sandbox) -> None:
    """Between the two windows: some opt out, some opt in, some move, all so that each kind of file has rows."""
    site = sandbox.site
    documents = [doc for doc in site.accounts() if doc.get("UID") and doc.get("isRegistered")]

    def with_state(state: str) -> list[str]:
        found = (doc["UID"] for doc in documents if second_opinion.state(doc, "NEWSLETTER") == state)
        return list(islice(found, 8))

    for uid in with_state("opt_in")[:4]:
        site.change(uid, subscriptions={"newsletter": {"email": {"isSubscribed": False}}}, at=DURING_LATER)
    for number, uid in enumerate(with_state("opt_in")[4:]):
        site.change(uid, profile={"email": f"moved-{number}@example.org"}, at=DURING_LATER)
    opt_in = {"newsletter": {"email": {"isSubscribed": True, "doubleOptIn": {"status": "Confirmed"}}}}
    for uid in with_state("opt_out"):
        site.change(uid, subscriptions=opt_in, at=DURING_LATER)


def _killed_everywhere(
    runner: Runner, start: Place, window: str, tmp_path: Path, *, points: int, job: str = "outbound"
) -> dict[str, bytes]:
    """Asserts that kills spread over the run, each with a second run, end as the undisturbed one; returns its files."""
    undisturbed = start.copy(tmp_path / "undisturbed")
    finished = runner.run(undisturbed, window, job=f"sandbox_{job}")
    assert finished["code"] == 0, finished["output"]
    expected = undisturbed.outcome()
    events = finished["events"]
    assert events > 2 * points
    for point in range(points):
        event = 1 + point * (events - 1) // (points - 1)
        place = start.copy(tmp_path / f"killed-at-{event}")
        assert runner.run(place, window, event=event, job=f"sandbox_{job}")["code"] == SIGKILLED
        again = runner.run(place, window, job=f"sandbox_{job}")
        assert again["code"] == 0, again["output"]
        assert place.outcome() == expected, f"killed at event {event} of {events}"
        shutil.rmtree(place.folder)
    return expected[0]


@pytest.mark.timeout(300)
def test_an_initial_load_that_is_killed_and_run_again_gives_the_same(
    runner: Runner, sandbox: Sandbox, tmp_path: Path
) -> None:
    files = _killed_everywhere(runner, Place(tmp_path / "nothing-yet", sandbox), FIRST, tmp_path, points=4)
    assert [name.split("_")[1] for name in files] == ["profiles", "subs", "unsubs"]


@pytest.mark.timeout(300)
def test_a_kill_at_each_durable_step_then_a_second_run_gives_the_same(runner: Runner, tmp_path: Path) -> None:
    """CheetahMail imports whatever lies there after the kill, and again after the second run."""
    with Sandbox(tmp_path / "sandbox", PEOPLE) as sandbox:
        start = Place(tmp_path / "start", sandbox, {"count_suffix": ".count", "trigger_suffix": ".done"})
        assert runner.run(start, FIRST)["code"] == 0
        assert len(start.subscribers()) > 100
        _people_do_things(sandbox)
        undisturbed = start.copy(tmp_path / "undisturbed")
        assert tuple(runner.run(undisturbed, LATER)["steps"]) == steps.OUTBOUND
        expected = undisturbed.outcome(), undisturbed.subscribers()
        for step in steps.OUTBOUND:
            place = start.copy(tmp_path / step)
            assert runner.run(place, LATER, step=step)["code"] == SIGKILLED, step
            place.subscribers()
            again = runner.run(place, LATER)
            assert again["code"] == 0, again["output"]
            assert (place.outcome(), place.subscribers()) == expected, f"killed at {step}"


@pytest.mark.timeout(300)
def test_a_kill_between_the_steps_then_a_second_run_gives_the_same(runner: Runner, tmp_path: Path) -> None:
    with Sandbox(tmp_path / "sandbox", PEOPLE) as sandbox:
        start = Place(tmp_path / "start", sandbox)
        assert runner.run(start, FIRST)["code"] == 0
        _people_do_things(sandbox)
        files = _killed_everywhere(runner, start, LATER, tmp_path, points=4)
    later = sorted(name.split("_")[1] for name in files if "_20260302T" in name)
    assert later == ["coa", "profiles", "subs", "unsubs"]


@pytest.mark.timeout(300)
def test_deletions_that_are_killed_and_told_again_give_the_same_file_and_tombstones(
    runner: Runner, tmp_path: Path
) -> None:
    with Sandbox(tmp_path / "sandbox", PEOPLE) as sandbox:
        start = Place(tmp_path / "start", sandbox)
        assert runner.run(start, FIRST)["code"] == 0
        for uid in [doc["UID"] for doc in islice(sandbox.site.accounts(), 40) if doc.get("isRegistered")][:6]:
            sandbox.site.delete(uid, at=DURING_LATER)
        files = _killed_everywhere(runner, start, LATER, tmp_path, points=6, job="deletions")
    assert "gigya_deleted_20260302T000000Z.csv.gz" in files


@pytest.mark.timeout(300)
def test_a_delivery_in_parts_of_json_lines_that_is_killed_and_run_again_gives_the_same(
    runner: Runner, sandbox: Sandbox, tmp_path: Path
) -> None:
    defaults = {"format": "jsonl", "max_rows": 60, "count_suffix": ".count", "trigger_suffix": ".done"}
    start = Place(tmp_path / "nothing-yet", sandbox, defaults)
    files = _killed_everywhere(runner, start, FIRST, tmp_path, points=3)
    data = [name for name in files if name.endswith(".gz")]
    assert len(data) > 5
    assert set(files) == {*data, *(f"{name}.count" for name in data), *(f"{name}.done" for name in data)}


@pytest.mark.timeout(300)
def test_an_encrypted_delivery_that_is_killed_and_run_again_holds_the_same(
    runner: Runner, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pgp = {"encrypt_to": {"env": "CHEETAH"}, "sign_with": {"env": "OUR_KEY"}, "passphrase": {"env": "OUR_PHRASE"}}
    with everybody() as keys:
        monkeypatch.setenv("CHEETAH", keys.public("cheetah"))
        monkeypatch.setenv("OUR_KEY", keys.secret("us", "open"))
        monkeypatch.setenv("OUR_PHRASE", "open")
        start = Place(tmp_path / "nothing-yet", sandbox, {"pgp": pgp}, keys)
        files = _killed_everywhere(runner, start, FIRST, tmp_path, points=3)
    assert [name.rsplit(".", 2)[1:] for name in files] == [["gz", "pgp"]] * 3
