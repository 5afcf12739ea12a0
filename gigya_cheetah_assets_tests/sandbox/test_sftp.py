"""The SFTP server, with paramiko as client: sign-in, renaming, walls, faults."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import paramiko
import pytest

from gigya_cheetah_assets.sandbox import Population, Sandbox, credentials

USER, PASSWORD = credentials.SFTP_USER, credentials.SFTP_PASSWORD


def private_key(sandbox: Sandbox) -> paramiko.PKey:
    return paramiko.Ed25519Key.from_private_key(io.StringIO(sandbox.environ[credentials.SFTP_PRIVATE_KEY_VARIABLE]))


@contextmanager
def client(sandbox: Sandbox) -> Iterator[paramiko.SFTPClient]:
    with (
        closing(paramiko.Transport(("127.0.0.1", sandbox.sftp_port))) as transport,
    ):
        transport.connect(username=USER, pkey=private_key(sandbox))
        sftp = paramiko.SFTPClient.from_transport(transport)
        assert sftp is not None
        with sftp:
            yield sftp


def test_the_key_and_the_password_let_the_user_in(known: Sandbox) -> None:
    for credential in ({"pkey": private_key(known)}, {"password": PASSWORD}):
        with closing(paramiko.Transport(("127.0.0.1", known.sftp_port))) as transport:
            transport.connect(username=USER, **credential)  # type: ignore[arg-type]  # one of two keywords
            assert transport.is_authenticated()


@pytest.mark.parametrize(("user", "password"), [(USER, "wrong"), ("root", PASSWORD)])
def test_nobody_else_gets_in(known: Sandbox, user: str, password: str) -> None:
    with (
        closing(paramiko.Transport(("127.0.0.1", known.sftp_port))) as transport,
        pytest.raises(paramiko.AuthenticationException),
    ):
        transport.connect(username=user, password=password)


def test_a_foreign_key_is_refused(known: Sandbox) -> None:
    with (
        closing(paramiko.Transport(("127.0.0.1", known.sftp_port))) as transport,
        pytest.raises(paramiko.AuthenticationException),
    ):
        transport.connect(username=USER, pkey=paramiko.RSAKey.generate(2048))


def test_the_known_hosts_line_is_the_server_s(known: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(known.known_hosts)
    with closing(paramiko.Transport(("127.0.0.1", known.sftp_port))) as transport:
        transport.start_client(timeout=10)
        hosts = paramiko.HostKeys(str(path))
        assert hosts.check(f"[127.0.0.1]:{known.sftp_port}", transport.get_remote_server_key())


def test_a_file_goes_up_is_renamed_over_another_and_comes_back(known: Sandbox) -> None:
    content = b"a,b\r\n" * 100_000
    with client(known) as sftp:
        assert set(sftp.listdir("/")) == {"autoproc", "fromcheetah"}
        for data in (b"old", content):
            with sftp.open("autoproc/.part", "wb") as file:
                file.write(data)
            sftp.posix_rename("autoproc/.part", "autoproc/file.csv")
        assert sftp.stat("autoproc/file.csv").st_size == len(content)
        with sftp.open("/autoproc/file.csv", "rb") as file:
            file.prefetch()
            assert file.read() == content
        assert sftp.listdir("autoproc") == ["file.csv"]
        assert (known.sftp_root / "autoproc" / "file.csv").read_bytes() == content
        sftp.remove("autoproc/file.csv")


def test_nothing_outside_the_folder_can_be_reached(known: Sandbox) -> None:
    with client(known) as sftp:
        with pytest.raises(FileNotFoundError):
            sftp.stat("../accounts.sqlite")
        assert set(sftp.listdir("../../..")) == {"autoproc", "fromcheetah"}
        with pytest.raises(OSError, match="no links"):
            sftp.symlink("/etc/passwd", "autoproc/link")


def test_a_transfer_that_breaks_ends_the_connection(known_file: Path, tmp_path: Path) -> None:
    with Sandbox(tmp_path, Population(load=known_file), faults="sftp_drop=1") as sandbox:
        for _ in range(3):
            with pytest.raises((OSError, EOFError, paramiko.SSHException)), client(sandbox) as sftp:
                sftp.putfo(io.BytesIO(b"x" * 300_000), "autoproc/half.csv")
        assert (tmp_path / "sftp" / "autoproc" / "half.csv").stat().st_size < 300_000
        (sandbox.sftp_root / "fromcheetah" / "in.dat").write_bytes(b"y" * 300_000)
        with pytest.raises((OSError, EOFError, paramiko.SSHException)), client(sandbox) as sftp:
            # Without the thread that reads ahead, which would die unseen.
            sftp.getfo("fromcheetah/in.dat", io.BytesIO(), prefetch=False)


def test_a_slow_server_still_delivers(known_file: Path, tmp_path: Path) -> None:
    with Sandbox(tmp_path, Population(load=known_file), faults="sftp_slow=0.02") as sandbox, client(sandbox) as sftp:
        sftp.putfo(io.BytesIO(b"x" * 100_000), "autoproc/slow.csv")
        assert (sandbox.sftp_root / "autoproc" / "slow.csv").stat().st_size == 100_000
