"""SFTP over long, bad and idle lines, and keys that change in the middle of a file."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gigya_cheetah_assets.staging import Staging, open_staging
from gigya_cheetah_assets.staging import sftp_transfer as transfer
from gigya_cheetah_assets.staging.sftp_connect import SftpLogin, connect
from gigya_cheetah_assets_tests.integration import sshd
from gigya_cheetah_assets_tests.integration.slow_line import SlowLine

MEGABYTES = 4
# One request after the other would take 32 s for this, and a block of 32 KiB a round trip four times as long.
LEAST_RATE = 0.5


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd.Sshd]:
    with sshd.running(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(os.urandom(MEGABYTES * 1_000_000))
    return path


def through(server: sshd.Sshd, line: SlowLine, **changes: object) -> Staging:
    environ = {**server.environ}
    environ["KNOWN_HOSTS"] = environ["KNOWN_HOSTS"].replace(f":{server.port} ", f":{line.port} ")
    return open_staging(server.config(port=line.port, **changes), environ)


def test_a_line_of_a_quarter_second_that_loses_a_hundredth_is_slow_and_brings_the_same_bytes(server, source, tmp_path):
    with SlowLine(server.port, round_trip=0.25, loss=0.01) as line, through(server, line) as staging:
        staging.list()
        started = time.monotonic()
        staging.deliver(source, "a.csv")
        up, started = time.monotonic() - started, time.monotonic()
        staging.fetch("a.csv", tmp_path / "back")
        down = time.monotonic() - started
    assert (server.root / "autoproc/a.csv").read_bytes() == source.read_bytes() == (tmp_path / "back").read_bytes()
    assert MEGABYTES / up > LEAST_RATE
    assert MEGABYTES / down > LEAST_RATE


def test_keys_that_change_in_the_middle_of_a_file_are_no_hindrance(source, tmp_path):
    with (
        sshd.running(tmp_path, more=["RekeyLimit 1M", "LogLevel DEBUG1"]) as server,
        open_staging(server.config(), server.environ) as staging,
    ):
        staging.deliver(source, "a.csv")
        staging.fetch("a.csv", tmp_path / "back")
        # Once at the beginning, and then within the file, both ways.
        assert (server.folder / "sshd.log").read_text().count("SSH2_MSG_NEWKEYS received") > MEGABYTES
    assert (server.root / "autoproc/a.csv").read_bytes() == source.read_bytes() == (tmp_path / "back").read_bytes()


def test_an_idle_connection_is_kept_alive(server):
    with SlowLine(server.port, round_trip=0) as line, through(server, line, timeout_seconds=0.4) as staging:
        staging.list()
        before = line.relayed
        time.sleep(1.5)
        assert line.relayed > before
        staging.list()


def test_the_progress_of_a_transfer_counts_every_byte_once(server, source, tmp_path):
    counted: list[int] = []
    client = connect(SftpLogin.of(server.config(), server.environ))
    try:
        with source.open("rb") as reader:
            transfer.upload(client, reader, "autoproc/a.csv", counted.append)
        assert (sum(counted), len(counted)) == (MEGABYTES * 1_000_000, 16)
        counted.clear()
        with (tmp_path / "back").open("wb") as writer:
            assert transfer.download(client, "autoproc/a.csv", writer, lambda _: counted.append) == sum(counted)
    finally:
        client.close()
    assert (tmp_path / "back").read_bytes() == source.read_bytes()
