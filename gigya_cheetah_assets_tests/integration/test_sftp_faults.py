"""SFTP servers and lines that misbehave: what is named, what is repeated, and what is left behind."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest
from asyncssh.packet import String, UInt32

from gigya_cheetah_assets.errors import GigyaCheetahError
from gigya_cheetah_assets.staging import Delivered, Staging, open_staging
from gigya_cheetah_assets.staging.errors import (
    HostKeyRefused,
    LoginRefused,
    SizeMismatch,
    StagingFull,
    StagingPermission,
    StagingRefused,
    StagingUnreachable,
)
from gigya_cheetah_assets_tests.integration import password_server, sshd
from gigya_cheetah_assets_tests.integration.back_ends import by_password
from gigya_cheetah_assets_tests.integration.cutting import CuttingProxy
from gigya_cheetah_assets_tests.integration.faulty_files import FileFaults
from gigya_cheetah_assets_tests.packages import require_program


@dataclass(frozen=True)
class Faulty:
    """A running server with faults."""

    root: Path
    port: int
    known: str
    faults: FileFaults

    def open(self, *, password: str = password_server.PASSWORD, known: str = "", **changes: object) -> Staging:
        config = by_password(**{"port": self.port, "user": password_server.USER, **changes})  # type: ignore[arg-type]
        return open_staging(config, {"PASSWORD": password, "KNOWN": known or self.known})

    @property
    def outbox(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (self.root / "autoproc").iterdir()}


@contextmanager
def faulty(root: Path, **faults: object) -> Iterator[Faulty]:
    for name in ("autoproc", "fromcheetah", "archive"):
        (root / name).mkdir(parents=True)
    dial = FileFaults(**faults)  # type: ignore[arg-type]  # the names are checked at run time
    with password_server.running(root, dial) as (port, known):
        yield Faulty(root, port, known, dial)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(os.urandom(1_000_001))
    return path


@pytest.mark.parametrize(
    ("verb", "step"),
    [
        ("write", "while writing the temporary file"),
        ("stat", "while confirming its size"),
        ("rename", "while renaming it"),
    ],
)
def test_a_missing_right_is_named_by_its_step_at_once_and_leaves_the_older_file(tmp_path, source, verb, step):
    with faulty(tmp_path / "root", denied=frozenset({verb})) as server:
        (server.root / "autoproc/a.csv").write_bytes(b"older")
        with pytest.raises(StagingPermission, match=f"permission denied {step}"), server.open() as staging:
            staging.deliver(source, "a.csv")
        assert server.outbox == {"a.csv": b"older"}
        assert server.faults.connections == 1


def test_the_other_missing_rights_are_named_too(tmp_path):
    with faulty(tmp_path / "root", denied=frozenset({"list", "read", "remove", "rename"})) as server:
        (server.root / "fromcheetah/a.dat").write_bytes(b"a")
        with server.open() as staging:
            with pytest.raises(StagingPermission, match="list fromcheetah"):
                staging.list("fromcheetah")
            with pytest.raises(StagingPermission, match=r"fetch a\.dat"):
                staging.fetch("a.dat", tmp_path / "x", folder="fromcheetah")
            with pytest.raises(StagingPermission, match=r"remove a\.dat"):
                staging.remove("a.dat", folder="fromcheetah")
            with pytest.raises(StagingPermission, match=r"move a\.dat .* while renaming it"):
                staging.move("a.dat", "archive", folder="fromcheetah")
        assert (server.root / "fromcheetah/a.dat").exists()
        assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("moment", ["write", "last", "close", "rename"])
def test_a_quota_that_ends_at_any_moment_is_named_and_leaves_the_older_file(tmp_path, source, moment):
    with faulty(tmp_path / "root", full_at=moment) as server:
        (server.root / "autoproc/a.csv").write_bytes(b"older")
        with pytest.raises(StagingFull, match="no space or quota left while"), server.open() as staging:
            staging.deliver(source, "a.csv")
        assert server.outbox == {"a.csv": b"older"}
        assert server.faults.connections == 1


class Answer(asyncssh.SFTPError):
    """An answer with any code and any bytes for a text."""

    def __init__(self, code: int, text: bytes) -> None:
        super().__init__(code, "")
        self._text = text

    def encode(self, version: int) -> bytes:
        return UInt32(self.code) + String(self._text) + String("")


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (14, b"", StagingFull),
        (15, b"", StagingFull),
        (12, b"", StagingPermission),
        (4, "Zugriff nicht möglich".encode("latin-1"), StagingRefused),
    ],
)
def test_codes_of_later_versions_and_texts_that_are_no_utf_8_are_understood(tmp_path, source, code, text, expected):
    with faulty(tmp_path / "root", full_at="write", error=Answer(code, text)) as server:
        with pytest.raises(GigyaCheetahError) as caught, server.open() as staging:
            staging.deliver(source, "a.csv")
        assert type(caught.value) is expected
        assert server.outbox == {}


def test_a_size_that_is_not_confirmed_leaves_no_new_file(tmp_path, source):
    with faulty(tmp_path / "root", hidden_growth=1) as server:
        (server.root / "autoproc/a.csv").write_bytes(b"older")
        with pytest.raises(SizeMismatch, match="expected 1000001 bytes, found 1000002"), server.open() as staging:
            staging.deliver(source, "a.csv")
        assert server.outbox == {"a.csv": b"older"}


def test_without_posix_rename_the_older_file_is_put_back_when_the_new_one_cannot_take_its_place(tmp_path, source):
    with faulty(tmp_path / "root", posix_rename=False, stuck=True) as server:
        (server.root / "autoproc/a.csv").write_bytes(b"older")
        with pytest.raises(StagingRefused, match="while renaming it"), server.open() as staging:
            staging.deliver(source, "a.csv")
        assert server.outbox == {"a.csv": b"older"}


def test_without_posix_rename_what_a_killed_run_set_aside_is_cleared(tmp_path, source):
    with faulty(tmp_path / "root", posix_rename=False) as server:
        for older in (False, True):
            (server.root / "autoproc/.a.csv.old").write_bytes(b"set aside")
            assert (server.root / "autoproc/a.csv").exists() == older
            with server.open() as staging:
                staging.deliver(source, "a.csv")
            assert server.outbox == {"a.csv": source.read_bytes()}


def test_a_file_that_was_moved_before_the_connection_broke_counts_as_moved(tmp_path):
    with faulty(tmp_path / "root", cut_after_rename=True) as server:
        (server.root / "fromcheetah/a.dat").write_bytes(b"a")
        with server.open() as staging:
            assert staging.move("a.dat", "archive", folder="fromcheetah") == "a.dat"
        assert [path.name for path in (server.root / "archive").iterdir()] == ["a.dat"]
        assert server.faults.connections == 2


def test_a_server_that_stops_answering_is_left_after_the_timeout_and_the_file_arrives_later(tmp_path, source):
    with faulty(tmp_path / "root", stall_at=300_000) as server:
        with server.open(timeout_seconds=0.5) as staging:
            assert staging.deliver(source, "a.csv") == Delivered("a.csv", 1_000_001)
        assert server.outbox == {"a.csv": source.read_bytes()}
        assert server.faults.connections == 2


def test_a_line_that_takes_nothing_any_more_is_left_after_the_timeout(tmp_path):
    (tmp_path / "source").write_bytes(os.urandom(12_000_000))
    with (
        faulty(tmp_path / "root") as server,
        CuttingProxy(server.port, cut_after=400_000, stalls=True) as proxy,
    ):
        known = server.known.replace(f":{server.port} ", f":{proxy.port} ")
        started = time.monotonic()
        with server.open(port=proxy.port, known=known, timeout_seconds=1) as staging:
            staging.deliver(tmp_path / "source", "a.csv")
        assert server.outbox == {"a.csv": (tmp_path / "source").read_bytes()}
        assert proxy.connections == 2
        assert time.monotonic() - started < 10


def test_an_operation_that_took_longer_than_the_retry_time_is_still_repeated_when_it_breaks(tmp_path, source):
    with (
        faulty(tmp_path / "root") as server,
        CuttingProxy(server.port, cut_after=400_000, pause=1.2) as proxy,
    ):
        known = server.known.replace(f":{server.port} ", f":{proxy.port} ")
        with server.open(port=proxy.port, known=known, retry_seconds=1) as staging:
            staging.deliver(source, "a.csv")
        assert server.outbox == {"a.csv": source.read_bytes()}


def test_a_wrong_password_is_tried_once(tmp_path):
    with faulty(tmp_path / "root") as server:
        with pytest.raises(LoginRefused), server.open(password="wrong", retry_seconds=60) as staging:
            staging.list()
        assert server.faults.passwords == 1


def test_a_refused_login_is_not_tried_again_by_this_process_until_its_credential_changes(tmp_path):
    with faulty(tmp_path / "root") as server:
        for told in ("was not accepted", "was refused a while ago and is not tried again for 30 min"):
            with pytest.raises(LoginRefused, match=told), server.open(password="old-password") as staging:
                staging.list()
        assert server.faults.passwords == 1
        with server.open() as staging:
            assert staging.list() == []


def test_a_server_that_thinks_too_long_about_a_login_is_left_after_the_timeout(tmp_path):
    with faulty(tmp_path / "root", login_seconds=20) as server:
        started = time.monotonic()
        with pytest.raises(StagingUnreachable), server.open(timeout_seconds=0.4, retry_seconds=0) as staging:
            staging.list()
        assert time.monotonic() - started < 5


def test_a_server_without_any_rename_is_told_and_shows_no_part_of_a_file(tmp_path, source):
    with faulty(tmp_path / "root", posix_rename=False, any_rename=False) as server:
        told = "does not know this operation while renaming it"
        with pytest.raises(StagingRefused, match=told) as caught, server.open() as staging:
            staging.deliver(source, "a.csv")
        assert "without a rename no file can appear whole" in caught.value.next_step
        assert server.outbox == {}


def test_folders_are_found_from_the_root_that_the_user_is_locked_into(tmp_path, source):
    with faulty(tmp_path / "root") as server:
        with server.open(outbox="/autoproc", inbox="/fromcheetah") as staging:
            staging.deliver(source, "a.csv")
            assert staging.move("a.csv", "/archive") == "a.csv"
        assert (server.root / "archive/a.csv").read_bytes() == source.read_bytes()


def test_a_size_that_is_told_wrong_gives_no_copy(tmp_path):
    with faulty(tmp_path / "root", hidden_growth=1) as server:
        (server.root / "fromcheetah/a.dat").write_bytes(b"content")
        with pytest.raises(SizeMismatch), server.open() as staging:
            staging.fetch("a.dat", tmp_path / "got", folder="fromcheetah")
        assert not (tmp_path / "got").exists()


def test_a_full_disk_of_this_machine_is_named_and_leaves_no_copy(openssh, tmp_path):
    (openssh.root / "fromcheetah/a.dat").write_bytes(os.urandom(3_000_000))
    with open_staging(openssh.config(), openssh.environ) as staging:
        staging.list()
        with little_space(), pytest.raises(StagingFull, match="while writing the copy on this machine"):
            staging.fetch("a.dat", tmp_path / "got", folder="fromcheetah")
        assert list(tmp_path.iterdir()) == []
        staging.fetch("a.dat", tmp_path / "got", folder="fromcheetah")


@contextmanager
def little_space() -> Iterator[None]:
    """No file of this process may grow beyond a megabyte."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_host_that_the_name_service_does_not_know_may_be_known_later():
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGgdZHsPVPLBQ1PQhWVWzr1vCBy9MNkTtuAUcGLIqNlR"
    config = by_password(22, "acme", host="no-such-host.invalid", retry_seconds=0.5)
    with (
        pytest.raises(StagingUnreachable, match="gaierror"),
        open_staging(config, {"PASSWORD": "x", "KNOWN": f"no-such-host.invalid {key}"}) as staging,
    ):
        staging.list()


