"""The commands as a person types them, each in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from gigya_cheetah_assets.sandbox import Sandbox
from gigya_cheetah_assets.sandbox.faults import Faults
from gigya_cheetah_assets_tests.integration.runs import FIRST, PEOPLE
from gigya_cheetah_assets_tests.integration.sync_content import sync_content

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SELECTION = ("--select", "+key:sandbox/staged_import_files", "--partition", FIRST)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox", PEOPLE) as sandbox:
        yield sandbox


@pytest.fixture
def environ(sandbox: Sandbox, tmp_path: Path) -> dict[str, str]:
    """Nothing but the sync files, their variables, a data folder and DAGSTER_HOME."""
    for folder in ("syncs", "home"):
        (tmp_path / folder).mkdir()
    content = yaml.safe_dump(sync_content(sandbox, tmp_path))
    (tmp_path / "syncs" / "sandbox.yaml").write_text(content, encoding="utf-8")
    (tmp_path / "home" / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    own = {
        "GIGYA_CHEETAH_SYNCS": str(tmp_path / "syncs"),
        "GIGYA_CHEETAH_DATA": str(tmp_path / "data"),
        "DAGSTER_HOME": str(tmp_path / "home"),
    }
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **own, **sandbox.environ}


def _run(environ: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    program = str(BIN / command[0])
    return subprocess.run(
        [program, *command[1:]], env=environ, cwd=ROOT, capture_output=True, text=True, check=False, timeout=110
    )


def _materialize(environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return _run(environ, "dagster", "asset", "materialize", "-m", "gigya_cheetah_assets.definitions", *SELECTION)


def test_dagster_materializes_a_window_from_the_command_line(environ: dict[str, str], tmp_path: Path) -> None:
    result = _materialize(environ)
    assert result.returncode == 0, result.stderr[-2000:]
    assert len(list((tmp_path / "staging" / "autoproc").iterdir())) == 3


def test_a_run_that_is_asked_to_end_says_so_and_leaves_nothing_half_done(
    environ: dict[str, str], sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.faults = Faults(stall=1.0, stall_seconds=2)
    program = [str(BIN / "dagster"), "asset", "materialize", "-m", "gigya_cheetah_assets.definitions", *SELECTION]
    with (
        (tmp_path / "log").open("w+") as log,
        subprocess.Popen(program, env=environ, cwd=ROOT, stdout=log, stderr=log) as process,
    ):
        while not sandbox.requests and process.poll() is None:
            time.sleep(0.1)
        process.terminate()
        assert process.wait(30) not in (0, -signal.SIGTERM)
        log.seek(0)
        assert "the step was asked to end before it was finished" in log.read()
    kept = tmp_path / "data" / "sandbox" / "gigya_profiles"
    assert [path for path in kept.glob("*") if not path.name.startswith(".")] == []
    sandbox.faults = Faults()
    assert _materialize(environ).returncode == 0
    assert len(list((tmp_path / "staging" / "autoproc").iterdir())) == 3


def test_a_missing_variable_is_named_and_no_run_begins(environ: dict[str, str], tmp_path: Path) -> None:
    del environ["SANDBOX_GIGYA_SECRET"]
    result = _materialize(environ)
    assert result.returncode != 0
    assert "SANDBOX_GIGYA_SECRET (gigya.auth.secret)" in result.stdout + result.stderr
    assert "RUN_START" not in result.stdout + result.stderr
    assert not (tmp_path / "data").exists()


def test_check_prints_what_each_sync_will_do(environ: dict[str, str]) -> None:
    result = _run(environ, "gigya-cheetah", "check")
    assert result.returncode == 0, result.stderr
    for text in ("sync sandbox", "every day from 2026-03-01", "isRegistered = true", "NEWSLETTER", "no problem found"):
        assert text in result.stdout


def test_check_names_missing_variables_and_wrong_keys(environ: dict[str, str], tmp_path: Path) -> None:
    del environ["SANDBOX_GIGYA_API_KEY"]
    missing = _run(environ, "gigya-cheetah", "check")
    assert missing.returncode == 1
    assert "SANDBOX_GIGYA_API_KEY (gigya.api_key) is not set" in missing.stderr
    (tmp_path / "syncs" / "b.yaml").write_text("name: b\nwindos: {}\n", encoding="utf-8")
    wrong = _run(environ, "gigya-cheetah", "check")
    assert wrong.returncode == 1
    assert "b.yaml: windos: unknown key" in wrong.stderr
    assert "b.yaml: gigya: is missing" in wrong.stderr


def test_check_with_connect_tries_both_sides_and_says_what_does_not_work(environ: dict[str, str]) -> None:
    result = _run(environ, "gigya-cheetah", "check", "--connect")
    assert result.returncode == 0, result.stdout + result.stderr
    for text in ("sign in", "search accounts", "outbox", "write and rename", "steps work"):
        assert text in result.stdout
    wrong = _run({**environ, "SANDBOX_GIGYA_SECRET": "d3JvbmctYnV0LWJhc2U2NA=="}, "gigya-cheetah", "check", "--connect")
    assert wrong.returncode == 1
    for text in ("403003", "-> check gigya.api_key", "not tried", "1 of", "steps failed"):
        assert text in wrong.stdout
    assert "d3JvbmctYnV0LWJhc2U2NA" not in wrong.stdout + wrong.stderr


@pytest.mark.parametrize("command", [("dagster", "definitions", "validate"), ("dg", "check", "defs")])
def test_the_project_loads_from_its_root(environ: dict[str, str], command: tuple[str, ...]) -> None:
    result = _run(environ, *command)
    assert result.returncode == 0, result.stdout + result.stderr
