"""What a window told, turned back into what stood before it, and whether it still holds."""

from __future__ import annotations

import pyarrow as pa
import pytest

from gigya_cheetah_assets.ledger import Ledger, told
from gigya_cheetah_assets_tests.ledger.people import DAY, SHAPE, T0, Person, deliver

OLD, NEW = "old@example.org", "new@example.org"


@pytest.fixture
def files(ledger: Ledger) -> dict[str, pa.Table]:
    """What a window told: one left a list, one joined one, one moved."""
    known = Person("out", news="opt_in"), Person("in"), Person("moves", OLD, news="opt_in")
    deliver(ledger, *known, window="w1")
    now = Person("out", news="opt_out", updated=T0 + 1), Person("in", news="opt_in", updated=T0 + 2)
    found = deliver(ledger, *now, Person("moves", NEW, news="opt_in", updated=T0 + 3), window="w2")
    return {kind: getattr(found, kind) for kind in ("unsubscribes", "address_changes", "subscribes")}


def holding(ledger: Ledger, rows: pa.Table) -> list[bool]:
    flags: list[bool] = told.holds(rows, ledger.baseline("acme", told.uids_of(rows), window=""), SHAPE).tolist()
    return flags


def test_people_are_gathered_from_their_rows(files: dict[str, pa.Table]) -> None:
    out, moves = told.people_of(files["unsubscribes"]), told.people_of(files["address_changes"])
    assert out == [told.Told("out", "person@example.org", T0 + 1, ("NEWS",))]
    assert moves == [told.Told("moves", OLD, T0 + 3)]


def test_what_was_told_stood_the_other_way_round_before(ledger: Ledger, files: dict[str, pa.Table]) -> None:
    steps: dict[str, told.Step] = {"unsubscribes": "left", "subscribes": "joined", "address_changes": "moved"}
    found = {}
    for kind, step in steps.items():
        people = told.people_of(files[kind])
        now = ledger.baseline("acme", told.uids_of(files[kind]), window="")
        before = told.stood_before(step, people, now, SHAPE)
        found[kind] = (before.consent("NEWS")[0].to_pylist(), before.cells("EMAIL").to_pylist())
    assert found == {
        "unsubscribes": (["opt_in"], ["person@example.org"]),
        "subscribes": (["opt_out"], ["person@example.org"]),
        "address_changes": (["opt_in"], [OLD]),
    }


def test_all_holds_until_a_later_window_tells_otherwise(ledger: Ledger, files: dict[str, pa.Table]) -> None:
    assert [holding(ledger, rows) for rows in files.values()] == [[True], [True], [True]]
    deliver(ledger, Person("out", name="Eva", news="opt_out", updated=T0 + DAY), window="w3")
    assert holding(ledger, files["unsubscribes"]) == [True]
    deliver(ledger, Person("out", news="opt_in", updated=T0 + 2 * DAY), window="w4")
    deliver(ledger, Person("in", news="opt_out", updated=T0 + DAY), window="w5")
    deliver(ledger, Person("moves", OLD, news="opt_in", updated=T0 + DAY), window="w6")
    assert [holding(ledger, rows) for rows in files.values()] == [[False], [False], [False]]


def test_of_whom_the_ledger_does_not_know_nothing_holds(ledger: Ledger, files: dict[str, pa.Table]) -> None:
    rows = files["unsubscribes"].set_column(1, "GIGYA_UID", pa.array(["nobody"]))
    assert holding(ledger, rows) == [False]