def test_a_program_that_writes_a_text_where_the_protocol_should_be_is_not_read_for_ever(tmp_path, sftp_server):
    greeting = f"Subsystem sftp /bin/sh -c 'echo Welcome, dear user; exec {sftp_server}'"
    with sshd.running(tmp_path, subsystem=greeting) as server:
        started = time.monotonic()
        staging = open_staging(server.config(retry_seconds=0), server.environ)
        with pytest.raises(StagingUnreachable, match="SFTPError"), staging:
            staging.list()
        assert time.monotonic() - started < 4


@pytest.fixture
def sftp_server() -> str:
    return require_program("sftp-server", "openssh-sftp-server")


@pytest.mark.parametrize(
    ("kind", "options", "passphrase"),
    [
        ("rsa", ("-b", "2048"), None),
        ("rsa", ("-b", "2048", "-m", "PEM"), "pass phrase"),
        ("ecdsa", ("-b", "256"), "pass phrase"),
        ("ecdsa", ("-b", "521"), None),
        ("ed25519", (), "pass phrase"),
    ],
)
def test_each_kind_of_key_logs_in_with_its_passphrase(tmp_path, kind, options, passphrase):
    # -N of the later one counts.
    key = sshd.make_key(tmp_path / "own", kind, *options, *(("-N", passphrase) if passphrase else ()))
    with sshd.running(tmp_path) as server:
        (server.folder / "authorized").write_bytes(key.with_suffix(".pub").read_bytes())
        environ = {**server.environ, "KEY": key.read_text(), "PASSPHRASE": passphrase or ""}
        changes = {"passphrase": {"env": "PASSPHRASE"}} if passphrase else {}
        with open_staging(server.config(**changes), environ) as staging:
            assert staging.list() == []


