"""Starting, stopping and finding again what the folder keeps; and the sandbox as a process of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from gigya_cheetah_assets.errors import ConfigError
from gigya_cheetah_assets.sandbox import Population, Sandbox, credentials
from gigya_cheetah_assets.sandbox.command import default_folder, sandbox
from gigya_cheetah_assets_tests.sandbox.site_calls import KEY_AND_SECRET, results, search

FEW = Population(30, seed=1, start=datetime(2026, 3, 1, tzinfo=UTC), end=datetime(2026, 3, 2, tzinfo=UTC))


def uids(box: Sandbox) -> list[str]:
    return [row["UID"] for row in results(box, "SELECT UID FROM accounts")]


def test_nothing_is_left_running(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with Sandbox(tmp_path, FEW) as box, requests.Session() as session:
        port = box.http_port
        session.post(f"http://{box.api_domain}/accounts.search", data=KEY_AND_SECRET, timeout=10)
    assert set(threading.enumerate()) == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_the_folder_keeps_accounts_changes_and_keys(tmp_path: Path) -> None:
    with Sandbox(tmp_path, FEW) as box:
        first, keys, host = uids(box), box.environ, box.known_hosts.split()[1:]
        box.site.change(first[0], data={"loyalty": {"tier": "platinum"}})
        (box.sftp_root / "autoproc" / "kept.csv").touch()
    with Sandbox(tmp_path, FEW) as box:
        assert uids(box) == first
        assert box.site.account(first[0])["data"]["loyalty"]["tier"] == "platinum"
        assert box.known_hosts.split()[1:] == host
        for name in (credentials.PRIVATE_KEY_VARIABLE, credentials.SFTP_PRIVATE_KEY_VARIABLE):
            assert box.environ[name] == keys[name]
    with Sandbox(tmp_path, FEW, fresh=True) as box:
        assert box.site.account(first[0]).get("data", {}).get("loyalty", {}).get("tier") != "platinum"
        assert list((box.sftp_root / "autoproc").iterdir()) == []


def test_a_key_that_was_half_made_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "gigya_rsa.pem.new").write_text("-----BEGIN RSA")
    with Sandbox(tmp_path, FEW) as box:
        assert box.environ[credentials.PRIVATE_KEY_VARIABLE].rstrip().endswith("-----END RSA PRIVATE KEY-----")
    assert not (tmp_path / "gigya_rsa.pem.new").exists()
    assert (tmp_path / "gigya_rsa.pem").stat().st_mode & 0o777 == 0o600


def test_other_people_replace_those_of_the_folder(tmp_path: Path) -> None:
    with Sandbox(tmp_path, FEW) as box:
        first = uids(box)
    with Sandbox(tmp_path, Population(30, seed=2, start=FEW.start, end=FEW.end)) as box:
        assert set(uids(box)).isdisjoint(first)


def test_writes_that_waited_for_the_search_are_not_lost(tmp_path: Path) -> None:
    with Sandbox(tmp_path, FEW, search_lag=3600) as box:
        new = box.site.add_full(profile={"email": "new@example.org"})
        assert new not in uids(box)
    with Sandbox(tmp_path, FEW, search_lag=3600) as box:
        assert new in uids(box)


def test_by_default_updates_lie_in_the_last_30_days(tmp_path: Path) -> None:
    with Sandbox(tmp_path, Population(50)) as box:
        now = time.time() * 1000
        rows = results(box, "SELECT lastUpdatedTimestamp FROM accounts")
        assert all(now - 31 * 86_400_000 < row["lastUpdatedTimestamp"] <= now for row in rows)


def test_a_port_in_use_is_said_clearly(tmp_path: Path) -> None:
    with Sandbox(tmp_path / "one", FEW) as box:
        second = Sandbox(tmp_path / "two", FEW, http_port=box.http_port)
        with pytest.raises(ConfigError, match=rf"port {box.http_port} .* is in use"):
            second.__enter__()
    assert not (tmp_path / "two").exists()


def test_a_wrong_file_of_accounts_starts_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "accounts.jsonl"
    path.write_text("no json\n")
    box = Sandbox(tmp_path / "box", Population(load=path))
    for _ in range(2):
        with pytest.raises(ConfigError, match=r"accounts\.jsonl:1"):
            box.__enter__()
    path.write_text('{"UID": "a"}\n')
    with box:
        assert uids(box) == ["a"]


def test_python_and_http_work_at_the_same_time(tmp_path: Path) -> None:
    with Sandbox(tmp_path, FEW) as box:
        failures: list[int] = []

        def read() -> None:
            codes = [search(box, "SELECT UID FROM emailAccounts")["errorCode"] for _ in range(40)]
            failures.extend(code for code in codes if code)

        threads = [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        for number in range(60):
            box.site.touch(5, at=1_780_000_000_000 + number)
        for thread in threads:
            thread.join()
        assert failures == []
        assert results(box, "SELECT UID FROM accounts WHERE lastUpdatedTimestamp = 1780000000059 LIMIT 9")


def test_as_a_process_it_says_how_to_reach_it_and_ends_on_sigterm(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "gigya_cheetah_assets.sandbox",
        "--accounts",
        "20",
        "--http-port",
        "0",
        "--sftp-port",
        "0",
    ]
    environ = os.environ | {"GIGYA_CHEETAH_DATA": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ, text=True) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        text = "".join(lines)
        found = re.search(r"http://(\S+)/accounts.search", text)
        assert found is not None
        body = requests.post(found[0], data=KEY_AND_SECRET | {"query": "SELECT count(*) FROM accounts"}, timeout=10)
        assert body.json()["errorCode"] == 0
        shell = subprocess.run(
            ["sh", "-c", "".join(lines[lines.index("\n") :][:-1]) + '\nprintf %s "$SANDBOX_SFTP_PRIVATE_KEY"'],
            capture_output=True,
            text=True,
            check=True,
        )
        assert shell.stdout == (tmp_path / "sandbox" / "sftp_user_ed25519").read_text().strip()
        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=20)
    assert (process.returncode, rest, errors) == (0, "Sandbox stopped.\n", "")


def test_as_a_process_it_names_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        command = [sys.executable, "-m", "gigya_cheetah_assets.sandbox", "--folder", str(tmp_path), "--http-port", port]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"port {port} of 127.0.0.1 is in use" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["--accounts", "-1"], ["--load", "missing.jsonl"], ["--rate-limit", "0"]])
def test_wrong_options_are_refused(arguments: list[str]) -> None:
    assert CliRunner().invoke(sandbox, arguments).exit_code == 2


def test_wrong_faults_are_refused_before_anything_starts(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(sandbox, ["--faults", "droop", "--folder", str(tmp_path / "box")])
    assert isinstance(outcome.exception, ConfigError)
    assert not (tmp_path / "box").exists()


def test_the_default_folder_lies_in_the_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIGYA_CHEETAH_DATA", "/somewhere")
    assert default_folder() == Path("/somewhere/sandbox")
    monkeypatch.delenv("GIGYA_CHEETAH_DATA")
    assert default_folder() == Path("data/sandbox")
