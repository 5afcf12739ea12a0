"""OpenSSH's own server on a free port of 127.0.0.1, for one user and one key; no system account is touched."""

from __future__ import annotations

import getpass
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gigya_cheetah_assets.config.staging import SftpStaging
from gigya_cheetah_assets_tests.packages import require_program


@dataclass
class Sshd:
    """A running server: `root` is where its user's sessions start."""

    folder: Path
    port: int
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        return self.folder / "home"

    def config(self, **changes: object) -> SftpStaging:
        settings: dict[str, object] = {
            "type": "sftp",
            "host": "127.0.0.1",
            "port": self.port,
            "username": getpass.getuser(),
            "private_key": {"env": "KEY"},
            "known_hosts": {"env": "KNOWN_HOSTS"},
            "timeout_seconds": 5,
            "retry_seconds": 3,
        }
        settings.update(changes)
        return SftpStaging.model_validate({key: value for key, value in settings.items() if value is not None})


def make_key(path: Path, kind: str = "ed25519", *options: str) -> Path:
    keygen = require_program("ssh-keygen", "openssh-client")
    subprocess.run([keygen, "-q", "-t", kind, "-N", "", *options, "-f", path], check=True, capture_output=True)
    return path


@contextmanager
def running(
    folder: Path, *, sftp_options: str = "", more: Sequence[str] = (), subsystem: str | None = None
) -> Iterator[Sshd]:
    """Starts a server whose files are in a folder, and ends it.

    `sftp_options` are those of sftp-server(8), `more` are lines of sshd_config(5), `subsystem` replaces its own.
    """
    program = require_program("sshd", "openssh-server")
    host_key, user_key = make_key(folder / "host"), make_key(folder / "user")
    server = Sshd(folder, _free_port())
    for name in ("autoproc", "fromcheetah"):
        (server.root / name).mkdir(parents=True)
    (folder / "authorized").write_bytes(user_key.with_suffix(".pub").read_bytes())
    public = host_key.with_suffix(".pub").read_text().split()
    server.environ = {
        "KEY": user_key.read_text(),
        "KNOWN_HOSTS": f"[127.0.0.1]:{server.port} {public[0]} {public[1]}\n",
    }
    own = f"Subsystem sftp internal-sftp -d {server.root} {sftp_options}"
    config = [
        f"Port {server.port}", "ListenAddress 127.0.0.1", f"HostKey {host_key}", "PidFile none", "UsePAM no",
        f"AuthorizedKeysFile {folder / 'authorized'}", "StrictModes no", "PermitRootLogin yes", "MaxStartups 100",
        "PasswordAuthentication yes", subsystem or own, *more,
    ]  # fmt: skip
    (folder / "sshd_config").write_text("\n".join(config) + "\n")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with (folder / "sshd.log").open("wb") as output:
        process = subprocess.Popen([program, "-D", "-e", "-f", folder / "sshd_config"], stderr=output)
        try:
            _wait_for(server.port, folder / "sshd.log")
            yield server
        finally:
            process.terminate()
            process.wait(10)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _wait_for(port: int, log: Path) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"sshd did not start: {log.read_text()}")
