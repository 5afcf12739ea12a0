"""What an account made of rows about a newcomer would hold, whatever the rows say and in whatever order."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.inbound.feeds import Feed, feed_of
from gigya_cheetah_assets.inbound.newcomers import Newcomers, by_reason, is_new, key_of, masked, newcomer
from gigya_cheetah_assets.inbound.person import Row
from gigya_cheetah_assets.inbound.rules import rules_of
from gigya_cheetah_assets.ledger import ParkedOptOut
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets_tests.syncs import minimal_sync

FILE = "ab" * 32
NAME = {"cheetahmail": "LNAME", "gigya": "profile.lastName", "owner": "latest"}
CITY = {"cheetahmail": "CITY", "gigya": "profile.city"}
NEWS = {
    "cheetahmail": "NEWS", "gigya": "subscriptions.news.email", "type": "subscription", "owner": "latest",
    "values": {"opt_in": "1", "opt_out": "0"},
}  # fmt: skip
TIMES = st.one_of(st.none(), st.integers(1, 5).map(lambda n: 1_767_225_600_000 + n * 1000))


def _feed(kind: str) -> Feed:
    content = minimal_sync(create_accounts="full")
    content["fields"] = [*content["fields"], NAME, CITY, NEWS]
    content["inbound_files"] = {kind: {"pattern": "*"}, "unsubscribes": {"pattern": "*u*", "list": {"1": "NEWS"}}}
    sync = Sync.model_validate(content)
    return feed_of(kind, sync, FieldTable.from_sync(sync), now=1_800_000_000_000)


SUBSCRIBES, PROFILES = _feed("subscribes"), _feed("profiles")


def _row(line: int, **cells: object) -> Row:
    return {"line": line, "uid": None, "email": "New@Example.org", "at": None, **cells}


@st.composite
def _subscribed(draw: st.DrawFn, line: int) -> Row:
    return _row(line, at=draw(TIMES), first_party=draw(st.booleans()), NEWS="opt_in")


@settings(max_examples=150, deadline=None)
@given(
    rows=st.integers(1, 4).flatmap(lambda n: st.tuples(*(_subscribed(line) for line in range(2, 2 + n)))),
    parked=st.one_of(st.none(), TIMES.map(lambda at: ParkedOptOut("new@example.org", "NEWS", at, "unsubs_1.dat", 9))),
    data=st.data(),
)
def test_an_account_opts_in_only_where_that_is_proven_and_later_than_every_opt_out(
    rows: tuple[Row, ...], parked: ParkedOptOut | None, data: st.DataObject
) -> None:
    mixed = data.draw(st.permutations(rows))
    made = newcomer(SUBSCRIBES, rules_of(SUBSCRIBES), mixed, [parked] if parked else [], file=FILE)
    assert made == newcomer(SUBSCRIBES, rules_of(SUBSCRIBES), rows, [parked] if parked else [], file=FILE)
    states = [change.value for change in made.item.changes if change.column == "NEWS"]
    proven = [row["at"] for row in rows if row["first_party"] and row["at"] is not None]
    if parked is None:
        assert states == (["opt_in"] if proven else [])
    elif parked.decided_at is not None and proven and max(proven) > parked.decided_at:
        assert states == ["opt_in"]
    else:
        assert states == ["opt_out"]


def test_an_account_holds_its_address_and_what_cheetahmail_may_write() -> None:
    rows = [_row(3, LNAME="Neu", CITY="Rome", NEWS="opt_in"), _row(2, LNAME="Neu")]
    made = newcomer(PROFILES, rules_of(PROFILES), rows, [], file=FILE)
    assert [(change.column, change.value) for change in made.item.changes] == [
        ("EMAIL", "New@Example.org"),
        ("LNAME", "Neu"),
    ]
    assert (made.rows, made.item.line) == (2, 2)
    assert is_new(made.item.uid)


def test_the_key_until_then_depends_on_address_and_file_and_shows_neither() -> None:
    assert key_of("New@Example.org ", FILE) == key_of("new@example.org", FILE)
    assert key_of("new@example.org", "cd" * 32) != key_of("new@example.org", FILE)
    assert "example" not in key_of("new@example.org", FILE)


def test_a_preview_shows_little_of_an_address() -> None:
    assert masked("maja.lind@mail.example.org") == "m…@….org"


def test_rows_of_an_address_come_together_with_their_reasons(tmp_path: Path) -> None:
    gathered = Newcomers(tmp_path, PROFILES, 4)
    gathered.add([_row(2, LNAME="A"), {**_row(3, LNAME="B"), "email": "other@example.org"}], "unknown_uid")
    gathered.add([_row(4, LNAME="C")], "unknown_address")
    [people] = gathered.by_address()
    assert [row["line"] for row in people["new@example.org"]] == [2, 4]
    reasons = by_reason(people["new@example.org"])
    assert {reason: [row["line"] for row in rows] for reason, rows in reasons.items()} == {
        "unknown_uid": [2],
        "unknown_address": [4],
    }
