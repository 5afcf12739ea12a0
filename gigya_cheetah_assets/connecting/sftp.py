"""The steps to an SFTP server up to its login; what can be done there is tried by `folders`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

import paramiko

from gigya_cheetah_assets.config.staging import SftpStaging
from gigya_cheetah_assets.connecting.network import Server
from gigya_cheetah_assets.connecting.steps import Attempt, Step, in_a_row, try_all
from gigya_cheetah_assets.staging.errors import StagingUnreachable
from gigya_cheetah_assets.staging.sftp_connect import SftpLogin, fingerprint, greet, log_in


def sftp_steps(part: str, config: SftpStaging, environ: Mapping[str, str] | None = None) -> list[Step]:
    """Tries to get in.

    Raises:
        ConfigError: A variable is not set, or the key or known_hosts cannot be read.
    """
    login = SftpLogin.of(config, environ)
    with ExitStack() as stack:
        way = _Way(login, stack)
        server = Server(login.host, login.port, "staging.host and staging.port")
        attempts = [*server.attempts(login.timeout), Attempt("host key", way.greet), Attempt("log in", way.log_in)]
        return try_all(part, in_a_row(attempts))


class _Way:
    """One connection on its way to the login; the stack closes it."""

    def __init__(self, login: SftpLogin, stack: ExitStack) -> None:
        self._login = login
        self._stack = stack
        self._transport: paramiko.Transport | None = None

    def greet(self) -> str:
        with self._broken("agreeing on keys"):
            self._transport = greet(self._login)
        self._stack.callback(self._transport.close)
        return f"{fingerprint(self._transport.get_remote_server_key())} is in known_hosts"

    def log_in(self) -> str:
        assert self._transport is not None  # noqa: S101 - it needs `greet`
        with self._broken("logging in"):
            self._stack.callback(log_in(self._login, self._transport).close)
        used = fingerprint(self._login.key) if self._login.key is not None else "the password"
        return f"{self._login.username} is in, by {used}"

    @contextmanager
    def _broken(self, step: str) -> Iterator[None]:
        try:
            yield
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise StagingUnreachable(
                f"{self._login.place}: the connection failed while {step} ({type(error).__name__})",
                next_step="see whether an SFTP server answers at that port, then try again",
            ) from error
