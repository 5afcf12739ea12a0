from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from gigya_cheetah_assets.ledger import Flips, Ledger, RowShape
from gigya_cheetah_assets_tests.ledger.people import DAY, SHAPE, T0, Person, changes, deliver, frame, listed

NOON = T0 + DAY // 2


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.sqlite") as opened:
        yield opened


def test_a_new_person_is_delivered_with_every_decision(ledger: Ledger) -> None:
    found = changes(ledger, frame(Person("u1", news="opt_in", offers="opt_out", at=T0, updated=NOON)), window="w1")
    assert found.profiles.num_rows == 1
    assert listed(found.subscribes) == [("person@example.org", "u1", "NEWS", "20260101000000", "gigya")]
    assert listed(found.unsubscribes) == [("person@example.org", "u1", "OFFERS", "20260101000000", "opt_out")]
    assert found.address_changes.num_rows == 0
    assert (found.unchanged, found.known, found.unaddressable) == (0, 0, 0)


def test_the_small_files_have_the_names_of_the_syncs_own_columns(ledger: Ledger) -> None:
    found = changes(ledger, frame(Person("u1")), window="w1")
    assert found.unsubscribes.column_names == [
        "EMAIL",
        "GIGYA_UID",
        "LIST_ID",
        "OPTOUT_DATE",
        "REASON",
        "_updated",
    ]
    assert found.subscribes.column_names == [
        "EMAIL",
        "GIGYA_UID",
        "LIST_ID",
        "OPTIN_DATE",
        "OPTIN_SOURCE",
        "_updated",
    ]
    assert found.address_changes.column_names == ["EMAIL_FROM", "EMAIL_TO", "GIGYA_UID", "CHANGED", "_updated"]


def test_the_schema_of_each_table_is_the_same_whether_it_has_rows_or_not(ledger: Ledger) -> None:
    empty = changes(ledger, frame(), window="w1")
    deliver(ledger, Person("u1", news="opt_in"), Person("u2"), window="w1")
    full = changes(
        ledger,
        frame(Person("u1", news="opt_out", email="new@example.org"), Person("u2", news="opt_in")),
        window="w2",
    )
    for name in ("profiles", "unsubscribes", "address_changes", "subscribes", "seen"):
        assert getattr(full, name).schema == getattr(empty, name).schema
        assert getattr(empty, name).num_rows == 0
    assert min(full.unsubscribes.num_rows, full.address_changes.num_rows, full.subscribes.num_rows) > 0


def test_an_unchanged_row_yields_nothing(ledger: Ledger) -> None:
    people = [Person(f"u{i}", f"u{i}@example.org", news="opt_in", offers="opt_out", at=T0) for i in range(50)]
    deliver(ledger, *people, window="w1")
    found = changes(ledger, frame(*people), window="w2")
    assert (found.unchanged, found.known) == (50, 50)
    assert found.profiles.num_rows == found.seen.num_rows == 0
    assert found.unsubscribes.num_rows == found.subscribes.num_rows == found.address_changes.num_rows == 0
    assert found.flips == {"NEWS": Flips(), "OFFERS": Flips()}


