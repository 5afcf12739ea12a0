from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigya_cheetah_assets.ledger import Baseline, Ledger
from gigya_cheetah_assets.reconciliation.classify import Found, Part, classified
from gigya_cheetah_assets_tests.ledger.people import SHAPE, T0, Person, deliver, frame

STATES = st.sampled_from(["opt_in", "opt_out", "pending", None])


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.open(f"sqlite:///{tmp_path}/ledger.sqlite")


def extract(*rows: dict[str, str | None]) -> pa.Table:
    columns = ("uid", "EMAIL", "FNAME", "NEWS")
    return pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in columns})


def found(
    ledger: Ledger, people: list[Person], events: pa.Table, *, exported: bool = True, came_back: tuple[str, ...] = ()
) -> Found:
    rows = frame(*people)
    rows = rows.append_column("_exported", pa.repeat(pa.scalar(exported), len(rows)))
    with ledger:
        baseline = ledger.baseline("acme", rows["GIGYA_UID"], window="")
        return classified(Part(rows, events, baseline, {"NEWS": came_back}), SHAPE)


def same(uid: str = "u1", **changes: str | None) -> dict[str, str | None]:
    return {"uid": uid, "EMAIL": "person@example.org", "FNAME": "Ana", "NEWS": "opt_in"} | changes


def test_people_with_the_same_row_agree_letter_case_and_blanks_aside(ledger: Ledger) -> None:
    result = found(ledger, [Person("u1", news="opt_in")], extract(same(FNAME=" ANA ", EMAIL="Person@Example.org")))
    assert result.people == {"agreeing": 1}
    assert len(result.differences) == 0
    assert result.states == {("NEWS", "opt_in", "opt_in"): 1}


def test_who_is_on_one_side_only_is_missing_on_the_other(ledger: Ledger) -> None:
    result = found(ledger, [Person("u1")], extract(same("u2")))
    assert result.people == {"missing_in_cheetahmail": 1, "missing_in_gigya": 1}
    assert {(row["uid"], row["verdict"]) for row in result.differences.to_pylist()} == {
        ("u1", "missing_in_cheetahmail"),
        ("u2", "missing_in_gigya"),
    }


def test_who_is_not_exported_is_not_missing(ledger: Ledger) -> None:
    assert found(ledger, [Person("u1")], extract(same("u2")), exported=False).people == {"missing_in_gigya": 1}


def test_what_was_agreed_on_before_is_stale_and_anything_else_conflicts(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", name="Ana", news="opt_in"), window="w1")
    now = [Person("u1", name="Bea", news="opt_in", updated=T0 + 1)]
    result = found(ledger, now, extract(same(FNAME="Ana", EMAIL="other@example.org")))
    assert result.columns == {("FNAME", "stale"): 1, ("EMAIL", "conflicting"): 1}
    assert result.people == {"conflicting": 1}


def test_mail_that_came_back_explains_who_is_not_mailed_and_never_who_is(ledger: Ledger) -> None:
    people = [Person("u1", news="opt_in"), Person("u2", news="opt_in"), Person("u3", news="opt_out")]
    events = extract(same("u1", NEWS="opt_out"), same("u2", NEWS="opt_out"), same("u3"))
    result = found(ledger, people, events, came_back=("u1", "u3"))
    assert {row["uid"]: row["verdict"] for row in result.differences.to_pylist()} == {
        "u1": "undeliverable",
        "u2": "conflicting",
        "u3": "mailed_without_opt_in",
    }
    assert result.people["undeliverable"] == 1


def test_a_null_of_the_file_says_nothing_and_an_empty_cell_does(ledger: Ledger) -> None:
    assert found(ledger, [Person("u1", news="opt_in")], extract(same(FNAME=None))).people == {"agreeing": 1}


def test_an_empty_cell_differs_from_a_value(ledger: Ledger) -> None:
    assert found(ledger, [Person("u1", news="opt_in")], extract(same(FNAME=""))).columns == {("FNAME", "stale"): 1}


def test_no_value_of_a_person_is_kept(ledger: Ledger) -> None:
    result = found(ledger, [Person("u1", name="Bea")], extract(same(FNAME="Ana", EMAIL="x@example.org")))
    text = str(result)
    assert not [value for value in ("Ana", "Bea", "x@example.org", "person@example.org") if value in text]


@given(ours=STATES, theirs=st.sampled_from(["opt_in", "opt_out", None]), exported=st.booleans())
def test_whoever_is_mailed_without_an_opt_in_is_found(ours: str | None, theirs: str | None, exported: bool) -> None:
    rows = frame(Person("u1", news=ours)).append_column("_exported", pa.array([exported]))
    result = classified(Part(rows, extract(same(NEWS=theirs)), Baseline.empty(1)), SHAPE)
    mailed = theirs == "opt_in" and ours != "opt_in"
    assert (result.columns["NEWS", "mailed_without_opt_in"] == 1) == mailed
    assert (result.people["mailed_without_opt_in"] == 1) == mailed
