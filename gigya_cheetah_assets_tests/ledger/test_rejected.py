from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pytest

from gigya_cheetah_assets.ledger import Ledger, RejectedOptOuts, compare_rejected
from gigya_cheetah_assets.ledger.neighbours import Neighbours
from gigya_cheetah_assets_tests.ledger.people import DAY, SHAPE, T0, Person, changes, deliver, frame, listed


def rejected(ledger: Ledger, *people: Person, window: str = "w2") -> RejectedOptOuts:
    rows = frame(*people)
    return compare_rejected(rows, ledger.baseline("acme", rows["GIGYA_UID"], window=window), SHAPE)


def kept(ledger: Ledger, found: RejectedOptOuts, window: str = "w2") -> None:
    ledger.record("acme", window, [], shape=SHAPE, mapping_version="1", consents_only=[found.consents])


def test_an_opt_out_of_a_rejected_row_leaves_and_is_kept(ledger: Ledger) -> None:
    found = rejected(ledger, Person("u1", "person@example.org", news="opt_out", offers="opt_in", at=T0))
    assert listed(found.unsubscribes) == [("person@example.org", "u1", "NEWS", "20260101000000", "opt_out")]
    assert found.consents.to_pylist() == [
        {"GIGYA_UID": "u1", "_updated": T0, "_state.NEWS": "opt_out", "_at.NEWS": T0, "_state.OFFERS": None,
         "_at.OFFERS": None}
    ]  # fmt: skip
    kept(ledger, found)
    assert rejected(ledger, Person("u1", news="opt_out", at=T0), window="w3").unsubscribes.num_rows == 0


def test_the_same_window_builds_the_same_opt_outs_again(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", "known@example.org", news="opt_in"), window="w1")
    now = Person("u1", "no address", news="opt_out", updated=T0 + DAY)
    first = rejected(ledger, now)
    kept(ledger, first)
    again = rejected(ledger, now)
    assert again.unsubscribes.equals(first.unsubscribes)
    assert again.consents.equals(first.consents)
    assert first.unsubscribes.num_rows == 1


@pytest.mark.parametrize("email", [None, "", "no address", "two@at@example.org", "bla nk@example.org", "@", "a@"])
def test_without_an_address_in_the_row_the_ledgers_is_used(ledger: Ledger, email: str | None) -> None:
    deliver(ledger, Person("u1", "known@example.org", news="opt_in"), window="w1")
    found = rejected(ledger, Person("u1", email, news="opt_out"))
    assert [row[0] for row in listed(found.unsubscribes)] == ["known@example.org"]


def test_a_new_address_in_the_row_leaves_beside_the_one_that_cheetahmail_knows(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", "known@example.org", news="opt_in"), window="w1")
    found = rejected(ledger, Person("u1", "new@example.org", news="opt_out"))
    assert [row[0] for row in listed(found.unsubscribes)] == ["known@example.org", "new@example.org"]
    same = rejected(ledger, Person("u1", "KNOWN@example.org", news="opt_out"))
    assert [row[0] for row in listed(same.unsubscribes)] == ["known@example.org"]


def test_an_opt_out_that_a_rejected_row_says_once_more_leaves_only_where_others_are_opted_in(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", "two@example.org", news="opt_out", at=T0), window="w1")
    rows = frame(Person("u1", "two@example.org", news="opt_out", at=T0 + DAY, updated=T0 + DAY))
    agreed = ledger.baseline("acme", rows["GIGYA_UID"], window="w2")
    alone = Neighbours.nobody(1, SHAPE)
    with_others = dataclasses.replace(alone, inherited={"NEWS": np.array([True]), "OFFERS": np.array([False])})
    assert compare_rejected(rows, agreed, SHAPE, around=alone).unsubscribes.num_rows == 0
    found = compare_rejected(rows, agreed, SHAPE, around=with_others)
    assert listed(found.unsubscribes) == [("two@example.org", "u1", "NEWS", "20260102000000", "opt_out")]
    assert found.consents["_at.NEWS"].to_pylist() == [T0 + DAY]


def test_an_opt_out_that_no_address_can_carry_is_counted_and_comes_up_again(ledger: Ledger) -> None:
    found = rejected(ledger, Person("u1", "no address", news="opt_out", offers="opt_out"))
    assert (found.unaddressable, found.unsubscribes.num_rows, found.consents.num_rows) == (2, 0, 0)
    kept(ledger, found)
    mended = changes(ledger, frame(Person("u1", "good@example.org", news="opt_out", offers="opt_out")), window="w3")
    assert [row[2] for row in listed(mended.unsubscribes)] == ["NEWS", "OFFERS"]


def test_nothing_but_opt_outs_of_a_rejected_row_is_believed(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", news="opt_in", offers="opt_in"), Person("u2", news="opt_out"), window="w1")
    found = rejected(ledger, Person("u1", news=None, offers="pending"), Person("u2", news="opt_in"))
    assert (found.unsubscribes.num_rows, found.consents.num_rows, found.unaddressable) == (0, 0, 0)


def test_other_decisions_of_the_person_stay_as_the_ledger_has_them(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", news="opt_in", offers="opt_in", at=T0), window="w1")
    found = rejected(ledger, Person("u1", news="opt_out", offers=None, at=T0 + 5, updated=T0 + 5))
    (row,) = found.consents.to_pylist()
    assert (row["_state.NEWS"], row["_at.NEWS"]) == ("opt_out", T0 + 5)
    assert (row["_state.OFFERS"], row["_at.OFFERS"]) == ("opt_in", T0)


def test_an_opt_out_without_a_key_leaves_too(ledger: Ledger) -> None:
    deliver(ledger, Person("u1"), window="w1")
    found = rejected(ledger, Person(None, "person@example.org", news="opt_out"))
    assert listed(found.unsubscribes) == [("person@example.org", None, "NEWS", "20260101000000", "opt_out")]
    assert found.consents.num_rows == 0


def test_a_rejected_row_that_is_mended_is_delivered_without_a_second_opt_out(ledger: Ledger) -> None:
    kept(ledger, rejected(ledger, Person("u1", "person@example.org", news="opt_out")))
    found = changes(ledger, frame(Person("u1", "person@example.org", news="opt_out", updated=T0 + 1)), window="w3")
    assert (found.profiles.num_rows, found.unsubscribes.num_rows, found.known) == (1, 0, 1)


def test_no_rejected_rows_are_no_opt_outs(ledger: Ledger) -> None:
    found = rejected(ledger)
    full = rejected(ledger, Person("u1", news="opt_out"))
    assert found.unsubscribes.num_rows == found.consents.num_rows == 0
    assert (found.unsubscribes.schema, found.consents.schema) == (full.unsubscribes.schema, full.consents.schema)
    assert isinstance(found.consents, pa.Table)
