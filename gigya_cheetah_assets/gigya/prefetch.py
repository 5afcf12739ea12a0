"""Fetching ahead: the next item is made by a thread while this one is worked on. Knows nothing of Gigya."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import TypeVar

T = TypeVar("T")


class _End(Enum):
    END = 0


def prefetched(items: Iterable[T], depth: int = 2) -> Generator[T, None, None]:
    """The same items in the same order, made by one thread at most `depth` ahead of who uses them.

    An error of the source comes out here, after the items before it. When the user stops early (`close`, an error,
    the generator dropped), items not begun are never made, and the thread ends with the one that it is making;
    nobody waits for that one.
    """
    source = iter(items)
    maker = ThreadPoolExecutor(1, thread_name_prefix="prefetch")
    try:
        made = deque(maker.submit(next, source, _End.END) for _ in range(depth))
        while (item := made.popleft().result()) is not _End.END:
            made.append(maker.submit(next, source, _End.END))
            yield item
    finally:
        maker.shutdown(wait=False, cancel_futures=True)
