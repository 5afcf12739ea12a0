"""A decision of a file that crossed with the opposite of ours is told to CheetahMail again."""

from __future__ import annotations

import time

import pytest

from gigya_cheetah_assets.ledger import Change, InboundFile, InboundState, Item, Ledger, Settlement
from gigya_cheetah_assets.ledger.import_results import FileResult, note_result
from gigya_cheetah_assets_tests.ledger.people import DAY, SHAPE, T0, Person, deliver, recorded_at

OUT = Person("u1", news="opt_out", at=T0)


def joined(ledger: Ledger, *, at: int | None, number: int = 1) -> bool:
    """She has joined at CheetahMail at `at`; tells whether the next window tells her opt-in again."""
    state = InboundState(ledger, "acme", SHAPE)
    file = InboundFile(f"{number:02d}" * 32, f"subs_{number}.dat", "subscribes", 120)
    state.begin(file)
    change = Change("NEWS", "opt_out", "opt_in", "1", True, "opt_in_later", at=at, line=2, subscription=True)
    state.plan(file.sha256, [Item("u1", (change,), 2)])
    state.settle(file.sha256, [Settlement("u1", "applied", updated=T0 + 6_000)])
    return bool(ledger.corrections("acme", "w9"))


def left(ledger: Ledger, *, at: int | None = T0) -> bool:
    """She has left at CheetahMail; tells whether the next window tells her opt-out again."""
    state = InboundState(ledger, "acme", SHAPE)
    file = InboundFile("ff" * 32, "unsubs_1.dat", "unsubscribes", 120)
    state.begin(file)
    change = Change("NEWS", "opt_in", "opt_out", "0", True, "opt_out_wins", at=at, line=2, subscription=True)
    state.plan(file.sha256, [Item("u1", (change,), 2)])
    state.settle(file.sha256, [Settlement("u1", "applied", updated=T0 + 3_000)])
    return bool(ledger.corrections("acme", "w9"))


def imported(ledger: Ledger) -> bool:
    """CheetahMail shows her on the list, as Gigya does; tells whether the next window tells anything again."""
    state = InboundState(ledger, "acme", SHAPE)
    file = InboundFile("ee" * 32, "subs_9.dat", "subscribes", 120)
    state.begin(file)
    change = Change("NEWS", "opt_in", "opt_in", "1", False, "agree", at=T0, line=2, subscription=True)
    state.plan(file.sha256, [Item("u1", (change,), 2)])
    state.settle(file.sha256, [Settlement("u1", "unchanged")])
    return bool(ledger.corrections("acme", "w9"))


def taken(ledger: Ledger, kind: str, *, window: str = "w1") -> None:
    """CheetahMail's report says now that it took the window's file."""
    note_result(ledger, "acme", SHAPE, FileResult(f"{kind}_{window}.csv", window, kind, False, 0), [])


@pytest.fixture
def now() -> int:
    return time.time_ns() // 1_000_000


def test_an_opt_out_that_left_after_the_opt_in_was_given_is_corrected(ledger: Ledger, now: int) -> None:
    deliver(ledger, OUT, window="w1")
    assert joined(ledger, at=now - 60_000)
    (told,) = deliver(ledger, Person("u1", news="opt_in", updated=T0 + DAY), window="w9").subscribes.to_pylist()
    assert told["LIST_ID"] == "NEWS"


def test_an_opt_out_that_follows_leaves_too_since_cheetahmail_may_have_the_opt_in(ledger: Ledger, now: int) -> None:
    deliver(ledger, OUT, window="w1")
    assert joined(ledger, at=now - 60_000)
    (told,) = deliver(ledger, Person("u1", news="opt_out", updated=T0 + DAY), window="w9").unsubscribes.to_pylist()
    assert told["LIST_ID"] == "NEWS"


def test_an_opt_out_that_had_left_before_is_history(ledger: Ledger, now: int) -> None:
    deliver(ledger, OUT, window="w1")
    assert not joined(ledger, at=now + 60_000)
    assert InboundState(ledger, "acme", SHAPE).bases(["u1"])["u1"]["NEWS"].value == "opt_in"


def test_an_opt_in_without_a_time_crosses_with_nothing(ledger: Ledger) -> None:
    deliver(ledger, OUT, window="w1")
    assert not joined(ledger, at=None)


