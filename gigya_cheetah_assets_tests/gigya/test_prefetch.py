from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigya_cheetah_assets.gigya import prefetched

PATIENCE = 10.0


def _threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]


def _assert_no_thread_is_left() -> None:
    for thread in _threads():
        thread.join(PATIENCE)
    assert _threads() == []


@given(st.lists(st.integers(), max_size=20), st.integers(1, 5))
def test_all_items_come_in_order(items: list[int], depth: int) -> None:
    assert list(prefetched(items, depth)) == items


def test_the_next_item_is_made_while_this_one_is_worked_on() -> None:
    made = [threading.Event() for _ in range(5)]

    def source() -> Iterator[int]:
        for number, event in enumerate(made):
            event.set()
            yield number

    with closing(prefetched(source(), depth=2)) as items:
        assert next(items) == 0
        # Nobody has asked for these yet.
        assert made[1].wait(PATIENCE)
        assert made[2].wait(PATIENCE)
        time.sleep(0.05)
        assert not made[4].is_set()
    _assert_no_thread_is_left()


def test_one_thread_makes_everything() -> None:
    def source() -> Iterator[int]:
        for _ in range(50):
            yield threading.get_ident()

    makers = set(prefetched(source(), 4))
    assert len(makers) == 1
    assert threading.get_ident() not in makers


def test_an_error_comes_out_after_the_items_before_it() -> None:
    def source() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("the third")

    items = prefetched(source())
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(OSError, match="the third"):
        next(items)
    _assert_no_thread_is_left()


def test_an_error_of_the_user_ends_the_thread() -> None:
    asked = []

    def source() -> Iterator[int]:
        for number in range(1_000):
            asked.append(number)
            yield number

    def use() -> None:
        for item in prefetched(source()):
            _ = 1 // item

    with pytest.raises(ZeroDivisionError):
        use()
    _assert_no_thread_is_left()
    assert len(asked) <= 4


def test_leaving_early_waits_for_nothing_and_begins_nothing_more() -> None:
    begun, release = threading.Event(), threading.Event()
    asked = []

    def source() -> Iterator[int]:
        yield 0
        begun.set()
        release.wait(PATIENCE)
        for number in range(1, 9):
            asked.append(number)
            yield number

    items = prefetched(source(), depth=5)
    assert next(items) == 0
    assert begun.wait(PATIENCE)
    started = time.monotonic()
    items.close()
    assert time.monotonic() - started < PATIENCE / 2
    release.set()
    _assert_no_thread_is_left()
    assert asked == [1]


def test_a_generator_that_nobody_starts_makes_no_thread() -> None:
    items = prefetched(iter([1, 2]))
    assert _threads() == []
    items.close()
    assert _threads() == []


def test_no_thread_is_left_after_the_end() -> None:
    for _ in range(20):
        assert list(prefetched(range(5))) == [0, 1, 2, 3, 4]
    _assert_no_thread_is_left()
