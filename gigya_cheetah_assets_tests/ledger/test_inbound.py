from __future__ import annotations

import dataclasses
import subprocess
import sys
import textwrap

import pytest

from gigya_cheetah_assets.ledger import (
    Base,
    Change,
    FieldRule,
    InboundFile,
    InboundState,
    Item,
    Ledger,
    LedgerUnusable,
    ParkedOptOut,
    Settlement,
    Side,
    merge_field,
)
from gigya_cheetah_assets.ledger.sides import Asked
from gigya_cheetah_assets.ledger.undeliverable import Ended
from gigya_cheetah_assets_tests.ledger.people import (
    DAY,
    SHAPE,
    T0,
    Person,
    changes,
    deliver,
    frame,
    listed,
    recorded_at,
)

FILE = InboundFile("ab" * 32, "unsubs_20260101.dat", "unsubscribes", 120)
OUT = Change("NEWS", "opt_in", "opt_out", "0", True, "opt_out_wins", at=T0 + 5, line=2, subscription=True)
NAME = Change("FNAME", "Ana", "Bo", "Bo", True, "changed_in_cheetahmail", at=T0 + 5, line=2)


@pytest.fixture
def state(ledger: Ledger) -> InboundState:
    deliver(ledger, Person("u1", news="opt_in", at=T0), Person("u2", news="opt_in", at=T0), window="w1")
    recorded_at(ledger, T0)
    made = InboundState(ledger, "acme", SHAPE)
    made.begin(FILE)
    return made


def apply(state: InboundState, *changes_: Change, uid: str = "u1", updated: int | None = T0 + 10) -> None:
    state.plan(FILE.sha256, [Item(uid, changes_, 2)])
    state.settle(FILE.sha256, [Settlement(uid, "applied", updated=updated)])


def test_a_file_is_known_again_by_its_content(state: InboundState) -> None:
    again = state.begin(dataclasses.replace(FILE, name="another_name.dat"))
    assert (again.status, again.file, again.finished_at) == ("open", FILE, None)
    state.finish(FILE.sha256, {"read": 1})
    done = state.begin(FILE)
    assert (done.status, done.counts) == ("done", {"read": 1})
    assert done.finished_at is not None
    assert state.record("cd" * 32) is None


def test_a_refused_file_is_open_again_when_it_comes_again(state: InboundState) -> None:
    state.finish(FILE.sha256, {}, status="refused")
    assert state.begin(FILE).status == "open"
    found = state.record(FILE.sha256)
    assert found is not None
    assert (found.status, found.finished_at) == ("open", None)


def test_a_file_that_was_never_begun_has_no_items(state: InboundState) -> None:
    with pytest.raises(LedgerUnusable, match="never begun"):
        state.plan("cd" * 32, [])


def test_items_come_back_in_the_order_of_their_lines(state: InboundState) -> None:
    items = [Item("u2", (OUT, NAME), 9), Item("u1", (NAME,), 3), Item("u3", (), 4, "rejected", "unknown_uid")]
    state.plan(FILE.sha256, items)
    assert state.pending(FILE.sha256) == [items[1], items[0]]
    (rejected,) = state.items(FILE.sha256, fate="rejected")
    assert (rejected.uid, rejected.code, rejected.writes) == ("u3", "unknown_uid", False)
    assert state.fates(FILE.sha256) == {"pending": 2, "rejected": 1}


def test_what_is_settled_stays_settled_when_the_file_is_planned_again(state: InboundState) -> None:
    state.plan(FILE.sha256, [Item("u1", (OUT,), 2), Item("u2", (OUT,), 3)])
    assert state.settle(FILE.sha256, [Settlement("u1", "rejected", "400009")]) == 1
    state.plan(FILE.sha256, [Item("u1", (NAME,), 2), Item("u2", (NAME,), 3)])
    assert [(item.uid, item.changes) for item in state.pending(FILE.sha256)] == [("u2", (NAME,))]
    assert state.settle(FILE.sha256, [Settlement("u1", "applied")]) == 0
    assert state.items(FILE.sha256, fate="rejected")[0].code == "400009"