def test_an_opt_out_of_cheetahmails_own_is_none_of_ours(ledger: Ledger, now: int) -> None:
    deliver(ledger, Person("u1", news="opt_in", at=T0 - 5), window="w1")
    recorded_at(ledger, T0 - 1)
    left(ledger)
    assert not joined(ledger, at=now + 60_000)


def test_one_that_a_window_told_again_is_corrected_too(ledger: Ledger, now: int) -> None:
    deliver(ledger, Person("u1", news="opt_in", at=T0 - 5), window="w1")
    recorded_at(ledger, T0 - 1)
    left(ledger)
    deliver(ledger, Person("u1", news="opt_out", at=T0, updated=T0 + 9_000), window="w1")
    assert joined(ledger, at=now - 60_000)


def test_another_window_that_told_nothing_of_the_person_matters_not(ledger: Ledger, now: int) -> None:
    deliver(ledger, Person("u1", name="Bo", news="opt_in", at=T0 - 5), window="w1")
    deliver(ledger, Person("u2"), window="w2")
    recorded_at(ledger, T0 - 1)
    left(ledger)
    deliver(ledger, Person("u2", name="Cy", updated=T0 + 1), window="w2")
    assert not joined(ledger, at=now - 60_000)


def test_an_opt_out_that_was_delivered_before_the_opt_in_and_taken_after_it_is_corrected(
    ledger: Ledger, now: int
) -> None:
    deliver(ledger, OUT, window="w1")
    recorded_at(ledger, now - 120_000)
    taken(ledger, "unsubscribes")
    assert joined(ledger, at=now - 60_000)


def test_one_that_the_report_shows_taken_before_the_opt_in_is_history(ledger: Ledger, now: int) -> None:
    deliver(ledger, OUT, window="w1")
    taken(ledger, "unsubscribes")
    assert not joined(ledger, at=now + 60_000)


def test_where_reports_come_a_file_without_one_may_still_be_taken(ledger: Ledger, now: int) -> None:
    taken(ledger, "unsubscribes", window="w0")
    deliver(ledger, OUT, window="w1")
    assert joined(ledger, at=now + 60_000)


def test_a_report_of_an_earlier_delivery_says_nothing_of_the_one_that_came_again(ledger: Ledger, now: int) -> None:
    deliver(ledger, OUT, window="w1")
    taken(ledger, "unsubscribes")
    recorded_at(ledger, now + 30_000)
    assert joined(ledger, at=now + 60_000)


@pytest.mark.parametrize("dated", [True, False])
def test_an_opt_out_that_crossed_with_an_opt_in_of_ours_is_told_again(ledger: Ledger, now: int, *, dated: bool) -> None:
    deliver(ledger, Person("u1", news="opt_in", at=T0), window="w1")
    assert left(ledger, at=now - 60_000 if dated else None)
    (told,) = deliver(ledger, Person("u1", news="opt_out", updated=T0 + DAY), window="w9").unsubscribes.to_pylist()
    assert told["LIST_ID"] == "NEWS"


def test_an_opt_out_that_came_after_our_opt_in_was_taken_is_not_sent_back(ledger: Ledger, now: int) -> None:
    deliver(ledger, Person("u1", news="opt_in", at=T0), window="w1")
    taken(ledger, "subscribes")
    assert not left(ledger, at=now + 60_000)
    assert not len(deliver(ledger, Person("u1", news="opt_out", updated=T0 + DAY), window="w9").unsubscribes)


def test_what_a_window_before_the_last_one_told_may_be_taken_late_too(ledger: Ledger, now: int) -> None:
    deliver(ledger, OUT, window="w1")
    deliver(ledger, Person("u1", name="Bo", news="opt_out", at=T0, updated=T0 + 1), window="w2")
    assert joined(ledger, at=now - 60_000)


def test_an_opt_out_of_a_file_that_comes_after_one_that_showed_her_opted_in_is_told_again(
    ledger: Ledger, now: int
) -> None:
    """Somebody imported her after she had left, and the file that tells of it was the first to come."""
    deliver(ledger, Person("u1", news="opt_in", at=T0), window="w1")
    recorded_at(ledger, T0)
    assert not imported(ledger)
    assert left(ledger, at=now - 60_000)
    (told,) = deliver(ledger, Person("u1", news="opt_out", updated=T0 + DAY), window="w9").unsubscribes.to_pylist()
    assert told["LIST_ID"] == "NEWS"
