"""One SFTP login over time: its connection, repeating what a broken one interrupted, and naming what is refused.

The operations themselves are in `sftp`, connecting is in `sftp_connect`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import paramiko

from gigya_cheetah_assets.staging.errors import LoginRefused, from_os_error
from gigya_cheetah_assets.staging.patience import Patience
from gigya_cheetah_assets.staging.refusals import Refusals
from gigya_cheetah_assets.staging.sftp_client import Client, ServerRefusal
from gigya_cheetah_assets.staging.sftp_connect import SftpLogin, connect

T = TypeVar("T")
# One for all sessions of this process.
_refusals = Refusals()


class SftpSession:
    """A connection that is opened with the first use, kept, and opened again when it broke.

    Args:
        login: Where and as whom.
        retry_seconds: How long after its first failure an operation is repeated.
    """

    def __init__(self, login: SftpLogin, retry_seconds: float) -> None:
        self.login = login
        self._retry_seconds = retry_seconds
        self._client: Client | None = None

    def repeat(self, attempt: Callable[[Client], T], what: str, folder: str) -> T:
        """Calls until it succeeds, the server says no, or the retry time is over.

        Args:
            attempt: An operation that can be repeated from its start.
            what: What it does, for messages, such as `deliver a.csv to autoproc`.
            folder: The folder whose rights and space it needs.

        Raises:
            StagingUnreachable: The connection failed and stayed so.
            GigyaCheetahError: What the server refused, by class.
        """
        patience = Patience(self.login.place, what, self._retry_seconds)
        while True:
            try:
                return attempt(self._connected())
            except (OSError, EOFError, paramiko.SSHException, paramiko.SFTPError) as error:
                if self._broken(error):
                    self.close()
                    patience.wait(error)
                elif isinstance(error, ServerRefusal):
                    who = self.login.username
                    raise from_os_error(error, f"{self.login.place}: {what}", who=who, folder=folder) from error
                else:
                    raise

    def close(self) -> None:
        """Ends the connection, if there is one."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _broken(self, error: Exception) -> bool:
        """Whether the connection failed, and not the operation."""
        network = not isinstance(error, OSError) or isinstance(error, TimeoutError | ConnectionError)
        channel = self._client.get_channel() if self._client is not None else None
        return network or channel is None or channel.closed or not channel.get_transport().is_active()

    def _connected(self) -> Client:
        if self._client is None:
            self._client = self._connect()
        return self._client

    def _connect(self) -> Client:
        left = _refusals.seconds_left(*self.login.identity)
        if left:
            raise LoginRefused(
                f"{self.login.place}: the login of {self.login.username} was refused a while ago and is not tried "
                f"again for {left / 60:.0f} min, so that the account is not locked",
                next_step="correct the credential; once it is mended on the server's side, restart the code location",
            )
        try:
            return connect(self.login)
        except LoginRefused:
            _refusals.note(*self.login.identity)
            raise