def test_a_file_with_pending_items_is_not_done(state: InboundState) -> None:
    state.plan(FILE.sha256, [Item("u1", (OUT,), 2)])
    with pytest.raises(LedgerUnusable, match="found 1"):
        state.finish(FILE.sha256, {})
    state.settle(FILE.sha256, [Settlement("u1", "applied")])
    state.finish(FILE.sha256, {})


def test_an_applied_change_is_no_change_for_the_next_window(state: InboundState, ledger: Ledger) -> None:
    """Gigya gives the state the time of our writing; that does not count as a change either."""
    apply(state, OUT, NAME)
    now = Person("u1", name="Bo", news="opt_out", at=T0 + 10, updated=T0 + 10)
    found = changes(ledger, frame(now), window="w2")
    assert (found.unchanged, found.profiles.num_rows, found.unsubscribes.num_rows) == (1, 0, 0)


def test_a_rejected_change_leaves_the_agreed_row(state: InboundState, ledger: Ledger) -> None:
    state.plan(FILE.sha256, [Item("u1", (OUT, NAME), 2)])
    state.settle(FILE.sha256, [Settlement("u1", "rejected", "400009")])
    assert changes(ledger, frame(Person("u1", news="opt_in", at=T0)), window="w2").unchanged == 1


def test_what_both_sides_changed_alike_is_agreed_on(state: InboundState, ledger: Ledger) -> None:
    same = Change("FNAME", "Bo", "Bo", "Bo", False, "agree", at=T0 + 5)
    state.plan(FILE.sha256, [Item("u1", (same,), 2)])
    state.settle(FILE.sha256, [Settlement("u1", "unchanged", updated=T0 + 6)])
    assert changes(ledger, frame(Person("u1", name="Bo", news="opt_in", updated=T0 + 6)), window="w2").unchanged == 1


def test_the_text_that_outbound_makes_is_the_one_agreed_on(state: InboundState, ledger: Ledger) -> None:
    state.plan(FILE.sha256, [Item("u1", (NAME,), 2)])
    state.settle(FILE.sha256, [Settlement("u1", "applied", cells={"FNAME": "BO"})])
    assert changes(ledger, frame(Person("u1", name="BO", news="opt_in", updated=T0 + 9)), window="w2").unchanged == 1
    assert state.bases(["u1"])["u1"]["FNAME"].value == "BO"


@pytest.mark.parametrize("updated", [None, T0 + 10])
def test_rows_made_before_an_opt_out_came_in_do_not_leave_any_more(
    state: InboundState, ledger: Ledger, updated: int | None
) -> None:
    rows = frame(Person("u1", news="opt_in", offers="opt_in", at=T0))
    before = ledger.revision("acme")
    apply(state, OUT, updated=updated)
    assert ledger.revision("acme") > before
    assert ledger.superseded("acme", rows["GIGYA_UID"], rows["_updated"], window="w2").to_pylist() == [True]
    ledger.record("acme", "w2", [rows], shape=SHAPE, mapping_version="1")
    assert state.bases(["u1"])["u1"]["NEWS"].value == "opt_out"


def test_a_window_that_runs_again_after_inbound_does_not_undo_it(state: InboundState, ledger: Ledger) -> None:
    apply(state, OUT)
    rows = frame(Person("u1", news="opt_in", at=T0))
    assert ledger.superseded("acme", rows["GIGYA_UID"], rows["_updated"], window="w1").to_pylist() == [True]


def test_an_opt_out_of_a_person_whom_the_ledger_does_not_know_is_kept(state: InboundState, ledger: Ledger) -> None:
    apply(state, OUT, NAME, uid="stranger")
    assert ledger.population("acme") == 3
    found = changes(ledger, frame(Person("stranger", news="opt_out", updated=T0 + DAY)), window="w2")
    assert (found.profiles.num_rows, found.unsubscribes.num_rows) == (1, 0)
    deliver(ledger, Person("stranger", news="opt_out", updated=T0 + DAY), window="w2")
    assert ledger.population("acme") == 3