def test_with_a_wrong_host_key_not_even_the_user_name_is_sent(tmp_path):
    other = sshd.make_key(tmp_path / "other").with_suffix(".pub").read_text().split()
    with faulty(tmp_path / "root") as server:
        known = f"[127.0.0.1]:{server.port} {other[0]} {other[1]}"
        with pytest.raises(HostKeyRefused) as caught, server.open(known=known, retry_seconds=60) as staging:
            staging.list()
        assert str(caught.value).count("SHA256:") == 2
        assert server.faults.users == []


def test_of_several_known_keys_of_one_kind_each_is_accepted(tmp_path):
    with sshd.running(tmp_path) as server:
        host, kind, key = server.environ["KNOWN_HOSTS"].split()
        other = sshd.make_key(tmp_path / "coming").with_suffix(".pub").read_text().split()
        lines = [f"{host} {kind} {key}", f"{host} {other[0]} {other[1]}"]
        for known in (lines, lines[::-1]):
            with open_staging(server.config(), {**server.environ, "KNOWN_HOSTS": "\n".join(known)}) as staging:
                assert staging.list() == []


@pytest.fixture(scope="module")
def openssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd.Sshd]:
    with sshd.running(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.mark.parametrize(
    "after", [1, 30, 1_000, 1_700, 2_500, 3_500, 5_000, 7_000, 250_000, 500_000, 1_000_000, 1_003_000, 1_006_000]
)
def test_a_connection_that_is_cut_at_any_byte_still_ends_in_one_whole_file(openssh, source, after):
    (openssh.root / "autoproc/a.csv").write_bytes(b"older")
    with CuttingProxy(openssh.port, cut_after=after) as proxy:
        environ = {**openssh.environ}
        environ["KNOWN_HOSTS"] = environ["KNOWN_HOSTS"].replace(f":{openssh.port} ", f":{proxy.port} ")
        with open_staging(openssh.config(port=proxy.port), environ) as staging:
            staging.deliver(source, "a.csv")
    assert [path.name for path in (openssh.root / "autoproc").iterdir()] == ["a.csv"]
    assert (openssh.root / "autoproc/a.csv").read_bytes() == source.read_bytes()


def test_a_server_that_is_gone_for_good_is_unreachable_and_the_older_file_stays(openssh, source):
    (openssh.root / "autoproc/a.csv").write_bytes(b"older")
    with CuttingProxy(openssh.port, cut_after=500_000, cuts=1000) as proxy:
        environ = {**openssh.environ}
        environ["KNOWN_HOSTS"] = environ["KNOWN_HOSTS"].replace(f":{openssh.port} ", f":{proxy.port} ")
        with (
            pytest.raises(StagingUnreachable),
            open_staging(openssh.config(port=proxy.port, retry_seconds=0.7), environ) as staging,
        ):
            staging.deliver(source, "a.csv")
        assert proxy.connections > 1
    assert (openssh.root / "autoproc/a.csv").read_bytes() == b"older"
