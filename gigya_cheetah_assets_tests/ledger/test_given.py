from __future__ import annotations

import pytest

from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.ledger.given import Given, as_given
from gigya_cheetah_assets.ledger.merge_consent import CLOCK_SKEW
from gigya_cheetah_assets.ledger.tables import inbound_asked, inbound_cells
from gigya_cheetah_assets_tests.ledger.people import DAY, SHAPE, T0, Person, frame


@pytest.mark.parametrize(
    ("given", "gigya", "counts"),
    [
        (Given(T0, T0 + DAY), T0 + DAY, T0),
        (Given(T0, T0 + DAY), T0 + DAY + CLOCK_SKEW, T0),
        (Given(T0, T0 + DAY), T0 + DAY + CLOCK_SKEW + 1, T0 + DAY + CLOCK_SKEW + 1),
        (Given(T0, T0 + DAY), None, T0),
        (Given(None, T0 + DAY), T0 + DAY, None),
        (Given(T0, None), T0 + 9 * DAY, T0),
    ],
)
def test_the_time_of_our_own_writing_is_no_time_of_a_decision(
    given: Given, gigya: int | None, counts: int | None
) -> None:
    assert given.seen_at(gigya) == counts


def test_what_was_written_and_what_may_have_been_is_found(ledger: Ledger) -> None:
    cell = {"sync": "acme", "column_name": "NEWS", "evidence_at": T0, "written_at": T0 + DAY}
    cells = [
        {**cell, "uid": "u1", "value": "opt_in"},
        {**cell, "uid": "u2", "value": "opt_out"},
        {**cell, "uid": "u3", "value": "opt_in", "written_at": None},
    ]
    asked = {"sync": "acme", "uid": "u4", "column_name": "OFFERS", "value": "opt_in", "evidence_at": T0, "sha256": "f"}
    with ledger.transaction("acme") as (connection, _):
        connection.execute(inbound_cells.insert(), cells)
        connection.execute(inbound_asked.insert(), asked)
    assert ledger.written_opt_ins("acme", ["u1", "u2", "u3", "u4", "u5"]) == {
        ("u1", "NEWS"): Given(T0, T0 + DAY),
        ("u4", "OFFERS"): Given(T0, None),
    }
    assert ledger.written_opt_ins("other", ["u1"]) == {}


def test_only_opt_ins_that_we_wrote_get_another_time() -> None:
    rows = frame(Person("u1", news="opt_in", offers="opt_in", at=T0 + DAY), Person("u2", news="opt_out", at=T0 + DAY))
    written = {("u1", "NEWS"): Given(T0, T0 + DAY), ("u2", "NEWS"): Given(T0, T0 + DAY)}
    found = as_given(rows, written, SHAPE)
    times = {row["GIGYA_UID"]: (row["_at.NEWS"], row["_at.OFFERS"]) for row in found.to_pylist()}
    assert times == {"u1": (T0, T0 + DAY), "u2": (T0 + DAY, T0 + DAY)}
    assert as_given(rows, {}, SHAPE) is rows
