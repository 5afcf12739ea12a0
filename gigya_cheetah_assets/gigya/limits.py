"""How fast and how long: a token bucket for the rate, and back-off inside a budget for repeats."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator


class TokenBucket:
    """Lets `rate` calls a second pass, evenly; shared by all threads that hold it."""

    def __init__(
        self,
        rate: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval = 1 / rate
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = clock()

    def take(self) -> None:
        """Waits for the caller's turn."""
        with self._lock:
            now = self._clock()
            turn = max(self._next, now)
            self._next = turn + self._interval
        if turn > now:
            self._sleep(turn - now)


def backoff(
    budget: float, *, first: float = 1.0, longest: float = 60.0, random_source: random.Random | None = None
) -> Iterator[float]:
    """Waits before each repeat, in seconds: exponential with full jitter, until their sum reaches the budget."""
    chance = random_source or random.Random()  # noqa: S311 - jitter, no secret
    ceiling, spent = first, 0.0
    while spent < budget:
        wait = min(chance.uniform(0, ceiling), budget - spent)
        # Even a lucky draw counts for something, or a budget of minutes could mean thousands of repeats.
        spent += max(wait, first / 10)
        yield wait
        ceiling = min(ceiling * 2, longest)
