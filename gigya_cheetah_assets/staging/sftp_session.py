"""One SFTP login over time: its connection, repeating what a broken one interrupted, and naming what is refused.

The operations themselves are in `sftp`, connecting is in `sftp_connect`.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

import paramiko

from gigya_cheetah_assets.staging.errors import StagingUnreachable, from_os_error
from gigya_cheetah_assets.staging.sftp_client import Client, ServerRefusal
from gigya_cheetah_assets.staging.sftp_connect import SftpLogin, connect

log = logging.getLogger(__name__)
T = TypeVar("T")
_FIRST_WAIT, _LONGEST_WAIT = 0.25, 15.0


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
        deadline: float | None = None
        wait = _FIRST_WAIT
        while True:
            try:
                return attempt(self._connected())
            except (OSError, EOFError, paramiko.SSHException, paramiko.SFTPError) as error:
                if self._broken(error):
                    # A big file may take longer than the retry time; what counts is the time since it broke.
                    deadline = deadline or time.monotonic() + self._retry_seconds
                    self._wait(wait, deadline, what, error)
                elif isinstance(error, ServerRefusal):
                    who = self.login.username
                    raise from_os_error(error, f"{self.login.place}: {what}", who=who, folder=folder) from error
                else:
                    raise
            wait = min(wait * 2, _LONGEST_WAIT)

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

    def _wait(self, wait: float, deadline: float, what: str, error: Exception) -> None:
        self.close()
        # Half to all of the wait, so that several syncs do not come back at the same moment.
        pause = wait * random.uniform(0.5, 1)  # noqa: S311 - no secret depends on it
        if time.monotonic() + pause > deadline:
            raise StagingUnreachable(
                f"{self.login.place}: {what}: the connection failed ({type(error).__name__}), "
                f"for {self._retry_seconds:g} s",
                next_step="check that the host and port can be reached from here, then run it again",
            ) from error
        log.warning("%s: connection failed (%s), again in %.1f s", what, type(error).__name__, pause)
        time.sleep(pause)

    def _connected(self) -> Client:
        if self._client is None:
            self._client = connect(self.login)
        return self._client
