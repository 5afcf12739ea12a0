"""Trying a staging for real: of every kind that works, and failing at each step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from gigya_cheetah_assets.config.staging import AzureBlobStaging, S3Staging, SftpStaging, StagingConfig
from gigya_cheetah_assets.connecting.folders import PROBE_FOLDER
from gigya_cheetah_assets.connecting.staging import staging_steps
from gigya_cheetah_assets.connecting.steps import Step
from gigya_cheetah_assets_tests.integration import gateway, password_server
from gigya_cheetah_assets_tests.integration.back_ends import (
    ALL,
    IN_OBJECT_STORES,
    BackEnd,
    by_password,
)
from gigya_cheetah_assets_tests.integration.faulty_files import FileFaults
from gigya_cheetah_assets_tests.integration.gateway import Answer

FOLDER = ["list", "make a folder", "write and rename", "read back", "move", "delete"]
WAY = {
    "local": [],
    "s3": ["resolve", "connect", "log in"],
    "azure_blob": ["resolve", "connect", "log in"],
}
SSH = ["resolve", "connect", "host key", "log in"]
DENIED = (Answer(403, "AccessDenied"), Answer(403, "AuthorizationPermissionMismatch"))
# Of nobody.
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGgdZHsPVPLBQ1PQhWVWzr1vCBy9MNkTtuAUcGLIqNlR"


@contextmanager
def server(folder: Path, **faults: Any) -> Iterator[tuple[FileFaults, SftpStaging, dict[str, str]]]:
    """An SFTP server with faults, and the settings to reach it."""
    for name in ("autoproc", "fromcheetah"):
        (folder / "root" / name).mkdir(parents=True)
    dial = FileFaults(**faults)
    with password_server.running(folder / "root", dial) as (port, known):
        config = by_password(port, password_server.USER)
        yield dial, config, {"PASSWORD": password_server.PASSWORD, "KNOWN": known}


def port_of(config: StagingConfig) -> int:
    assert isinstance(config, S3Staging | AzureBlobStaging)
    port = urlsplit(_url(config)).port
    assert port is not None
    return port


def through(config: StagingConfig, port: int) -> StagingConfig:
    assert isinstance(config, S3Staging | AzureBlobStaging)
    name = "endpoint_url" if isinstance(config, S3Staging) else "account_url"
    return config.model_copy(update={name: _url(config).replace(f":{port_of(config)}", f":{port}")})


def _url(config: S3Staging | AzureBlobStaging) -> str:
    return (config.endpoint_url if isinstance(config, S3Staging) else config.account_url) or ""


def tried(config: StagingConfig, environ: dict[str, str]) -> dict[tuple[str, str], Step]:
    steps = staging_steps(config, inbox=True, retry_seconds=0.5, environ=environ)
    return {(step.part, step.name): step for step in steps}


def outcomes(steps: dict[tuple[str, str], Step], part: str) -> dict[str, str]:
    return {name: step.outcome for (where, name), step in steps.items() if where == part}


def failing(steps: dict[tuple[str, str], Step]) -> Step:
    [step] = [step for step in steps.values() if step.outcome == "fails"]
    assert step.next_step
    return step


@pytest.fixture(scope="module", params=ALL)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackEnd]:
    with ALL[request.param](tmp_path_factory.mktemp(request.param)) as back_end:
        yield back_end


@pytest.fixture
def back_end(running: BackEnd) -> BackEnd:
    """A running back end with empty folders."""
    running.files.clear()
    return running


@pytest.fixture(scope="module", params=IN_OBJECT_STORES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackEnd]:
    with IN_OBJECT_STORES[request.param](tmp_path_factory.mktemp(request.param)) as back_end:
        yield back_end


def test_where_all_works_every_step_says_so_and_nothing_is_left(back_end: BackEnd) -> None:
    back_end.files.put("autoproc", "a.csv", b"theirs")
    steps = tried(back_end.config, back_end.environ)
    assert {step.outcome for step in steps.values()} == {"works"}
    assert [name for part, name in steps if part == "staging"] == WAY.get(back_end.name, SSH)
    for part in ("outbox", "inbox"):
        assert [name for where, name in steps if where == part] == FOLDER
    assert "autoproc: 1 files" in steps["outbox", "list"].found
    assert back_end.files.names("autoproc") == ["a.csv"]
    assert back_end.files.names("fromcheetah") == []


def test_what_a_killed_check_left_is_no_hindrance_and_is_removed(back_end: BackEnd) -> None:
    with back_end.open() as staging:
        for folder in (f"autoproc/{PROBE_FOLDER}", f"autoproc/{PROBE_FOLDER}/moved"):
            staging.make_folder(folder)
    back_end.files.put(f"autoproc/{PROBE_FOLDER}/moved", "gigya-cheetah-probe", b"left")
    back_end.files.put(f"autoproc/{PROBE_FOLDER}", "gigya-cheetah-probe", b"left")
    steps = tried(back_end.config, back_end.environ)
    assert {step.outcome for step in steps.values()} == {"works"}
    assert back_end.files.names("autoproc") == []


def test_nothing_appears_that_an_import_could_take(tmp_path: Path) -> None:
    """The server keeps every path that was opened for writing, made or renamed."""
    with server(tmp_path) as (faults, config, environ):
        tried(config, environ)
    assert faults.written
    assert all(f"/{PROBE_FOLDER}" in path for path in faults.written)


@pytest.mark.parametrize(
    ("denied", "step", "told"),
    [
        ("list", "list", "list autoproc"),
        ("mkdir", "make a folder", "while creating it"),
        ("write", "write and rename", "while writing the temporary file"),
        ("stat", "write and rename", "while confirming its size"),
        ("rename", "write and rename", "while renaming it"),
        ("read", "read back", "fetch gigya-cheetah-probe"),
        ("plain_rename", "move", "while renaming it"),
        ("remove", "delete", "remove gigya-cheetah-probe"),
    ],
)
def test_a_right_that_is_missing_is_told_by_its_step_alone(tmp_path: Path, denied: str, step: str, told: str) -> None:
    with server(tmp_path, denied=frozenset({denied})) as (_, config, environ):
        steps = tried(config, environ)
    for part in ("outbox", "inbox"):
        broken = [found for (where, _), found in steps.items() if where == part and found.outcome == "fails"]
        assert [found.name for found in broken] == [step]
        assert "permission denied" in broken[0].found
        assert told.replace("autoproc", {"outbox": "autoproc", "inbox": "fromcheetah"}[part]) in broken[0].found
        assert "give acme the right" in broken[0].next_step
    assert set(outcomes(steps, "staging").values()) == {"works"}


def test_a_read_only_inbox_is_told_and_the_outbox_works(tmp_path: Path) -> None:
    with server(tmp_path, read_only="fromcheetah") as (_, config, environ):
        steps = tried(config, environ)
    assert set(outcomes(steps, "outbox").values()) == {"works"}
    assert outcomes(steps, "inbox")["list"] == "works"
    assert failing(steps).name == "make a folder"


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with server(tmp_path) as (_, config, environ):
        steps = tried(config.model_copy(update={"outbox": "nowhere"}), environ)
    assert "no such folder" in steps["outbox", "list"].found
    assert steps["outbox", "list"].next_step == "create the folder nowhere, or correct it in staging"


def test_an_unknown_host_is_told_by_its_name() -> None:
    config = by_password(22, "acme", host="no-such-host.invalid")
    steps = tried(config, {"PASSWORD": "x", "KNOWN": f"no-such-host.invalid {KEY}"})
    assert failing(steps).name == "resolve"
    assert {step.outcome for step in list(steps.values())[1:]} == {"not tried"}


def test_a_port_where_nobody_listens_is_told_by_the_connection() -> None:
    with gateway.running(1) as ended:
        port = ended.port
    steps = tried(by_password(port, "acme"), {"PASSWORD": "x", "KNOWN": f"127.0.0.1 {KEY}"})
    assert failing(steps).name == "connect"


def test_a_changed_host_key_is_told_with_both_fingerprints_and_nobody_logs_in(tmp_path: Path) -> None:
    with server(tmp_path) as (faults, config, environ):
        steps = tried(config, {**environ, "KNOWN": f"127.0.0.1 {KEY}"})
    step = failing(steps)
    assert (step.name, step.found.count("SHA256:")) == ("host key", 2)
    assert faults.users == []


def test_a_port_with_another_protocol_is_told_by_the_host_key() -> None:
    with gateway.running(1) as web:
        config = by_password(web.port, "acme", timeout_seconds=1)
        steps = tried(config, {"PASSWORD": "x", "KNOWN": f"127.0.0.1 {KEY}"})
    assert failing(steps).name == "host key"


def test_a_wrong_password_is_told_and_tried_once(tmp_path: Path) -> None:
    with server(tmp_path) as (faults, config, environ):
        steps = tried(config, {**environ, "PASSWORD": "wrong-password"})
    step = failing(steps)
    assert (step.name, faults.passwords) == ("log in", 1)
    assert "wrong-password" not in step.found + step.next_step
    assert set(outcomes(steps, "outbox").values()) == {"not tried"}


@pytest.mark.parametrize(
    ("answers", "step", "told"),
    [
        (
            (Answer(403, "InvalidAccessKeyId"), Answer(403, "AuthenticationFailed")),
            ("staging", "log in"),
            "not accepted",
        ),
        ((Answer(404, "NoSuchBucket"), Answer(404, "ContainerNotFound")), ("staging", "log in"), "no such"),
        (DENIED, ("outbox", "list"), "permission denied"),
    ],
)
def test_what_an_object_store_refuses_is_told_by_its_step(store, answers, step, told) -> None:
    with gateway.running(port_of(store.config)) as front:
        front.refuse = lambda *_: answers[store.name == "azure_blob"]
        steps = tried(through(store.config, front.port), store.environ)
    assert steps[step].outcome == "fails"
    assert told in steps[step].found
    assert steps[step].next_step


@pytest.mark.parametrize(("method", "step"), [("PUT", "write and rename"), ("DELETE", "delete")])
def test_a_right_that_is_missing_in_an_object_store_is_told_by_its_step(store, method, step) -> None:
    with gateway.running(port_of(store.config)) as front:
        front.refuse = lambda found, *_: DENIED[store.name == "azure_blob"] if found == method else None
        steps = tried(through(store.config, front.port), store.environ)
    assert steps["outbox", "list"].outcome == "works"
    assert steps["outbox", step].outcome == "fails"


def test_files_that_are_there_stay_as_they_are(back_end: BackEnd) -> None:
    for folder in ("autoproc", "fromcheetah"):
        back_end.files.put(folder, "gigya-cheetah-probe", b"theirs")
    tried(back_end.config, back_end.environ)
    for folder in ("autoproc", "fromcheetah"):
        assert back_end.files.read(folder, "gigya-cheetah-probe") == b"theirs"
