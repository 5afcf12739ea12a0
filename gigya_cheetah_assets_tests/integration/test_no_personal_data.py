"""Neither Dagster's event log nor anything printed holds a value of a person, or a secret."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gigya_cheetah_assets.sandbox import Sandbox, segment_story
from gigya_cheetah_assets.sandbox.second_opinion import at, text
from gigya_cheetah_assets_tests.integration import segment_runs
from gigya_cheetah_assets_tests.integration.runs import FIRST, PEOPLE, Runs, runs

FUNCTIONS = "gigya_cheetah_assets_tests.integration.user_functions"
# Each stops the window in another way;.
TROUBLES: list[dict[str, Any]] = [
    {"cheetahmail": "N", "gigya": "profile.lastName", "type": "integer", "on_error": "reject"},
    {"cheetahmail": "N", "gigya": "profile.lastName", "function": f"{FUNCTIONS}:fails"},
    {"cheetahmail": "N", "gigya": "profile.email", "values": {"a": "b"}, "on_error": "reject"},
]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox", PEOPLE, faults="error_body=0.1,truncated=0.05") as sandbox:
        yield sandbox


def _values(document: dict[str, Any]) -> Iterator[str]:
    """What would tell who a person is: long enough not to be found by chance."""
    for path in ("profile.email", "profile.lastName", "profile.city"):
        value = text(at(document, *path.split(".")))
        if len(value) >= 6 or (len(value) == 5 and not value.isascii()):
            yield value
            # Dagster keeps its events as JSON, some of it as JSON inside JSON.
            yield json.dumps(value)[1:-1]
            yield json.dumps(json.dumps(value)[1:-1])[1:-1]


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


def _stopped_in_many_ways(outbound: Runs) -> None:
    outbound.content["limits"]["max_reject_share"] = 0.0
    fields = outbound.content["fields"]
    for field in TROUBLES:
        outbound.content["fields"] = [*fields, field]
        assert not outbound.run(FIRST).success, field
    outbound.content["fields"] = fields
    outbound.content["limits"]["max_reject_share"] = 1.0
    assert outbound.run(FIRST).success
    # The rows were made for an encoding that holds them; the writer meets what it can't write.
    outbound.content["import_files"]["defaults"] = {"encoding": "ascii"}
    assert not outbound.run(FIRST, assets="staged_import_files").success


def _segments(outbound: Runs) -> None:
    """A filter on accounts and a split one, with joins, leaves and rejects; and one that is refused."""
    for name in ("lapsed_gold", "newsletter_gold"):
        assert segment_runs.run(outbound, name).success
    segment_story.people_move(outbound.sandbox.site)
    assert segment_runs.run(outbound).success
    segments = outbound.content["segments"]
    outbound.content["segments"] = [{"name": "odd", "where": "profile.lastName = regex('A.*')"}]
    assert not segment_runs.run(outbound, "odd").success
    outbound.content["segments"] = segments


def test_the_event_log_and_the_output_hold_no_value_of_a_person_and_no_secret(
    sandbox: Sandbox, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with runs(sandbox, tmp_path / "run", keeps_events=True) as outbound:
        assert outbound.run(FIRST).success
        _segments(outbound)
        _stopped_in_many_ways(outbound)
    captured = capfd.readouterr()
    found = "\n".join([_everything(tmp_path / "run" / "dagster"), captured.out, captured.err, caplog.text])
    for text_of_a_run in ("cheetahmail_rows", "segment_members", "not_an_integer", "failed with ValueError", "ascii"):
        assert text_of_a_run in found
    values = {value for document in sandbox.site.accounts() for value in _values(document)}
    assert len(values) > 300
    assert sorted(value for value in values if value in found) == []
    secrets = [value for name, value in sandbox.environ.items() if "KNOWN_HOSTS" not in name and len(value) > 8]
    assert len(secrets) > 3
    assert [secret for secret in secrets if secret in found] == []