def test_null_and_the_empty_text_are_no_difference(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", name=None), window="w1")
    assert changes(ledger, frame(Person("u1", name="")), window="w2").unchanged == 1


def test_a_later_update_without_a_change_is_seen(ledger: Ledger) -> None:
    deliver(ledger, Person("u1"), Person("u2"), window="w1")
    found = changes(ledger, frame(Person("u1", updated=NOON), Person("u2")), window="w2")
    assert found.seen.select(["GIGYA_UID", "_updated"]).to_pylist() == [{"GIGYA_UID": "u1", "_updated": NOON}]


def test_an_opt_out_that_is_said_once_more_is_seen_with_its_later_time_and_an_opt_in_with_its_own(
    ledger: Ledger,
) -> None:
    deliver(ledger, Person("u1", news="opt_out", offers="opt_in", at=T0), window="w1")
    again = frame(Person("u1", news="opt_out", offers="opt_in", at=NOON, updated=NOON))
    found = deliver(ledger, Person("u1", news="opt_out", offers="opt_in", at=NOON, updated=NOON), window="w2")
    assert (found.unchanged, found.profiles.num_rows) == (1, 0)
    agreed = ledger.baseline("acme", again["GIGYA_UID"], window="w3")
    assert [agreed.consent(name)[1].to_pylist() for name in SHAPE.subscriptions] == [[NOON], [T0]]


def test_an_opt_out_with_an_earlier_time_or_none_changes_nothing(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", news="opt_out", at=T0), window="w1")
    for window, at in (("w2", T0 - 1), ("w3", None)):
        deliver(ledger, Person("u1", news="opt_out", at=at, updated=NOON), window=window)
        assert ledger.baseline("acme", pa.array(["u1"]), window="w9").consent("NEWS")[1].to_pylist() == [T0]


@pytest.mark.parametrize(
    ("before", "now", "reason"),
    [
        (None, "opt_out", "opt_out"),
        ("pending", "opt_out", "opt_out"),
        ("opt_in", "opt_out", "opt_out"),
        ("opt_in", "pending", "pending"),
        ("opt_in", None, "absent"),
    ],
)
def test_whoever_may_no_longer_be_mailed_leaves_the_list(
    ledger: Ledger, before: str | None, now: str | None, reason: str
) -> None:
    deliver(ledger, Person("u1", news=before), window="w1")
    found = changes(ledger, frame(Person("u1", news=now, updated=NOON)), window="w2")
    assert listed(found.unsubscribes) == [("person@example.org", "u1", "NEWS", "20260101120000", reason)]
    assert found.subscribes.num_rows == 0


@pytest.mark.parametrize(
    ("before", "now"),
    [("opt_out", "opt_out"), ("opt_out", "pending"), ("opt_out", None), (None, "pending"), ("pending", None)],
)
def test_other_steps_concern_no_list(ledger: Ledger, before: str | None, now: str | None) -> None:
    deliver(ledger, Person("u1", news=before), window="w1")
    found = changes(ledger, frame(Person("u1", name="Bo", news=now)), window="w2")
    assert found.unsubscribes.num_rows == found.subscribes.num_rows == 0
    assert found.profiles.num_rows == 1


@pytest.mark.parametrize("before", ["opt_out", "pending", None])
def test_an_opt_in_joins_the_list_under_the_new_address(ledger: Ledger, before: str | None) -> None:
    deliver(ledger, Person("u1", "old@example.org", news=before), window="w1")
    found = changes(ledger, frame(Person("u1", "new@example.org", news="opt_in", at=NOON)), window="w2")
    assert listed(found.subscribes) == [("new@example.org", "u1", "NEWS", "20260101120000", "gigya")]


def test_an_opt_out_with_a_new_address_leaves_for_both(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", "old@example.org", news="opt_in"), window="w1")
    found = changes(ledger, frame(Person("u1", "new@example.org", news="opt_out", updated=NOON)), window="w2")
    assert [row[:3] for row in listed(found.unsubscribes)] == [
        ("old@example.org", "u1", "NEWS"),
        ("new@example.org", "u1", "NEWS"),
    ]
    assert listed(found.address_changes) == [("old@example.org", "new@example.org", "u1", "20260101120000")]


def test_letter_case_alone_is_no_address_change(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", "Ana@Example.org", news="opt_in"), window="w1")
    found = changes(ledger, frame(Person("u1", "ana@example.org", news="opt_out")), window="w2")
    assert found.address_changes.num_rows == 0
    assert [row[0] for row in listed(found.unsubscribes)] == ["Ana@Example.org"]
    assert found.profiles.num_rows == 1


@pytest.mark.parametrize(
    ("old", "new"), [(None, "new@example.org"), ("", "new@example.org"), ("old@example.org", None)]
)
def test_an_address_that_comes_or_goes_is_no_address_change(ledger: Ledger, old: str | None, new: str | None) -> None:
    deliver(ledger, Person("u1", old), window="w1")
    assert changes(ledger, frame(Person("u1", new)), window="w2").address_changes.num_rows == 0


def test_an_opt_out_without_any_address_comes_up_again_once_there_is_one(ledger: Ledger) -> None:
    first = deliver(ledger, Person("u1", None, news="opt_out"), window="w1")
    assert (first.unaddressable, first.unsubscribes.num_rows) == (1, 0)
    second = changes(ledger, frame(Person("u1", "late@example.org", news="opt_out", updated=NOON)), window="w2")
    assert [row[:3] for row in listed(second.unsubscribes)] == [("late@example.org", "u1", "NEWS")]


def test_rows_stand_in_the_order_of_people_then_lists_then_addresses(ledger: Ledger) -> None:
    people = [Person(f"u{i}", f"old{i}@example.org", news="opt_in", offers="opt_in") for i in range(20)]
    deliver(ledger, *people, window="w1")
    gone = [dataclasses.replace(p, email=f"new{p.uid}@example.org", news="opt_out", offers=None) for p in people]
    rows = frame(*gone)
    found = changes(ledger, rows, window="w2")
    order = {uid: place for place, uid in enumerate(rows["GIGYA_UID"].to_pylist())}
    keys = [(order[uid], name, not email.startswith("old")) for email, uid, name, *_ in listed(found.unsubscribes)]
    assert len(keys) == 80
    assert keys == sorted(keys)
    assert found.profiles["GIGYA_UID"].to_pylist() == rows["GIGYA_UID"].to_pylist()


def test_flips_count_known_people_only(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", news="opt_in"), Person("u2", news="opt_in"), Person("u3"), Person("u4"), window="w1")
    now = [
        Person("u1", news="opt_out"), Person("u2", news=None), Person("u3", news="opt_in"), Person("u4"),
        Person("u5", news="opt_in"), Person("u6", news="opt_out"),
    ]  # fmt: skip
    found = changes(ledger, frame(*now), window="w2")
    assert found.flips == {"NEWS": Flips(lost=2, gained=1), "OFFERS": Flips()}
    assert (found.known, found.unchanged) == (4, 1)


def test_a_renamed_column_is_delivered_though_no_cell_changed(ledger: Ledger) -> None:
    deliver(ledger, Person("u1"), window="w1")
    renamed = RowShape("GIGYA_UID", "EMAIL", ("GIGYA_UID", "EMAIL", "FIRST", "NEWS", "OFFERS"), SHAPE.subscriptions)
    rows = frame(Person("u1")).rename_columns(
        ["FIRST" if name == "FNAME" else name for name in frame(Person("u1")).column_names]
    )
    assert changes(ledger, rows, window="w2", shape=renamed).profiles.num_rows == 1


def test_the_old_address_is_found_by_name_whatever_mapping_wrote_it(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", "one@example.org"), window="w1")
    other = RowShape("GIGYA_UID", "EMAIL", ("FNAME", "EMAIL", "GIGYA_UID"), ())
    deliver(ledger, Person("u2", "two@example.org"), window="w2", shape=other, version="2")
    found = changes(ledger, frame(Person("u1", "new1@example.org"), Person("u2", "new2@example.org")), window="w3")
    assert {row[:3] for row in listed(found.address_changes)} == {
        ("one@example.org", "new1@example.org", "u1"),
        ("two@example.org", "new2@example.org", "u2"),
    }


def test_a_sync_without_subscriptions_has_no_lists(ledger: Ledger) -> None:
    shape = RowShape("GIGYA_UID", "EMAIL", ("GIGYA_UID", "EMAIL"), ())
    found = deliver(ledger, Person("u1"), window="w1", shape=shape)
    assert (found.profiles.num_rows, found.unsubscribes.num_rows, found.flips) == (1, 0, {})
    assert changes(ledger, frame(Person("u1"), shape=shape), window="w2", shape=shape).unchanged == 1


@pytest.mark.parametrize(
    ("at", "text"),
    [(T0 + 1999, "20260101000001"), (-1, "19691231235959"), (-62_135_596_800_000, "00010101000000")],
)
def test_dates_are_whole_seconds_in_utc(ledger: Ledger, at: int, text: str) -> None:
    found = changes(ledger, frame(Person("u1", news="opt_out", at=at)), window="w1")
    assert listed(found.unsubscribes)[0][3] == text


def test_the_frame_may_come_in_chunks(ledger: Ledger) -> None:
    people = [Person(f"u{i}", f"u{i}@example.org", news="opt_out") for i in range(9)]
    rows = frame(*people)
    chunked = pa.concat_tables([rows.slice(0, 4), rows.slice(4)])
    assert changes(ledger, chunked, window="w1").unsubscribes.equals(changes(ledger, rows, window="w1").unsubscribes)
