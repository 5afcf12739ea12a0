"""Progress of a long step, told every few seconds: done, rate, time left."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

EVERY_SECONDS = 5.0


@dataclass(frozen=True)
class Unit:
    """What numbers are told in: so many of what is counted make one of it."""

    name: str = ""
    size: int = 1


MEGABYTES = Unit(" MB", 1_000_000)
# Is called with the bytes that have moved since the last call, from any thread.
Moved = Callable[[int], None]


class Progress:
    """Counts what is done and tells it now and then; threads may share one.

    Args:
        what: What is counted, such as `accounts updated`.
        total: How many there are.
        report: Takes a line.
        unit: What the numbers are told in.
        monotonic: The steady clock.
    """

    def __init__(
        self,
        what: str,
        total: int,
        report: Callable[[str], object],
        unit: Unit | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what = what
        self._total = total
        self._report = report
        self._unit = unit or Unit()
        self._lock = threading.Lock()
        self._done = 0
        self._monotonic = monotonic
        self._began = self._told = monotonic()

    def add(self, count: int) -> None:
        """So many more are done."""
        with self._lock:
            self._done += count
            now = self._monotonic()
            if now - self._told < EVERY_SECONDS:
                return
            self._told = now
            line = self._line(max(now - self._began, EVERY_SECONDS))
        self._report(line)

    def _line(self, seconds: float) -> str:
        unit, done = self._unit, max(self._done, 1)
        left = max(0, self._total - self._done) * seconds / done
        counted = f"{self._done / unit.size:,.0f} of {self._total / unit.size:,.0f}{unit.name}"
        return (
            f"{self._what}: {counted}, {self._done / seconds / unit.size:,.1f}{unit.name} a second, {left:,.0f} s left"
        )


def bytes_moved(what: str, size: int, log: logging.Logger) -> Moved:
    """Tells the progress of one transfer in a log, in megabytes.

    Args:
        what: The transfer, such as `deliver a.csv to autoproc`.
        size: How many bytes it has.
        log: Takes the lines.
    """
    return Progress(what, size, log.info, MEGABYTES).add
