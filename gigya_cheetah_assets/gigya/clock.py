"""Time as Gigya sees it: this machine's clock, corrected by what Gigya's Date header says, and a steady clock.

Signatures carry a time that may be off by about two minutes at most (Gigya: 403002), so a machine whose clock is
wrong needs the correction; durations come from the steady clock, which never jumps.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

log = logging.getLogger(__name__)


class Clock:
    """Unix time in seconds, corrected towards Gigya's.

    Args:
        wall: This machine's Unix time in seconds.
        monotonic: Seconds that only go forward, for durations.
    """

    def __init__(self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self.monotonic = monotonic
        self.offset = 0.0

    def now(self) -> int:
        """Unix seconds, corrected."""
        return int(self._wall() + self.offset)

    def follow(self, date: str | None) -> bool:
        """Corrects itself by an HTTP Date header; `False` if the header is absent or no date."""
        try:
            there = parsedate_to_datetime(date or "").timestamp()
        except ValueError:
            return False
        self.offset = there - self._wall()
        log.warning("this machine's clock differs from Gigya's by %.0f s; corrected for this run", self.offset)
        return True
