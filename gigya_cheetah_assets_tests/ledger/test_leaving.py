from __future__ import annotations

import pytest

from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.ledger.leaving import not_recorded_there
from gigya_cheetah_assets_tests.ledger.people import SHAPE, T0, Person, deliver, frame


def held(ledger: Ledger, *people: Person) -> list[dict[str, object]]:
    rows = frame(*people)
    return not_recorded_there(rows, ledger.baseline("acme", rows["GIGYA_UID"], window="w2"), SHAPE).to_pylist()


def test_the_opt_outs_of_a_row_that_may_not_go_on_stay_at_its_new_address(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", "old@example.org", news="opt_in"), window="w1")
    assert held(ledger, Person("u1", "New@example.org", news="opt_out", offers="opt_in", at=T0)) == [
        {
            "uid": "u1",
            "address": "new@example.org",
            "subscription": "NEWS",
            "state": "opt_out",
            "at": T0,
            "again": False,
        }
    ]


@pytest.mark.parametrize("email", ["old@example.org", "OLD@example.org", "no address", "", None])
def test_nothing_stays_where_the_ledger_knows_her_or_where_there_is_no_address(
    ledger: Ledger, email: str | None
) -> None:
    deliver(ledger, Person("u1", "old@example.org", news="opt_in"), window="w1")
    assert held(ledger, Person("u1", email, news="opt_out", at=T0)) == []


def test_of_a_person_whom_nobody_knows_yet_they_stay_too(ledger: Ledger) -> None:
    assert [line["address"] for line in held(ledger, Person("u1", "new@example.org", offers="opt_out"))] == [
        "new@example.org"
    ]
