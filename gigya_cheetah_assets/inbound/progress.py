"""Progress of a long step, told every few seconds: done, rate, time left."""

from __future__ import annotations

import time
from collections.abc import Callable

EVERY_SECONDS = 5.0


class Progress:
    """Counts what is done and tells it now and then.

    Args:
        what: What is counted, such as `accounts updated`.
        total: How many there are.
        report: Takes a line.
    """

    def __init__(self, what: str, total: int, report: Callable[[str], object]) -> None:
        self._what = what
        self._total = total
        self._report = report
        self._done = 0
        self._began = self._told = time.monotonic()

    def add(self, count: int) -> None:
        """So many more are done."""
        self._done += count
        now = time.monotonic()
        if now - self._told >= EVERY_SECONDS:
            self._told = now
            rate = self._done / (now - self._began)
            left = max(0, self._total - self._done) / rate
            self._report(f"{self._what}: {self._done:,} of {self._total:,}, {rate:,.1f} a second, {left:,.0f} s left")
