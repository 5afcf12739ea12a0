from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from gigya_cheetah_assets.cli import main
from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets_tests.syncs import minimal_sync

VARIABLES = ("GIGYA_API_KEY", "GIGYA_USER_KEY", "GIGYA_SECRET")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one good sync file, its variables and a data folder."""
    for name in VARIABLES:
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("GIGYA_CHEETAH_SYNCS", str(tmp_path / "syncs"))
    monkeypatch.setenv("GIGYA_CHEETAH_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("GIGYA_CHEETAH_LEDGER", raising=False)
    (tmp_path / "syncs").mkdir()
    (tmp_path / "syncs" / "acme.yaml").write_text(yaml.safe_dump(minimal_sync()), encoding="utf-8")
    return tmp_path


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.mark.parametrize("command", ["check", "release", "sandbox", "demo", "dev"])
def test_each_command_explains_itself(command: str) -> None:
    result = _run(command, "--help")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) > 5


def test_check_of_good_files_exits_with_0() -> None:
    result = _run("check")
    assert result.exit_code == 0, result.output
    assert "1 sync file(s)" in result.output
    assert "no problem found" in result.output


def test_check_names_every_problem_of_every_file_at_once(place: Path) -> None:
    (place / "syncs" / "bad.yaml").write_text(yaml.safe_dump(minimal_sync(name="b d", extra=1)), encoding="utf-8")
    (place / "syncs" / "worse.yaml").write_text("windows: [", encoding="utf-8")
    result = _run("check")
    assert result.exit_code == 1
    for text in ("bad.yaml: name: 'b d'", "bad.yaml: extra: unknown key", "worse.yaml: no valid YAML", "Next: "):
        assert text in result.stderr


def test_check_of_a_folder_without_files_says_how_to_name_one(place: Path) -> None:
    result = _run("check", "--syncs", str(place))
    assert result.exit_code == 1
    assert "no sync file (*.yaml) in this folder" in result.stderr
    assert "GIGYA_CHEETAH_SYNCS" in result.stderr


def test_check_prints_no_value_of_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIGYA_SECRET", "a-secret-of-the-site")
    monkeypatch.delenv("GIGYA_API_KEY")
    result = _run("check")
    assert result.exit_code == 1
    assert "acme: environment variable GIGYA_API_KEY (gigya.api_key) is not set" in result.stderr
    assert "a-secret-of-the-site" not in result.output + result.stderr


def test_release_is_for_one_window_and_one_brake() -> None:
    result = _run("release", "acme", "2026-01-02-03:00", "volume")
    assert result.exit_code == 0, result.stderr
    assert "volume is released" in result.output
    with Ledger.open() as ledger:
        assert ledger.is_released("acme", "20260102T030000Z", "volume")
        assert not ledger.is_released("acme", "20260102T030000Z", "reject_share")
        assert not ledger.is_released("acme", "20260102T040000Z", "volume")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("nobody", "2026-01-02-03:00", "volume"), 1, "no sync is named 'nobody'"),
        (("acme", "2026-01-02", "volume"), 1, "'2026-01-02' is no hour window"),
        (("acme", "2999-01-02-03:00", "volume"), 1, "choose a window that has ended"),
        (("acme", "2026-01-02-03:00", "everything"), 2, "'everything' is not one of "),
    ],
)
def test_release_of_what_is_not_there_is_refused(arguments: tuple[str, ...], code: int, says: str) -> None:
    result = _run("release", *arguments)
    assert result.exit_code == code
    assert says in result.stderr
