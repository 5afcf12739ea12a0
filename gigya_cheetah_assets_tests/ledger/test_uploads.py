from __future__ import annotations

import time

from gigya_cheetah_assets.ledger import Change, InboundFile, InboundState, Item, Ledger, Settlement, own_opt_outs
from gigya_cheetah_assets_tests.ledger.people import SHAPE, T0, Person, deliver


def test_an_opt_out_that_we_delivered_has_the_time_of_its_delivery(ledger: Ledger) -> None:
    before = time.time_ns() // 1_000_000
    deliver(ledger, Person("u1", news="opt_out", at=T0), Person("u2", news="opt_in", at=T0), window="w1")
    found = own_opt_outs(ledger, "acme", ["u1", "u2", "u3"])
    assert list(found) == [("u1", "NEWS")]
    assert before <= found["u1", "NEWS"] <= time.time_ns() // 1_000_000


def test_an_opt_out_that_came_from_a_file_is_none_of_ours(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", news="opt_in", at=T0), window="w1")
    state = InboundState(ledger, "acme", SHAPE)
    file = InboundFile("ab" * 32, "unsubs.dat", "unsubscribes", 9)
    state.begin(file)
    out = Change("NEWS", "opt_in", "opt_out", "0", True, "opt_out_wins", at=T0 + 5, line=2, subscription=True)
    state.plan(file.sha256, [Item("u1", (out,), 2)])
    state.settle(file.sha256, [Settlement("u1", "applied", updated=T0 + 10)])
    assert own_opt_outs(ledger, "acme", ["u1"]) == {}


def test_nobody_asked_for_is_nobody_found(ledger: Ledger) -> None:
    assert own_opt_outs(ledger, "acme", []) == {}
