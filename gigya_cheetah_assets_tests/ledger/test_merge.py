from __future__ import annotations

import pytest

from gigya_cheetah_assets.ledger.fold import Event, fold
from gigya_cheetah_assets.ledger.merge import merge, merge_field
from gigya_cheetah_assets.ledger.merge_consent import CLOCK_SKEW, merge_consent
from gigya_cheetah_assets.ledger.sides import (
    UNKNOWN,
    Asked,
    Base,
    Decision,
    FieldRule,
    Side,
    canonical_date,
    canonical_text,
)

LATEST = FieldRule("latest")
THEIRS = FieldRule("cheetahmail")
NEWS = FieldRule("latest", subscription=True)


@pytest.mark.parametrize(
    ("rule", "base", "gigya", "file", "expected"),
    [
        (LATEST, Base("Ana"), Side("Ana"), Side("Bo"), ("Bo", True, "changed_in_cheetahmail", False, "Ana")),
        (LATEST, Base("Ana"), Side("Bo"), Side("Ana"), ("Bo", False, "changed_in_gigya", False, "Ana")),
        (LATEST, Base("Ana"), Side("Bo", 5), Side("Cem", 6), ("Cem", True, "latest_cheetahmail", True, "Bo")),
        (LATEST, Base("Ana"), Side("Bo", 5), Side("Cem", 5), ("Bo", False, "latest_gigya", True, "Cem")),
        (LATEST, Base("Ana"), Side("Bo"), Side("Cem", 6), ("Bo", False, "latest_gigya", True, "Cem")),
        (THEIRS, Base("Ana"), Side("Bo", 7), Side("Cem", 6), ("Cem", True, "owner_cheetahmail", True, "Bo")),
        (THEIRS, Base("Ana", at=7), Side("Ana"), Side("Bo", 6), ("Ana", False, "older_than_agreed", False, "Bo")),
        (THEIRS, UNKNOWN, Side(None), Side("Bo"), ("Bo", True, "changed_in_cheetahmail", False, None)),
        (THEIRS, UNKNOWN, Side("Ana"), Side("Bo"), ("Bo", True, "owner_cheetahmail", True, "Ana")),
        (LATEST, Base("Ana"), Side("Bo"), Side(" BO "), ("Bo", False, "agree", False, None)),
        (LATEST, Base("Ana"), Side("Ana"), Side(None), ("Ana", False, "says_nothing", False, None)),
        (LATEST, Base("Ana"), Side("Ana"), Side("  "), ("Ana", False, "says_nothing", False, None)),
    ],
)
def test_a_field_is_decided_by_what_changed_and_by_its_owner(
    rule: FieldRule, base: Base, gigya: Side, file: Side, expected: tuple[object, ...]
) -> None:
    found = merge_field(rule, base, gigya, file)
    assert (found.value, found.write, found.rule, found.conflict, found.loser) == expected


def test_an_empty_cell_erases_only_where_the_field_says_so() -> None:
    found = merge_field(FieldRule("cheetahmail", blank_erases=True), Base("Ana"), Side("Ana"), Side(None, 5))
    assert found == Decision(None, True, "changed_in_cheetahmail", False, "Ana", 5)


@pytest.mark.parametrize("subscription", [False, True])
def test_a_field_that_gigya_owns_shows_its_loser_and_is_not_written(subscription: bool) -> None:
    rule = FieldRule("gigya", subscription=subscription)
    found = merge_field(rule, Base("opt_in"), Side("opt_in"), Side("opt_out", 5, line=7))
    assert found == Decision("opt_in", False, "gigya_owns", True, "opt_out", None, 7)


def test_a_column_that_the_file_lacks_gets_no_decision() -> None:
    rules = {"FNAME": THEIRS, "CITY": THEIRS}
    assert list(merge(rules, {}, {"CITY": Side("Rome")}, {"FNAME": Side("Bo"), "OTHER": Side("x")})) == ["FNAME"]


@pytest.mark.parametrize(
    ("one", "other"), [("Strasse ", "STRASSE"), ("straße", "STRASSE"), ("e\u0301", "É"), ("a \t b", "A B")]
)
def test_texts_that_only_look_different_are_the_same(one: str, other: str) -> None:
    assert canonical_text(one) == canonical_text(other)


def test_dates_are_compared_by_what_they_mean() -> None:
    canonical = canonical_date("%m/%d/%Y", "%d-%b-%Y")
    assert canonical("02/01/1990") == canonical(" 01-Feb-1990") == canonical("1990-02-01")
    assert canonical("31-Feb-1990") == canonical_text("31-Feb-1990")


