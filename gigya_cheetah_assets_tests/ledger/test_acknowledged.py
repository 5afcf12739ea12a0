from __future__ import annotations

import pytest

from gigya_cheetah_assets.ledger import Change, InboundFile, InboundState, Item, Ledger, Settlement
from gigya_cheetah_assets.ledger.acknowledged import CARRIED_OUT_LATE, correct_late_opt_outs
from gigya_cheetah_assets_tests.ledger.people import SHAPE, T0, Person, deliver, recorded_at

FILE = InboundFile("cd" * 32, "unsubs_20260102.dat", "unsubscribes", 120)
JOINED = Change("NEWS", "opt_out", "opt_in", "1", True, "opt_in_later", at=T0 + 5_000, line=2, subscription=True)


@pytest.fixture
def state(ledger: Ledger) -> InboundState:
    """We delivered an opt-out; then the person came back at CheetahMail, at T0 + 5 s."""
    deliver(ledger, Person("u1", news="opt_out", at=T0), window="w1")
    recorded_at(ledger, T0)
    made = InboundState(ledger, "acme", SHAPE)
    made.begin(FILE)
    made.plan(FILE.sha256, [Item("u1", (JOINED,), 2)])
    made.settle(FILE.sha256, [Settlement("u1", "applied", updated=T0 + 6_000)])
    return made


def late(ledger: Ledger, state: InboundState, at: int) -> int:
    return correct_late_opt_outs(ledger, state, "acme", {("u1", "NEWS"): at}, sha256=FILE.sha256)


def test_an_opt_out_of_ours_that_was_carried_out_after_the_opt_in_gets_a_correction(
    ledger: Ledger, state: InboundState
) -> None:
    assert late(ledger, state, T0 + 9_000) == 1
    assert state.bases(["u1"])["u1"]["NEWS"].value == "opt_out"
    assert list(ledger.corrections("acme", "w2")) == ["u1"]
    assert ledger.consents_of("acme", "u1")[-1].entry.rule == CARRIED_OUT_LATE


def test_the_same_echo_again_corrects_nothing_more(ledger: Ledger, state: InboundState) -> None:
    late(ledger, state, T0 + 9_000)
    revision = ledger.revision("acme")
    assert late(ledger, state, T0 + 9_000) == 0
    assert ledger.revision("acme") == revision


def test_one_that_was_carried_out_before_the_opt_in_is_history(ledger: Ledger, state: InboundState) -> None:
    assert late(ledger, state, T0 + 5_000) == 0
    assert ledger.corrections("acme", "w2") == {}


def test_one_after_which_we_have_delivered_the_opt_in_is_history(ledger: Ledger, state: InboundState) -> None:
    late(ledger, state, T0 + 9_000)
    deliver(ledger, Person("u1", news="opt_in", at=T0 + 6_000, updated=T0 + 20_000), window="w2")
    assert late(ledger, state, T0 + 9_000) == 0


def test_of_somebody_nobody_knows_nothing_is_corrected(ledger: Ledger, state: InboundState) -> None:
    assert correct_late_opt_outs(ledger, state, "acme", {("u9", "NEWS"): T0}, sha256=FILE.sha256) == 0
