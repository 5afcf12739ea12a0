"""The commands as a person types them, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from gigya_cheetah_assets.sandbox import Sandbox
from gigya_cheetah_assets_tests.integration.runs import FIRST, PEOPLE, sync_content

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


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
    selection = ("--select", "+key:sandbox/staged_import_files", "--partition", FIRST)
    return _run(environ, "dagster", "asset", "materialize", "-m", "gigya_cheetah_assets.definitions", *selection)


def test_dagster_materializes_a_window_from_the_command_line(environ: dict[str, str], tmp_path: Path) -> None:
    result = _materialize(environ)
    assert result.returncode == 0, result.stderr[-2000:]
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


@pytest.mark.parametrize("command", ["check", "release", "sandbox", "demo", "dev"])
def test_each_command_explains_itself(environ: dict[str, str], command: str) -> None:
    result = _run(environ, "gigya-cheetah", command, "--help")
    assert result.returncode == 0
    assert len(result.stdout.splitlines()) > 5