@pytest.mark.parametrize(
    ("base", "gigya", "file", "expected"),
    [
        # An opt-out that happened wins, whatever its time, unless the opt-in is provably later.
        (Base("opt_in"), Side("opt_in"), Side("opt_out", 5), ("opt_out", True, "opt_out_wins", 5)),
        (Base("opt_in"), Side("opt_in"), Side("opt_out"), ("opt_out", True, "opt_out_wins", None)),
        (UNKNOWN, Side("pending", 9), Side("opt_out", 5), ("opt_out", True, "opt_out_wins", 5)),
        (Base("opt_out"), Side("opt_in", 9), Side("opt_out"), ("opt_out", True, "opt_out_wins", None)),
        (Base("opt_in", 9), Side("opt_in", 9), Side("opt_out", 5), ("opt_in", False, "opt_in_later", 9)),
        (Base("opt_in", 5), Side("opt_in", 5), Side("opt_out", 5), ("opt_out", True, "opt_out_wins", 5)),
        # A list that still shows the agreed opt-out does not undo what the person did in Gigya since.
        (Base("opt_out", 5), Side("opt_in", 9), Side("opt_out", event=False), ("opt_in", False, "opt_out_known", 9)),
        (Base("opt_out", 5), Side("opt_in", 4), Side("opt_out", event=False), ("opt_out", True, "opt_out_wins", None)),
        # An opt-in lifts an opt-out only if the person gave it, later.
        (Base("opt_out", 5), Side("opt_out", 5), Side("opt_in", 6, True), ("opt_in", True, "opt_in_later", 6)),
        (Base("opt_out", 5), Side("opt_out", 5), Side("opt_in", 6), ("opt_out", False, "opt_out_wins", 5)),
        (Base("opt_out", 5), Side("opt_out", 5), Side("opt_in", 5, True), ("opt_out", False, "opt_out_wins", 5)),
        (Base("opt_out"), Side("opt_out", 5), Side("opt_in", 6, True), ("opt_out", False, "opt_out_wins", None)),
        (Base("opt_out", 5), Side(None), Side("opt_in", 4, True), (None, False, "opt_out_wins", None)),
        # Where no opt-out stands.
        (Base(None), Side(None), Side("opt_in", 6), ("opt_in", True, "opt_in_taken", None)),
        (Base(None), Side("pending", 5), Side("opt_in", 6), ("pending", False, "pending_stays", 5)),
        (Base(None), Side("pending", 5), Side("opt_in", 6, True), ("opt_in", True, "opt_in_taken", 6)),
        (Base("opt_in", 6), Side(None), Side("opt_in", 6, True), (None, False, "changed_in_gigya", None)),
        (Base("opt_in", 6), Side("opt_in", 6), Side(None), ("opt_in", False, "says_nothing", 6)),
        (Base("opt_in", 6), Side("opt_in", 6), Side("pending"), ("opt_in", False, "says_nothing", 6)),
        # What both sides have gets the later proof.
        (Base("opt_in", 6), Side("opt_in", 6), Side("opt_in", 8, True), ("opt_in", False, "agree", 8)),
        (Base("opt_in", 6), Side("opt_in", 6), Side("opt_in", 8), ("opt_in", False, "agree", 6)),
        (Base("opt_out", 6), Side("opt_out", 6), Side("opt_out"), ("opt_out", False, "agree", None)),
        (Base("opt_out", 6), Side("opt_out", 6), Side("opt_out", event=False), ("opt_out", False, "agree", 6)),
    ],
)
def test_an_opt_out_stands_unless_the_opt_in_is_provably_later(
    base: Base, gigya: Side, file: Side, expected: tuple[object, ...]
) -> None:
    found = merge_consent(base, gigya, file)
    assert (found.value, found.write, found.rule, found.at) == expected


def test_the_time_of_our_own_writing_is_no_evidence() -> None:
    """An opt-in of time 7, written at time 1,000,000: an opt-out of time 50 comes after it."""
    wrote = Base("opt_in", at=7, written=1_000_000)
    gigya = Side("opt_in", 1_000_000 + CLOCK_SKEW)
    assert merge_consent(wrote, gigya, Side("opt_out", 50)).value == "opt_out"
    again = Side("opt_in", 1_000_001 + CLOCK_SKEW)
    assert merge_consent(wrote, again, Side("opt_out", 50)).value == "opt_in"


def test_what_gigya_has_because_we_asked_for_it_carries_our_evidence() -> None:
    """An opt-in of time 7 was perhaps written at time 1,000 by a run that was killed; an opt-out of time 50 wins."""
    base = Base("opt_out", at=3, asked=(Asked("opt_in", 7),))
    assert merge_field(NEWS, base, Side("opt_in", 1_000), Side("opt_out", 50)).value == "opt_out"
    assert merge_field(NEWS, base, Side("opt_in", 1_000), Side("opt_in", 7, first_party=True)).at == 7
    noted = Base("opt_out", at=3, asked=(Asked("opt_in", 7, written=1_000),))
    later = Side("opt_in", 1_001 + CLOCK_SKEW)
    assert merge_field(NEWS, noted, later, Side("opt_out", 50)).value == "opt_in"
    plain = Base("Ana", asked=(Asked("Bo", 7),))
    assert merge_field(LATEST, plain, Side("Bo", 1_000), Side("Cem", 50)).value == "Cem"


def test_the_latest_row_of_a_person_counts_and_an_opt_out_wins_a_tie() -> None:
    rules = {"FNAME": THEIRS, "NEWS": NEWS}
    rows = [
        Event(2, {"FNAME": "Bo", "NEWS": "opt_in"}, 7, first_party=True),
        Event(3, {"FNAME": "Ana", "NEWS": "opt_out"}, 5),
        Event(4, {"FNAME": None, "NEWS": "opt_out"}, 7),
    ]
    folded = fold(rows, rules)
    assert (folded.sides["FNAME"].value, folded.sides["FNAME"].line) == ("Bo", 2)
    assert (folded.sides["NEWS"].value, folded.sides["NEWS"].line) == ("opt_out", 4)


def test_equal_rows_are_one_and_contradictory_values_are_none() -> None:
    rules = {"FNAME": THEIRS, "CITY": THEIRS}
    folded = fold([Event(2, {"FNAME": "Bo", "CITY": "Rome"}, 5), Event(3, {"FNAME": "BO ", "CITY": "Bonn"}, 5)], rules)
    assert (folded.sides["FNAME"].value, folded.contradictory) == ("Bo", ("CITY",))
