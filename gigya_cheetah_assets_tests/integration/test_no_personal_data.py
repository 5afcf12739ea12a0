"""Neither Dagster's event log nor anything printed holds a value of a person, or a secret."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gigya_cheetah_assets.sandbox import Sandbox
from gigya_cheetah_assets.sandbox.second_opinion import at, text
from gigya_cheetah_assets_tests.integration.runs import FIRST, PEOPLE, runs


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox", PEOPLE, faults="error_body=0.1,truncated=0.05") as sandbox:
        yield sandbox


def _values(document: dict[str, Any]) -> Iterator[str]:
    """What would tell who a person is: long enough not to be found by chance."""
    for path in ("profile.email", "profile.lastName", "profile.city"):
        value = text(at(document, *path.split(".")))
        if len(value) >= 6:
            yield value


def _everything(folder: Path) -> str:
    """All texts of Dagster's databases and files."""
    parts = []
    for path in folder.rglob("*"):
        if path.suffix == ".db":
            database = sqlite3.connect(path)
            parts += list(database.iterdump())
            database.close()
        elif path.is_file():
            parts.append(path.read_text(encoding="utf-8", errors="replace"))
    return "\n".join(parts)


def test_the_event_log_and_the_output_hold_no_value_of_a_person_and_no_secret(
    sandbox: Sandbox, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with runs(sandbox, tmp_path / "run") as outbound:
        assert outbound.run(FIRST).success
        outbound.content["limits"]["max_reject_share"] = 0.0
        outbound.content["fields"].append(
            {"cheetahmail": "N", "gigya": "profile.lastName", "type": "integer", "on_error": "reject"}
        )
        assert not outbound.run(FIRST).success
    captured = capfd.readouterr()
    found = "\n".join([_everything(tmp_path / "run" / "dagster"), captured.out, captured.err, caplog.text])
    assert "cheetahmail_rows" in found
    values = {value for document in sandbox.site.accounts() for value in _values(document)}
    assert len(values) > 300
    assert [value for value in values if value in found] == []
    secrets = [value for name, value in sandbox.environ.items() if "KNOWN_HOSTS" not in name and len(value) > 8]
    assert [secret for secret in secrets if secret in found] == []
