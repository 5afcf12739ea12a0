"""Login by password, and a server that promises no more than the protocol does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gigya_cheetah_assets.config.staging import SftpStaging
from gigya_cheetah_assets.staging import Staging, open_staging
from gigya_cheetah_assets.staging.errors import LoginRefused
from gigya_cheetah_assets_tests.integration import password_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[int, str]]:
    (tmp_path / "root/autoproc").mkdir(parents=True)
    with password_server.running(tmp_path / "root") as found:
        yield found


def opened(server: tuple[int, str], password: str) -> Staging:
    port, known = server
    config = SftpStaging.model_validate({
        "type": "sftp", "host": "127.0.0.1", "port": port, "username": password_server.USER,
        "password": {"env": "PASSWORD"}, "known_hosts": {"env": "KNOWN"}, "timeout_seconds": 5, "retry_seconds": 60,
    })  # fmt: skip
    return open_staging(config, {"PASSWORD": password, "KNOWN": known})


def test_the_right_password_delivers_to_a_server_with_an_rsa_key_and_back(server, tmp_path):
    (tmp_path / "source").write_bytes(os.urandom(1_000_001))
    with opened(server, password_server.PASSWORD) as staging:
        staging.deliver(tmp_path / "source", "a.csv")
        staging.deliver(tmp_path / "source", "a.csv")
        assert [(file.name, file.size) for file in staging.list()] == [("a.csv", 1_000_001)]
        staging.fetch("a.csv", tmp_path / "back")
    assert [path.name for path in (tmp_path / "root/autoproc").iterdir()] == ["a.csv"]
    assert (tmp_path / "back").read_bytes() == (tmp_path / "source").read_bytes()


def test_a_wrong_password_is_refused_without_a_second_try(server):
    with pytest.raises(LoginRefused) as caught, opened(server, "wrong-password") as staging:
        staging.list()
    assert "wrong-password" not in str(caught.value)
