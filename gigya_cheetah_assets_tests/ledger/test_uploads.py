from __future__ import annotations

import time

from gigya_cheetah_assets.ledger import Change, InboundFile, InboundState, Item, Ledger, Settlement, own_deliveries
from gigya_cheetah_assets_tests.ledger.people import SHAPE, T0, Person, deliver


def test_an_opt_out_that_we_delivered_has_the_time_of_its_delivery(ledger: Ledger) -> None:
    before = time.time_ns() // 1_000_000
    deliver(ledger, Person("u1", news="opt_out", at=T0), Person("u2", news="opt_in", at=T0), window="w1")
    found = own_deliveries(ledger, "acme", ["u1", "u2", "u3"], since=0)
    assert list(found) == [("u1", "NEWS")]
    (delivered,) = found["u1", "NEWS"]
    assert before <= delivered <= time.time_ns() // 1_000_000


def test_an_opt_out_that_came_from_a_file_is_none_of_ours(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", news="opt_in", at=T0), window="w1")
    state = InboundState(ledger, "acme", SHAPE)
    file = InboundFile("ab" * 32, "unsubs.dat", "unsubscribes", 9)
    state.begin(file)
    out = Change("NEWS", "opt_in", "opt_out", "0", True, "opt_out_wins", at=T0 + 5, line=2, subscription=True)
    state.plan(file.sha256, [Item("u1", (out,), 2)])
    state.settle(file.sha256, [Settlement("u1", "applied", updated=T0 + 10)])
    assert own_deliveries(ledger, "acme", ["u1"], since=0) == {}


def test_nobody_asked_for_is_nobody_found(ledger: Ledger) -> None:
    assert own_deliveries(ledger, "acme", [], since=0) == {}


def test_an_opt_out_is_ours_although_an_opt_in_was_delivered_since(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", news="opt_in", at=T0), window="w1")
    deliver(ledger, Person("u1", news="opt_out", at=T0 + 1, updated=T0 + 1), window="w2")
    deliver(ledger, Person("u1", news="opt_in", at=T0 + 2, updated=T0 + 2), window="w3")
    assert len(own_deliveries(ledger, "acme", ["u1"], since=0)["u1", "NEWS"]) == 1


def test_what_was_delivered_before_does_not_matter(ledger: Ledger) -> None:
    for number in range(5):
        state = "opt_out" if number % 2 else "opt_in"
        deliver(ledger, Person("u1", news=state, at=T0 + number, updated=T0 + number), window=f"w{number}")
    first, second = own_deliveries(ledger, "acme", ["u1"], since=0)["u1", "NEWS"]
    assert own_deliveries(ledger, "acme", ["u1"], since=first)["u1", "NEWS"] == [first, second]
    assert own_deliveries(ledger, "acme", ["u1"], since=second + 1) == {}