def test_a_text_in_any_script_is_laid_over_the_row(state: InboundState, ledger: Ledger) -> None:
    name = "Жанна\x1f\x1b"
    apply(state, dataclasses.replace(NAME, value=name, cell=name))
    assert changes(ledger, frame(Person("u1", name=name, news="opt_in")), window="w2").unchanged == 1


def test_bases_are_what_was_agreed_on_with_the_evidence(state: InboundState) -> None:
    apply(state, OUT, NAME)
    bases = state.bases(["u1", "u2", "nobody"])
    assert bases["nobody"] == {}
    assert bases["u2"]["NEWS"] == Base("opt_in", T0)
    assert bases["u2"]["FNAME"] == Base("Ana")
    for column, value in (("NEWS", "opt_out"), ("FNAME", "Bo")):
        base = bases["u1"][column]
        assert (base.value, base.at) == (value, T0 + 5)
        assert base.written is not None
        assert base.written > T0


def test_evidence_of_a_value_that_is_no_longer_agreed_on_does_not_count(state: InboundState, ledger: Ledger) -> None:
    apply(state, OUT, NAME)
    deliver(ledger, Person("u1", name="Cem", news="opt_in", at=T0 + DAY, updated=T0 + DAY), window="w2")
    bases = {column: dataclasses.replace(base, asked=()) for column, base in state.bases(["u1"])["u1"].items()}
    assert (bases["FNAME"], bases["NEWS"]) == (Base("Cem"), Base("opt_in", T0 + DAY))


def test_what_was_planned_and_perhaps_written_before_a_kill_is_known_until_its_fate_is(
    state: InboundState, ledger: Ledger
) -> None:
    deliver(ledger, Person("u1", news="opt_in"), window="w1")
    recorded_at(ledger, T0)
    state.begin(FILE)
    state.plan(FILE.sha256, [Item("u1", (OUT,), 2)])
    assert state.bases(["u1"])["u1"]["NEWS"].asked == (Asked("opt_out", OUT.at),)
    seen = dataclasses.replace(OUT, before="opt_out", write=False, rule="agree")
    state.plan(FILE.sha256, [Item("u1", (seen,), 2)])
    state.settle(FILE.sha256, [Settlement("u1", "unchanged")])
    base = state.bases(["u1"])["u1"]["NEWS"]
    assert (base.value, base.at, base.asked) == ("opt_out", OUT.at, ())
    assert base.written is not None


def test_a_column_that_the_row_did_not_have_was_never_agreed_on(ledger: Ledger) -> None:
    deliver(ledger, Person("u1"), window="w1")
    wider = dataclasses.replace(SHAPE, columns=(*SHAPE.columns, "CITY"))
    assert "CITY" not in InboundState(ledger, "acme", wider).bases(["u1"])["u1"]


def test_each_decision_is_in_the_consent_log_with_its_line(state: InboundState, ledger: Ledger) -> None:
    refused = Change("OFFERS", "opt_out", "opt_out", "0", False, "opt_out_wins", True, "opt_in", T0, 3, True)
    apply(state, OUT, refused, NAME)
    state.plan(FILE.sha256, [Item("u2", (OUT,), 4)])
    state.settle(FILE.sha256, [Settlement("u2", "rejected", "400009")])
    entries = [entry for uid in ("u1", "u2") for _, _, entry in ledger.consents_of("acme", uid)]
    told = [(e.subscription, e.before, e.after, e.line, e.rule) for e in entries if e.side == "cheetahmail"]
    assert told == [
        ("NEWS", "opt_in", "opt_out", 2, "opt_out_wins"),
        ("OFFERS", "opt_out", "opt_out", 3, "opt_out_wins"),
        ("NEWS", "opt_in", "opt_in", 2, "rejected: opt_out_wins"),
    ]
    assert {e.source for e in entries if e.side == "cheetahmail"} == {FILE.name}
    assert ledger.verify_consents("acme") is None


