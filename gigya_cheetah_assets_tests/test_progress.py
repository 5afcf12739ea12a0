from __future__ import annotations

from gigya_cheetah_assets.progress import EVERY_SECONDS, MEGABYTES, Progress


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_line_comes_every_few_seconds_with_what_is_done_the_rate_and_the_time_left() -> None:
    clock, lines = Clock(), list[str]()
    progress = Progress("deliver a.csv to autoproc", 1_000_000_000, lines.append, MEGABYTES, clock)
    for _ in range(4):
        clock.now += EVERY_SECONDS / 2
        progress.add(50_000_000)
    assert lines == [
        "deliver a.csv to autoproc: 100 of 1,000 MB, 20.0 MB a second, 45 s left",
        "deliver a.csv to autoproc: 200 of 1,000 MB, 20.0 MB a second, 40 s left",
    ]


def test_what_is_quick_says_nothing() -> None:
    clock, lines = Clock(), list[str]()
    Progress("accounts updated", 10, lines.append, monotonic=clock).add(10)
    assert lines == []
