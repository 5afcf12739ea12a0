"""A person erased after her whole life in a sync: greps over everything that this project keeps."""

from __future__ import annotations

import gzip
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner, Result

from gigya_cheetah_assets.cli import main
from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.retention import remove_expired
from gigya_cheetah_assets.sandbox import Sandbox
from gigya_cheetah_assets_tests.integration.runs import FIRST, PEOPLE, runs
from gigya_cheetah_assets_tests.integration.test_deletions import OPT_IN, SUBS, deletions, sub
from gigya_cheetah_assets_tests.integration.test_inbound_files import INBOUND, UNSUBS, Inbound, unsub

FORMER, LATER = "Erika.Vormals@example.org", "erika.danach@example.org"
NAMES = ("Erikaxqz", "Mustermannxqz", "CRM-4711-xqz")


@pytest.fixture
def loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbound]:
    yield from _looping(tmp_path, monkeypatch, keeps_events=False)


@pytest.fixture
def loop_with_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbound]:
    """Dagster's history lies beside the data."""
    yield from _looping(tmp_path, monkeypatch, keeps_events=True)


def _looping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, keeps_events: bool) -> Iterator[Inbound]:
    changes = {"inbound_files": INBOUND, "limits": {"max_reject_share": 1.0}}
    with (
        Sandbox(tmp_path / "sandbox", PEOPLE) as sandbox,
        runs(sandbox, tmp_path / "run", keeps_events=keeps_events, **changes) as made,
    ):
        syncs = tmp_path / "syncs"
        syncs.mkdir()
        (syncs / "sandbox.yaml").write_text(yaml.safe_dump(made.content), encoding="utf-8")
        monkeypatch.setenv("GIGYA_CHEETAH_SYNCS", str(syncs))
        yield Inbound(made.sandbox, made.folder, made.content, made.instance)


def erase(uid: str, *options: str) -> Result:
    return CliRunner().invoke(main, ["erase", uid, *options], env={"COLUMNS": "300"})


def lived(loop: Inbound) -> str:
    """Somebody who was delivered, moved, opted out at CheetahMail, was rejected once, and deleted her account."""
    site = loop.sandbox.site
    uid = site.add_full(
        isRegistered=True,
        isVerified=True,
        profile={"email": FORMER, "firstName": NAMES[0], "lastName": NAMES[1]},
        data={"externalIds": {"crm": NAMES[2]}},
        subscriptions=OPT_IN,
    )
    at = int(datetime(2026, 3, 1, 5, tzinfo=UTC).timestamp() * 1000)
    site.change(uid, data={"loyalty": {"tier": "gold"}}, at=at)
    assert loop.run(FIRST).success
    assert loop.run(loop.newest()).success
    loop.drop("unsubs_1.dat.gz", UNSUBS + unsub({"EMAIL": FORMER, "GIGYA_UID": uid}))
    loop.drop("subs_1.dat", SUBS + sub({"EMAIL": FORMER, "GIGYA_UID": uid}, ago=timedelta(days=9)))
    loop.drop("demo_1.dat", f"GIGYA_UID,EMAIL,DATE_CHANGED,LNAME\n{uid},{FORMER},20261101000000,Neuxqz\n")
    loop.drop("unsubs_2.dat", UNSUBS + unsub({"EMAIL": LATER, "GIGYA_UID": ""}))
    assert all(result.success for result in loop.arrive())
    site.change(uid, profile={"email": LATER})
    assert loop.run(loop.newest()).success
    site.delete(uid)
    deletions(loop)
    return uid


