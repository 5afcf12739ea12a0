"""The SFTP staging against OpenSSH's own server."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gigya_cheetah_assets.config.staging import SftpStaging
from gigya_cheetah_assets.errors import RetryLater
from gigya_cheetah_assets.staging import Staging, open_staging
from gigya_cheetah_assets.staging.errors import (
    LoginRefused,
    StagingMissing,
    StagingPermission,
    StagingRefused,
    StagingUnreachable,
)
from gigya_cheetah_assets_tests.integration import sshd
from gigya_cheetah_assets_tests.integration.cutting import CuttingProxy


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd.Sshd]:
    with sshd.running(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture(autouse=True)
def _clean(request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue("server")
    for path in server.root.glob("*/*"):
        path.unlink()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(os.urandom(3_000_001))
    return path


def opened(server: sshd.Sshd, **changes: object) -> Staging:
    return open_staging(server.config(**changes), server.environ)


def names(server: sshd.Sshd) -> list[str]:
    return sorted(path.name for path in (server.root / "autoproc").iterdir())


def test_a_wrong_password_is_named_and_not_shown(server):
    environ = {**server.environ, "PASSWORD": "wrong-password"}
    config = server.config(private_key=None, password={"env": "PASSWORD"}, retry_seconds=60)
    with (
        pytest.raises(LoginRefused, match=r"password of .* was not accepted") as caught,
        open_staging(config, environ) as s,
    ):
        s.list()
    assert "wrong-password" not in str(caught.value)


def test_an_unknown_key_is_refused(server, tmp_path):
    environ = {**server.environ, "KEY": sshd.make_key(tmp_path / "stranger").read_text()}
    with (
        pytest.raises(LoginRefused, match=r"private key of .*SHA256:"),
        open_staging(server.config(), environ) as staging,
    ):
        staging.list()


def test_a_missing_outbox_is_named(server, source):
    with pytest.raises(StagingMissing, match=r"deliver a\.csv to nowhere"), opened(server, outbox="nowhere") as staging:
        staging.deliver(source, "a.csv")


def test_a_server_that_permits_no_writing_is_named_at_once(tmp_path, source):
    with sshd.running(tmp_path, sftp_options="-R") as server:
        slow = opened(server, retry_seconds=60)
        with pytest.raises(StagingPermission, match=r"deliver a\.csv to autoproc: permission denied"), slow as staging:
            staging.deliver(source, "a.csv")
        assert names(server) == []


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_a_full_disk_is_named_and_leaves_nothing(server, tmp_path, size):
    # What the server writes under the temporary name goes to a device that is always full.
    (server.root / "autoproc/.a.csv.part").symlink_to("/dev/full")
    (tmp_path / "source").write_bytes(b"x" * size)
    slow = opened(server, retry_seconds=60)
    with pytest.raises(StagingRefused, match=r"deliver a\.csv to autoproc: refused") as caught, slow as staging:
        staging.deliver(tmp_path / "source", "a.csv")
    assert "space and quota" in caught.value.next_step
    assert names(server) == []


def test_a_missing_local_file_is_no_fault_of_the_server(server, tmp_path):
    with pytest.raises(FileNotFoundError), opened(server) as staging:
        staging.deliver(tmp_path / "missing", "a.csv")


def test_a_server_that_says_nothing_is_given_up_after_the_timeout():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGgdZHsPVPLBQ1PQhWVWzr1vCBy9MNkTtuAUcGLIqNlR"
        environ = {"PASSWORD": "x", "KNOWN_HOSTS": f"[127.0.0.1]:{port} {key}"}
        config = SftpStaging.model_validate({
            "type": "sftp", "host": "127.0.0.1", "port": port, "username": "u", "password": {"env": "PASSWORD"},
            "known_hosts": {"env": "KNOWN_HOSTS"}, "timeout_seconds": 0.3, "retry_seconds": 0,
        })  # fmt: skip
        with pytest.raises(StagingUnreachable), open_staging(config, environ) as staging:
            staging.list()


def test_the_connection_is_opened_with_the_first_use_and_kept(server, source):
    with CuttingProxy(server.port) as proxy:
        with through(server, proxy) as staging:
            assert proxy.connections == 0
            staging.deliver(source, "a.csv")
            staging.list()
        assert proxy.connections == 1


def test_a_cut_during_a_download_leaves_a_whole_file(server, source, tmp_path):
    (server.root / "autoproc/a.csv").write_bytes(source.read_bytes())
    with CuttingProxy(server.port, cut_after=1_000_000) as proxy, through(server, proxy) as staging:
        staging.fetch("a.csv", tmp_path / "back")
        assert proxy.connections == 2
    assert (tmp_path / "back").read_bytes() == source.read_bytes()


def test_a_port_where_nobody_listens_is_unreachable_after_the_retry_time(server):
    with CuttingProxy(server.port) as proxy:
        gone = through(server, proxy, retry_seconds=0)
    with pytest.raises(RetryLater, match=r"ConnectionRefusedError"), gone as staging:
        staging.list()


def through(server: sshd.Sshd, proxy: CuttingProxy, **changes: object) -> Staging:
    """A staging that reaches the server by way of the proxy's port."""
    environ = {**server.environ}
    environ["KNOWN_HOSTS"] = environ["KNOWN_HOSTS"].replace(f":{server.port} ", f":{proxy.port} ")
    return open_staging(server.config(port=proxy.port, **changes), environ)
