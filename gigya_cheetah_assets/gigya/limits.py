"""How fast and how long: the request rate of a site, and the waits between repeats of one call.

Both work on a steady clock and a sleep that are given, so that tests need no patience.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0
_RECOVERY_SECONDS = 60.0
_SLOWEST_SHARE = 1 / 16


class TokenBucket:
    """Lets `rate` requests a second pass, evenly spaced, over all threads that hold it.

    Gigya counts requests a second and tells no quota in advance (Gigya: Acceptable Use Policy), so the bucket
    holds one token: there is no burst. After `slow_down` the rate is halved and grows back within a minute.
    """

    def __init__(
        self,
        rate: float,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._lock = threading.Lock()
        self._rate = rate
        self._monotonic = monotonic
        self._sleep = sleep
        self._next = self._cut_at = monotonic()
        self._cut_to = rate

    def limit(self, rate: float) -> None:
        """Never more than this rate from now on; a higher one than before changes nothing."""
        with self._lock:
            self._rate = min(self._rate, rate)
            self._cut_to = min(self._cut_to, rate)

    def take(self) -> None:
        """Waits for the caller's turn; turns are given in the order of the calls."""
        with self._lock:
            now = self._monotonic()
            turn = max(self._next, now)
            self._next = turn + 1 / self._rate_at(now)
        if turn > now:
            self._sleep(turn - now)

    def slow_down(self) -> None:
        """Halves the rate, at most once a second: threads that were refused together count once."""
        with self._lock:
            now = self._monotonic()
            if self._cut_to < self._rate and now - self._cut_at < 1:
                return
            self._cut_to = max(self._rate_at(now) / 2, self._rate * _SLOWEST_SHARE)
            self._cut_at = now

    def _rate_at(self, now: float) -> float:
        return min(self._rate, self._cut_to + self._rate * (now - self._cut_at) / _RECOVERY_SECONDS)


_shared: dict[str, TokenBucket] = {}
_shared_lock = threading.Lock()


def shared_bucket(site: str, rate: float) -> TokenBucket:
    """The one bucket of a site in this process; of several rates the lowest holds."""
    with _shared_lock:
        bucket = _shared.setdefault(site, TokenBucket(rate))
    bucket.limit(rate)
    return bucket


class Backoff:
    """The waits of one call: exponential from 1 to 60 s with full jitter, inside a budget of seconds.

    The budget runs from now and counts the time that the attempts themselves take.

    Args:
        budget: Seconds.
        monotonic: The steady clock.
        chance: Gives a number from the first to the second argument.
    """

    def __init__(
        self,
        budget: float,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        chance: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.attempt = 1
        self._monotonic = monotonic
        self._chance = chance
        self._deadline = monotonic() + budget

    def wait(self, *, tries: int | None = None, at_least: float = 0.0) -> float | None:
        """Seconds to wait before the next attempt; `None` when there shall be none.

        Args:
            tries: Attempts at most for what just failed.
            at_least: Shortest wait for what just failed.
        """
        if tries is not None and self.attempt >= tries:
            return None
        ceiling = min(_FIRST_WAIT * 2 ** min(self.attempt - 1, 6), _LONGEST_WAIT)
        seconds = max(self._chance(0.0, ceiling), at_least)
        if self._monotonic() + seconds > self._deadline:
            return None
        self.attempt += 1
        return seconds
