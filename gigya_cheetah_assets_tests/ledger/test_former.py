from __future__ import annotations

from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets_tests.ledger.people import DAY, T0, Person, deliver


def delivered(ledger: Ledger, *uids: str) -> dict[str, list[str]]:
    return ledger.delivered_addresses("acme", uids, email="EMAIL")


def test_the_addresses_of_the_row_and_of_the_one_before_are_known_in_alphabetical_order(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", "old@example.org"), Person("u2", "bo@example.org"), window="w1")
    deliver(ledger, Person("u1", "new@example.org", updated=T0 + DAY), window="w2", version="2")
    assert delivered(ledger, "u1", "stranger") == {"u1": ["new@example.org", "old@example.org"]}


def test_the_address_of_an_earlier_run_of_a_window_is_known(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", "old@example.org"), window="w1")
    deliver(ledger, Person("u1", "between@example.org", updated=T0 + 1), window="w2")
    deliver(ledger, Person("u1", "new@example.org", updated=T0 + 2), window="w2")
    assert delivered(ledger, "u1") == {"u1": ["between@example.org", "new@example.org", "old@example.org"]}


def test_letter_case_makes_no_other_address_and_an_empty_cell_none(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", "Ana@Example.org"), Person("u2", None), window="w1")
    deliver(ledger, Person("u1", "ana@example.org", updated=T0 + 1), window="w2")
    assert delivered(ledger, "u1", "u2") == {"u1": ["ana@example.org"]}
