"""Logins that a server refused, so that one process does not repeat them until the account is locked.

A sensor that looks every half a minute would. What is kept are digests, for as long as the process lives.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable

SECONDS = 1800.0


class Refusals:
    """Remembers for half an hour that a login was refused.

    Args:
        monotonic: The steady clock.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._key = secrets.token_bytes(32)
        self._until: dict[bytes, float] = {}

    def note(self, *login: str | bytes) -> None:
        """This login was refused now.

        Args:
            login: All that makes it: server, user and credential.
        """
        with self._lock:
            self._until[self._digest(login)] = self._monotonic() + SECONDS

    def seconds_left(self, *login: str | bytes) -> float:
        """For how long it should not be tried again; 0 for a login that was not refused, or with another credential."""
        with self._lock:
            return max(0.0, self._until.get(self._digest(login), 0.0) - self._monotonic())

    def _digest(self, login: tuple[str | bytes, ...]) -> bytes:
        parts = [part.encode() if isinstance(part, str) else part for part in login]
        return hmac.digest(self._key, b"".join(len(part).to_bytes(4) + part for part in parts), "sha256")
