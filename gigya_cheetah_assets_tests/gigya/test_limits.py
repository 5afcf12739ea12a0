from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigya_cheetah_assets.gigya.limits import Backoff, TokenBucket, shared_bucket
from gigya_cheetah_assets_tests.gigya.conftest import FakeTime


def _bucket(fake: FakeTime, rate: float) -> TokenBucket:
    return TokenBucket(rate, monotonic=fake.now, sleep=fake.sleep)


def _taken(bucket: TokenBucket, fake: FakeTime, number: int) -> float:
    started = fake.seconds
    for _ in range(number):
        bucket.take()
    return fake.seconds - started


def test_requests_are_spaced_evenly(fake: FakeTime) -> None:
    assert _taken(_bucket(fake, 10), fake, 21) == pytest.approx(2.0)
    assert fake.slept == pytest.approx([0.1] * 20)


def test_a_pause_saves_nothing_up(fake: FakeTime) -> None:
    bucket = _bucket(fake, 10)
    bucket.take()
    fake.seconds += 60
    assert _taken(bucket, fake, 11) == pytest.approx(1.0)


def test_a_clock_that_stands_still_only_slows() -> None:
    waits: list[float] = []
    bucket = TokenBucket(10, monotonic=lambda: 7.0, sleep=waits.append)
    for _ in range(4):
        bucket.take()
    assert waits == pytest.approx([0.1, 0.2, 0.3])


def test_sixteen_threads_keep_the_rate_together() -> None:
    bucket = TokenBucket(200)
    times: list[float] = []

    def work() -> None:
        for _ in range(5):
            bucket.take()
            times.append(time.monotonic())

    threads = [threading.Thread(target=work) for _ in range(16)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(times) == 80
    # The n-th turn is never before n / rate, whoever gets it; a slow machine only makes it later.
    for position, moment in enumerate(sorted(times)):
        assert moment - started >= position / 200 - 0.001


def test_a_refusal_halves_the_rate_and_a_minute_restores_it(fake: FakeTime) -> None:
    bucket = _bucket(fake, 10)
    bucket.take()
    bucket.slow_down()
    assert _taken(bucket, fake, 6) > 0.95
    fake.seconds += 60
    bucket.take()
    assert _taken(bucket, fake, 10) == pytest.approx(1.0)


def test_many_refusals_at_once_count_once_and_never_stop_the_site(fake: FakeTime) -> None:
    bucket = _bucket(fake, 16)
    for _ in range(100):
        bucket.slow_down()
    bucket.take()
    assert _taken(bucket, fake, 8) < 1.1
    for _ in range(100):
        fake.seconds += 1.5
        bucket.slow_down()
    bucket.take()
    assert _taken(bucket, fake, 2) <= 2 / 1.0


def test_clients_of_one_site_share_a_bucket() -> None:
    assert shared_bucket("eu1.example.org 3_A", 1000) is shared_bucket("eu1.example.org 3_A", 1000)
    assert shared_bucket("eu1.example.org 3_B", 1000) is not shared_bucket("eu1.example.org 3_A", 1000)


def test_the_lowest_rate_of_a_shared_bucket_holds() -> None:
    bucket = shared_bucket("eu1.example.org 3_C", 10_000)
    shared_bucket("eu1.example.org 3_C", 50)
    shared_bucket("eu1.example.org 3_C", 5_000)
    started = time.monotonic()
    for _ in range(6):
        bucket.take()
    assert time.monotonic() - started >= 5 / 50 - 0.001


def test_waits_grow_from_one_to_sixty_seconds(fake: FakeTime) -> None:
    backoff = Backoff(10_000, monotonic=fake.now, chance=lambda _, most: most)
    assert [backoff.wait() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert backoff.attempt == 9


@given(st.floats(0, 600), st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_a_call_never_outlives_its_budget(budget: float, draws: list[float]) -> None:
    fake = FakeTime()
    chances = iter(draws * 1000)
    backoff = Backoff(budget, monotonic=fake.now, chance=lambda least, most: least + (most - least) * next(chances))
    for _ in range(200):
        fake.seconds += 0.5
        wait = backoff.wait()
        if wait is None:
            break
        assert 0 <= wait <= 60
        fake.seconds += wait
        assert fake.seconds - 1_000 <= budget


def test_full_jitter_spreads_the_waits() -> None:
    waits = {Backoff(100).wait() for _ in range(20)}
    assert len(waits) > 10
    assert all(wait is not None and 0 <= wait <= 1 for wait in waits)


def test_some_errors_are_worth_a_few_tries_only(fake: FakeTime) -> None:
    backoff = Backoff(10_000, monotonic=fake.now)
    assert [backoff.wait(tries=3) is None for _ in range(3)] == [False, False, True]


def test_some_errors_ask_for_a_longest_rest(fake: FakeTime) -> None:
    assert Backoff(100, monotonic=fake.now).wait(at_least=60) == 60
    assert Backoff(59, monotonic=fake.now).wait(at_least=60) is None


def test_no_budget_means_one_attempt(fake: FakeTime) -> None:
    assert Backoff(0, monotonic=fake.now, chance=lambda _, most: most).wait() is None
