"""Every kind of staging behind one face, so that one suite can ask the same of each."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gigya_cheetah_assets.config.staging import LocalStaging, SftpStaging
from gigya_cheetah_assets.sandbox import credentials, sftp
from gigya_cheetah_assets.sandbox.credentials import KeyFiles
from gigya_cheetah_assets.sandbox.faults import Dice, Faults
from gigya_cheetah_assets.staging import Staging, open_staging
from gigya_cheetah_assets_tests.integration import password_server, sshd


@dataclass(frozen=True)
class BackEnd:
    """A staging, and the folder of this machine that it stands on."""

    name: str
    root: Path
    open: Callable[[], Staging]

    @property
    def outbox(self) -> Path:
        return self.root / "autoproc"

    @property
    def inbox(self) -> Path:
        return self.root / "fromcheetah"

    @property
    def archive(self) -> Path:
        return self.root / "archive"


@contextmanager
def local(folder: Path) -> Iterator[BackEnd]:
    config = LocalStaging(type="local", path=str(folder))
    yield BackEnd("local", folder, lambda: open_staging(config))


@contextmanager
def openssh(folder: Path) -> Iterator[BackEnd]:
    # A small limit makes the keys change in the middle of each larger file.
    with sshd.running(folder, more=["RekeyLimit 1M"]) as server:
        yield BackEnd("openssh", server.root, lambda: open_staging(server.config(), server.environ))


@contextmanager
def openssh_without_posix_rename(folder: Path) -> Iterator[BackEnd]:
    with sshd.running(folder, sftp_options="-P posix-rename") as server:
        yield BackEnd("openssh_plain_rename", server.root, lambda: open_staging(server.config(), server.environ))


@contextmanager
def asyncssh(folder: Path) -> Iterator[BackEnd]:
    with password_server.running(folder) as (port, known):
        config = by_password(port, password_server.USER)
        environ = {"PASSWORD": password_server.PASSWORD, "KNOWN": known}
        yield BackEnd("asyncssh", folder, lambda: open_staging(config, environ))


@contextmanager
def sandbox(folder: Path) -> Iterator[BackEnd]:
    keys = KeyFiles.of(folder)
    root = folder / "sftp"
    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    config = by_password(port, credentials.SFTP_USER)
    environ = {"PASSWORD": credentials.SFTP_PASSWORD, "KNOWN": sftp.known_hosts("127.0.0.1", port, keys)}
    with password_server.serving(lambda: sftp.listen(sock, root, keys, Dice(Faults())), sftp.Listening.close):
        yield BackEnd("sandbox", root, lambda: open_staging(config, environ))


def by_password(port: int, user: str, **changes: object) -> SftpStaging:
    settings: dict[str, object] = {
        "type": "sftp", "host": "127.0.0.1", "port": port, "username": user, "password": {"env": "PASSWORD"},
        "known_hosts": {"env": "KNOWN"}, "timeout_seconds": 5, "retry_seconds": 5,
    }  # fmt: skip
    return SftpStaging.model_validate({**settings, **changes})


ALL: dict[str, Callable[[Path], AbstractContextManager[BackEnd]]] = {
    "local": local,
    "openssh": openssh,
    "openssh_plain_rename": openssh_without_posix_rename,
    "asyncssh": asyncssh,
    "sandbox": sandbox,
}
