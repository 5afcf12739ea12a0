"""How long a failed connection to the staging is tried again, the same for every kind of staging."""

from __future__ import annotations

import logging
import random
import time

from gigya_cheetah_assets.staging.errors import StagingUnreachable

log = logging.getLogger(__name__)
_FIRST_WAIT, _LONGEST_WAIT = 0.25, 15.0


class Patience:
    """Waits between the attempts of one operation, longer each time, until the retry time is over.

    Args:
        place: The server, for messages.
        what: The operation, for messages, such as `deliver a.csv to autoproc`.
        seconds: How long after its first failure it is repeated.
    """

    def __init__(self, place: str, what: str, seconds: float) -> None:
        self._place = place
        self._what = what
        self._seconds = seconds
        self._deadline: float | None = None
        self._wait = _FIRST_WAIT

    def wait(self, error: Exception) -> None:
        """Sleeps before the next attempt.

        Args:
            error: What the last attempt ended with; only its class is told.

        Raises:
            StagingUnreachable: The time is over.
        """
        # A big file may take longer than the retry time; what counts is the time since it broke.
        self._deadline = self._deadline or time.monotonic() + self._seconds
        # Half to all of the wait, so that several syncs do not come back at the same moment.
        pause = self._wait * random.uniform(0.5, 1)  # noqa: S311 - no secret depends on it
        if time.monotonic() + pause > self._deadline:
            raise StagingUnreachable(
                f"{self._place}: {self._what}: the connection failed ({type(error).__name__}), for {self._seconds:g} s",
                next_step="check that the host and port can be reached from here, then run it again",
            ) from error
        log.warning("%s: connection failed (%s), again in %.1f s", self._what, type(error).__name__, pause)
        time.sleep(pause)
        self._wait = min(self._wait * 2, _LONGEST_WAIT)