def texts(folder: Path) -> dict[str, str]:
    """What can be read in every file below a folder, in small letters."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content = repr(pq.read_table(path).to_pylist()).encode()
        elif content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        found[str(path.relative_to(folder))] = content.decode("utf-8", "replace").lower()
    return found


def grep(words: list[str], *places: Path) -> dict[str, list[str]]:
    """Files of some folders that hold one of these words."""
    read = {name: text for place in places for name, text in texts(place).items()}
    hits = {name: [word for word in words if word.lower() in text] for name, text in read.items()}
    return {name: found for name, found in hits.items() if found}


@pytest.mark.timeout(300)
def test_after_an_erasure_nothing_of_her_is_found_and_everybody_else_stays(loop_with_events: Inbound) -> None:
    loop = loop_with_events
    uid = lived(loop)
    words = [uid, FORMER, LATER, *NAMES, "Neuxqz"]
    # The ledger lies in the data folder; Dagster's history lies beside it.
    kept = (loop.folder / "data", loop.folder / "dagster")
    assert all(texts(place) for place in kept)
    before = grep(words, *kept)
    assert len(before) > 12
    shown = erase(uid)
    assert shown.exit_code == 0, shown.output
    assert "found, nothing changed" in shown.output
    assert grep(words, *kept) == before
    done = erase(uid, "--yes")
    assert done.exit_code == 0, done.output
    for place in ("gigya_profiles", "staged_import_files", "inbound_files", "ledger_agreed", "ledger_consent_log"):
        assert place in done.output
    assert not [word for word in words if word in done.output.replace(f"erase {uid}", "")]
    assert grep(words, *kept) == {}
    assert CliRunner().invoke(main, ["consent", "verify"]).exit_code == 0
    told = CliRunner().invoke(main, ["explain", uid])
    assert "NEWSLETTER: opt_in -> opt_out" in told.output
    assert "erased" in told.output
    with Ledger.open() as ledger:
        assert ledger.population("sandbox") > 100
    again = erase(uid, "--yes")
    assert (again.exit_code, "ledger_agreed" in again.output) == (0, False)


@pytest.mark.timeout(300)
def test_after_an_erasure_the_loop_goes_on_and_a_late_file_brings_nobody_back(loop: Inbound) -> None:
    uid = lived(loop)
    assert erase(uid, "--yes").exit_code == 0
    loop.drop("subs_9.dat", SUBS + sub({"EMAIL": LATER, "GIGYA_UID": uid}, ago=timedelta(hours=5)))
    (result,) = loop.arrive()
    assert result.success
    loop.sandbox.site.touch(20)
    assert loop.run(FIRST, assets="cheetahmail_rows").success
    assert loop.run(FIRST, assets="staged_import_files").success
    assert loop.run(loop.newest()).success
    deletions(loop)
    # The late file itself came after the erasure, and names her.
    assert {name.split("/")[1] for name in grep([uid, LATER], loop.folder / "data")} <= {
        "inbound_files",
        "inbound_rows",
    }
    with Ledger.open() as ledger:
        late = datetime.now(UTC) + timedelta(days=60)
        report = remove_expired(loop.sync, data=loop.folder / "data", ledger=ledger, now=late)
    assert report.overdue == 0


@pytest.mark.timeout(300)
def test_an_erasure_that_was_killed_half_way_can_run_again(
    loop: Inbound, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = lived(loop)
    for event in (1, 4, 9):
        data = tmp_path / f"killed-at-{event}"
        shutil.copytree(loop.folder / "data", data)
        monkeypatch.setenv("GIGYA_CHEETAH_DATA", str(data))
        killed = os.fork()
        if killed == 0:
            _die_at(event, str(data))
            main(["erase", uid, "--yes"], standalone_mode=False)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(killed, 0)[1]) == -signal.SIGKILL
        assert grep([uid, FORMER, LATER], data) != {}
        assert erase(uid, "--yes").exit_code == 0
        assert grep([uid, FORMER, LATER, *NAMES], data) == {}
        assert CliRunner().invoke(main, ["consent", "verify"]).exit_code == 0


def _die_at(event: int, folder: str) -> None:
    """Kills this process when it replaces or removes a file below a folder for the n-th time."""
    count = 0

    def audit(name: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if name in ("os.rename", "os.remove") and folder in str(arguments[0]):
            count += 1
            if count == event:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(audit)


def test_who_was_not_suppressed_is_not_erased_unless_somebody_says_so(loop: Inbound) -> None:
    site = loop.sandbox.site
    uid = site.add_full(isRegistered=True, profile={"email": FORMER}, subscriptions=OPT_IN)
    assert loop.run(loop.newest()).success
    refused = erase(uid, "--yes")
    assert (refused.exit_code, "no suppression file" in refused.output) == (1, True)
    assert uid in str(grep([uid], loop.folder / "data"))
    site.delete(uid, audited=False)
    assert erase(uid, "--yes", "--unsuppressed").exit_code == 0
    assert grep([uid, FORMER], loop.folder / "data") == {}
