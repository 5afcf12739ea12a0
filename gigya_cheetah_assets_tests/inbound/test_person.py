from __future__ import annotations

from typing import Any

from gigya_cheetah_assets.inbound.accounts import Account
from gigya_cheetah_assets.inbound.feeds import Feed, feed_of
from gigya_cheetah_assets.inbound.person import CONTRADICTORY, FOREIGN_ADDRESS, Planned, planned
from gigya_cheetah_assets.inbound.rules import rules_of
from gigya_cheetah_assets.ledger import Base, ParkedOptOut
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets_tests.inbound.feeds import FIELDS, ms, sync

AT = ms("2026-11-01")
OWNED = [{**f, "owner": "latest"} if f["cheetahmail"] in ("FNAME", "NEWS", "OFFERS") else f for f in FIELDS]


def feed(kind: str) -> Feed:
    made = sync(OWNED)
    return feed_of(kind, made, FieldTable.from_sync(made), now=ms("2026-11-23"))


def account(news: str | None = "opt_in", name: str = "Ana") -> Account:
    cells: dict[str, str | None] = {f["cheetahmail"]: None for f in FIELDS}
    cells |= {"GIGYA_UID": "u1", "EMAIL": "a@example.org", "FNAME": name}
    return Account("u1", {}, cells, {"NEWS": (news, AT), "OFFERS": (None, None)}, AT)


def row(line: int, **cells: Any) -> dict[str, Any]:
    return {"line": line, "uid": "u1", "email": "a@example.org", "at": AT + line, **cells}


def plan(kind: str, *rows: dict[str, Any], bases: dict[str, Base] | None = None, **more: Any) -> Planned:
    found = feed(kind)
    return planned(found, rules_of(found), rows, account(), bases or {}, **more)


def writes(done: Planned) -> dict[str, str | None]:
    return {change.column: change.value for change in done.item.changes if change.write}


def test_an_address_of_another_account_makes_a_value_and_an_opt_in_a_reject() -> None:
    theirs = {"holders": {"b@example.org": {"u2"}}}
    done = plan("profiles", row(2, email="B@example.org ", FNAME="Bo"), bases={"FNAME": Base("Ana")}, **theirs)
    assert (writes(done), done.rejects, done.rows) == ({}, ((2, "EMAIL", FOREIGN_ADDRESS),), 0)
    opt_in = row(3, email="b@example.org", OFFERS="opt_in", first_party=True)
    assert writes(plan("subscribes", opt_in, **theirs)) == {}


def test_an_opt_in_at_an_address_that_somebody_else_has_since_is_answered_with_what_stands() -> None:
    theirs = {"holders": {"b@example.org": {"u2"}}}
    done = plan("subscribes", row(3, email="b@example.org", OFFERS="opt_in", NEWS="opt_in"), **theirs)
    lost = [(change.column, change.value, change.loser) for change in done.item.changes if change.lost]
    assert (lost, done.rows) == ([("OFFERS", None, "opt_in")], 0)


def test_an_opt_in_at_an_address_that_she_shares_is_nobodys_and_not_answered() -> None:
    theirs = {"holders": {"a@example.org": {"u1", "u2"}}}
    assert plan("subscribes", row(3, OFFERS="opt_in"), **theirs).item.changes == ()


def test_an_opt_out_counts_whoever_has_the_address_and_nothing_else_of_its_row_does() -> None:
    mixed = row(2, email="b@example.org", FNAME="Bo", NEWS="opt_out")
    done = plan("profiles", mixed, bases={"FNAME": Base("Ana")}, holders={"b@example.org": {"u2"}})
    assert writes(done) == {"NEWS": "opt_out"}
    assert done.rejects == ()


def test_equal_rows_are_one_and_of_others_the_latest_counts() -> None:
    base = {"FNAME": Base("Ana")}
    assert writes(plan("profiles", row(2, FNAME="Bo"), row(3, FNAME="Bo"), bases=base)) == {"FNAME": "Bo"}
    assert writes(plan("profiles", row(3, FNAME="Cy"), row(2, FNAME="Bo"), bases=base)) == {"FNAME": "Cy"}


def test_two_values_of_one_moment_are_both_rejected_and_two_states_are_an_opt_out() -> None:
    two = (row(2, at=AT, FNAME="Bo", NEWS="opt_in"), row(3, at=AT, FNAME="Cy", NEWS="opt_out"))
    done = plan("profiles", *two, bases={"FNAME": Base("Ana")})
    assert writes(done) == {"NEWS": "opt_out"}
    assert done.rejects == ((2, "FNAME", CONTRADICTORY),)


def test_an_opt_out_that_waited_on_the_address_is_merged_with_the_rows() -> None:
    waited = ParkedOptOut("a@example.org", "NEWS", AT + 9, "unsubs_0.dat", 4)
    done = plan("profiles", row(2, FNAME="Ana"), parked=[waited])
    assert writes(done) == {"NEWS": "opt_out"}
