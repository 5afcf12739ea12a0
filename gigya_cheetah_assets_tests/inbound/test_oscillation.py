from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gigya_cheetah_assets.inbound.oscillation import MOST_TURNS, OSCILLATES, at_rest
from gigya_cheetah_assets.ledger import Change, InboundFile, InboundState, Item, Ledger, Settlement
from gigya_cheetah_assets.ledger.turns import turns_of
from gigya_cheetah_assets_tests.ledger.people import SHAPE, T0

PHONE = Change("FNAME", "+49 1", "00491", "00491", True, "changed_in_cheetahmail", at=T0, line=2)
OUT = Change("NEWS", "opt_in", "opt_out", "0", True, "opt_out_wins", at=T0, line=2, subscription=True)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.sqlite") as opened:
        yield opened


def written(ledger: Ledger, number: int, *changes: Change, uid: str = "u1", fate: str = "applied") -> None:
    """A file that asked for these changes and came to this end."""
    state, sha256 = InboundState(ledger, "acme", SHAPE), f"{number:064x}"
    state.begin(InboundFile(sha256, f"demo_{number}.dat", "profiles", 1))
    state.plan(sha256, [Item(uid, changes, 2)])
    state.settle(sha256, [Settlement(uid, fate)])  # type: ignore[arg-type] # a fate


def test_a_value_that_was_undone_three_times_is_not_written_a_fourth_time(ledger: Ledger) -> None:
    asked = Item("u1", (PHONE, OUT), 2)
    for number in range(MOST_TURNS):
        assert at_rest(asked, turns_of(ledger, "acme", ["u1"], besides="")) == asked
        written(ledger, number, PHONE, OUT)
    held, consent = at_rest(asked, turns_of(ledger, "acme", ["u1"], besides="")).changes
    assert (held.write, held.value, held.rule, held.conflict) == (False, "+49 1", OSCILLATES, True)
    assert not held.lost
    assert not held.agreed
    assert consent == OUT


def test_other_people_other_values_and_refused_writes_are_no_turns(ledger: Ledger) -> None:
    for number in range(MOST_TURNS):
        written(ledger, number, PHONE, uid="u2")
        written(ledger, number + 10, Change("FNAME", "a", "b", "b", True, "changed_in_cheetahmail"))
        written(ledger, number + 20, PHONE, fate="rejected")
    asked = Item("u1", (PHONE,), 2)
    assert at_rest(asked, turns_of(ledger, "acme", ["u1"], besides="")) == asked


def test_the_file_itself_is_no_turn_when_it_runs_again(ledger: Ledger) -> None:
    for number in range(MOST_TURNS):
        written(ledger, number, PHONE)
    asked = Item("u1", (PHONE,), 2)
    assert at_rest(asked, turns_of(ledger, "acme", ["u1"], besides=f"{MOST_TURNS - 1:064x}")) == asked