def test_a_decision_becomes_a_change() -> None:
    decision = merge_field(FieldRule("latest", subscription=True), Base("opt_in"), Side("opt_in"), Side("opt_out", 5))
    made = Change.of("NEWS", decision, before="opt_in", subscription=True, cell="0")
    assert made == Change("NEWS", "opt_in", "opt_out", "0", True, "opt_out_wins", False, "opt_in", 5, None, True)
    plain = merge_field(FieldRule("cheetahmail"), Base("Ana"), Side("Ana"), Side("Bo", 5, line=7))
    assert Change.of("FNAME", plain, before="Ana").cell == "Bo"


def test_parked_opt_outs_are_found_by_address_and_the_strongest_stays(state: InboundState) -> None:
    first = ParkedOptOut("Ana@Example.org ", "NEWS", T0 + 5, "f1", 2)
    state.park([first, dataclasses.replace(first, decided_at=T0), ParkedOptOut("bo@example.org", "NEWS", None, "f1")])
    (found,) = state.parked(["ANA@example.org", "nobody@example.org"])
    assert (found.address, found.decided_at) == ("ana@example.org", T0 + 5)
    state.park([dataclasses.replace(first, decided_at=None), first])
    assert [opt_out.decided_at for opt_out in state.parked()] == [None, None]
    state.unpark([first])
    assert [opt_out.address for opt_out in state.parked()] == ["bo@example.org"]


def test_mail_that_ended_is_known_by_person_and_subscription_until_it_goes_again(state: InboundState) -> None:
    state.mail_ended([Ended("u1", "NEWS", T0, "f1"), Ended("u2", "NEWS", None, "f1")], [])
    state.mail_ended([Ended("u1", "NEWS", T0 + 5, "f2"), Ended("u1", "OFFERS", T0, "f2")], [("u2", "NEWS")])
    assert state.undeliverable(["u1", "u2", "u3"]) == {"u1": {"NEWS", "OFFERS"}}
    assert state.undeliverable([]) == {}


def test_a_kill_while_settling_leaves_the_item_pending(state: InboundState, ledger: Ledger, url: str) -> None:
    state.plan(FILE.sha256, [Item("u1", (OUT,), 2), Item("u2", (OUT,), 3)])
    before = ledger.revision("acme")
    code = """
        import os, signal, sys
        from gigya_cheetah_assets.ledger import InboundState, Ledger, Settlement
        from gigya_cheetah_assets_tests.ledger.people import SHAPE
        ledger = Ledger.open(sys.argv[1])
        state = InboundState(ledger, "acme", SHAPE)
        state.settle(sys.argv[2], [Settlement("u1", "applied")])
        with ledger.writing("acme"):
            state.settle(sys.argv[2], [Settlement("u2", "applied")])
            os.kill(os.getpid(), signal.SIGKILL)
    """
    arguments = [sys.executable, "-c", textwrap.dedent(code), url, FILE.sha256]
    assert subprocess.run(arguments, check=False).returncode == -9
    assert [item.uid for item in state.pending(FILE.sha256)] == ["u2"]
    bases = state.bases(["u1", "u2"])
    assert (bases["u1"]["NEWS"].value, bases["u2"]["NEWS"].value) == ("opt_out", "opt_in")
    assert (ledger.revision("acme"), ledger.verify_consents("acme")) == (before + 1, None)


def test_a_second_writer_of_the_same_values_agrees(state: InboundState, ledger: Ledger) -> None:
    """The same events under another content: what was applied is read as agreed, nothing is written."""
    apply(state, OUT)
    base = state.bases(["u1"])["u1"]["NEWS"]
    gigya = Side("opt_out", T0 + 10)
    again = merge_field(FieldRule("latest", subscription=True), base, gigya, Side("opt_out", T0 + 5))
    assert (again.rule, again.write, again.at) == ("agree", False, T0 + 5)
    assert listed(changes(ledger, frame(Person("u2", news="opt_in")), window="w2").unsubscribes) == []
