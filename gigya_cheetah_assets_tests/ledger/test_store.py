from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from zlib import crc32

import pyarrow as pa
import pytest
import sqlalchemy as sa

from gigya_cheetah_assets.errors import StopSync
from gigya_cheetah_assets.ledger import DeliveredFile, Ledger, LedgerUnusable, RowShape, compare
from gigya_cheetah_assets_tests.ledger.people import DAY, SHAPE, T0, Person, changes, deliver, frame

FILE = DeliveredFile("profiles", "gigya_profiles_20260101T000000Z.csv.gz", 2, 120, "ab" * 32)


def agreed(ledger: Ledger) -> list[tuple[object, ...]]:
    """All that the ledger holds of people."""
    with ledger._database.reading() as connection:
        return [tuple(row) for row in connection.execute(sa.text("SELECT * FROM ledger_agreed ORDER BY 1, 2, 3"))]


def test_a_new_ledger_knows_nobody(ledger: Ledger) -> None:
    baseline = ledger.baseline("acme", pa.array(["u1", "u2"]), window="w1")
    assert baseline.known.to_pylist() == [False, False]
    assert baseline.row_text.to_pylist() == baseline.digest.to_pylist() == [None, None]
    assert (ledger.revision("acme"), ledger.population("acme"), ledger.deliveries("acme")) == (0, 0, [])
    assert ledger.superseded("acme", pa.array(["u1"]), pa.array([1]), window="w1").to_pylist() == [False]


def test_the_baseline_is_aligned_with_the_uids_asked_for(ledger: Ledger) -> None:
    deliver(ledger, *(Person(f"u{i}", f"u{i}@example.org", news="opt_in", at=T0 + i) for i in range(30)), window="w1")
    asked = ["u7", "stranger", "u3", "u29"]
    baseline = ledger.baseline("acme", pa.array(asked), window="w2")
    assert baseline.known.to_pylist() == [True, False, True, True]
    assert baseline.cells("EMAIL").to_pylist() == ["u7@example.org", None, "u3@example.org", "u29@example.org"]
    assert baseline.consent("NEWS")[0].to_pylist() == ["opt_in", None, "opt_in", "opt_in"]
    assert baseline.consent("NEWS")[1].to_pylist() == [T0 + 7, None, T0 + 3, T0 + 29]
    assert baseline.updated.to_pylist() == [T0, None, T0, T0]
    assert baseline.known_count == 3


def test_a_scan_and_single_look_ups_find_the_same(ledger: Ledger) -> None:
    uids = sorted((f"u{i}" for i in range(3000)), key=lambda uid: (crc32(uid.encode()), uid))
    deliver(ledger, *(Person(uid, f"{uid}@example.org") for uid in uids), window="w1")
    whole = ledger.baseline("acme", pa.array(uids), window="w2").cells("EMAIL").to_pylist()
    every_fifth = ledger.baseline("acme", pa.array(uids[::5]), window="w2").cells("EMAIL").to_pylist()
    assert whole == [f"{uid}@example.org" for uid in uids]
    assert every_fifth == whole[::5]


def test_uids_with_one_slot_are_kept_apart(ledger: Ledger) -> None:
    one, two = "plumless", "buckeroo"
    assert crc32(one.encode()) == crc32(two.encode())
    deliver(ledger, Person(one, "one@example.org"), window="w1")
    assert ledger.baseline("acme", pa.array([two, one]), window="w2").known.to_pylist() == [False, True]
    deliver(ledger, Person(two, "two@example.org"), window="w2")
    emails = ledger.baseline("acme", pa.array([two, one]), window="w3").cells("EMAIL").to_pylist()
    assert (emails, ledger.population("acme")) == (["two@example.org", "one@example.org"], 2)


def test_text_in_any_script_comes_back(ledger: Ledger) -> None:
    names = ["Жанна", "王", "😀\u200d", "שלום", "tab\there", "nul\x00sep\x1fesc\x1b"]
    deliver(ledger, *(Person(f"ü{i}", name=name) for i, name in enumerate(names)), window="w1")
    uids = pa.array([f"ü{i}" for i in range(len(names))])
    assert ledger.baseline("acme", uids, window="w2").cells("FNAME").to_pylist() == names


def test_syncs_share_a_ledger_and_know_nothing_of_each_other(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", "one@example.org"), window="w1", sync="one")
    deliver(ledger, Person("u1", "two@example.org"), window="w1", sync="two")
    assert ledger.baseline("one", pa.array(["u1"]), window="w2").cells("EMAIL").to_pylist() == ["one@example.org"]
    assert ledger.baseline("three", pa.array(["u1"]), window="w2").known_count == 0
    assert (ledger.revision("one"), ledger.revision("three")) == (1, 0)


def test_a_window_that_runs_again_compares_with_what_stood_before_it(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", "old@example.org", news="opt_in"), Person("u2"), window="w1")
    second = [Person("u1", "new@example.org", news="opt_out", updated=T0 + DAY), Person("u3", offers="opt_in")]
    first_time = deliver(ledger, *second, window="w2")
    for _ in range(2):
        again = deliver(ledger, *second, window="w2")
        for name in ("profiles", "unsubscribes", "address_changes", "subscribes"):
            assert getattr(again, name).equals(getattr(first_time, name))
        assert (again.flips, again.known, again.unchanged) == (first_time.flips, first_time.known, 0)
    assert changes(ledger, frame(*second), window="w3").unchanged == 2


def test_recording_again_changes_nothing_but_the_revision(ledger: Ledger) -> None:
    deliver(ledger, Person("u1"), Person("u2"), window="w1")
    deliver(ledger, Person("u1", name="Bo", updated=T0 + 1), window="w2")
    before = agreed(ledger)
    revision = ledger.record(
        "acme", "w2", [frame(Person("u1", name="Bo", updated=T0 + 1))], shape=SHAPE, mapping_version="1"
    )
    assert agreed(ledger) == before
    assert (revision, ledger.revision("acme"), ledger.population("acme")) == (3, 3, 2)


def test_an_older_state_never_replaces_a_newer_one(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", news="opt_out", updated=T0 + DAY), window="w2")
    before = agreed(ledger)
    deliver(ledger, Person("u1", news="opt_in", updated=T0), window="w1")
    assert agreed(ledger) == before


def test_a_row_that_another_delivery_overtook_is_superseded(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", updated=T0 + 10), Person("u2", updated=T0 + 10), window="w2")
    uids, times = pa.array(["u1", "u2", "stranger"]), pa.array([T0 + 9, T0 + 10, T0], pa.int64())
    assert ledger.superseded("acme", uids, times, window="w1").to_pylist() == [True, False, False]
    assert ledger.superseded("acme", uids, times, window="w2").to_pylist() == [False, False, False]
    chunked = pa.chunked_array([times.slice(0, 1), times.slice(1)])
    assert ledger.superseded("acme", uids, chunked, window="w1").to_pylist() == [True, False, False]


def test_a_state_that_came_back_is_not_undone_by_a_window_that_was_stuck(ledger: Ledger) -> None:
    # Opted out, in, out again: the last window sees no change, the one between them is delivered after it.
    deliver(ledger, Person("u1", news="opt_out", updated=T0), window="w1")
    between = frame(Person("u1", news="opt_in", updated=T0 + 1))
    stuck = changes(ledger, between, window="w2")
    assert stuck.subscribes.num_rows == 1
    assert deliver(ledger, Person("u1", news="opt_out", updated=T0 + 2), window="w3").unchanged == 1
    late = ledger.superseded("acme", stuck.subscribes["GIGYA_UID"], stuck.subscribes["_updated"], window="w2")
    assert late.to_pylist() == [True]


def test_what_the_same_window_delivered_is_not_touched_by_being_seen(ledger: Ledger) -> None:
    deliver(ledger, Person("u1"), window="w1")
    before = agreed(ledger)
    seen = frame(Person("u1", updated=T0 + 5))
    ledger.record("acme", "w1", [], shape=SHAPE, mapping_version="1", seen=[seen])
    assert agreed(ledger) == before


def test_rows_of_several_batches_are_one_delivery(ledger: Ledger) -> None:
    def batches() -> Iterator[pa.Table]:
        for start in range(0, 40, 10):
            yield frame(*(Person(f"u{i}") for i in range(start, start + 10)))

    assert ledger.record("acme", "w1", batches(), shape=SHAPE, mapping_version="1") == 1
    assert ledger.population("acme") == 40
    ledger.record("acme", "w2", [frame(Person("u1", updated=T0 + 1), Person("v1"))], shape=SHAPE, mapping_version="1")
    assert ledger.population("acme") == 41


def test_a_delivery_that_fails_half_way_leaves_no_trace(ledger: Ledger) -> None:
    deliver(ledger, Person("u1"), window="w1")
    before = agreed(ledger)

    def batches() -> Iterator[pa.Table]:
        yield frame(Person("u1", name="Bo", updated=T0 + 1), Person("u2"))
        raise StopSync("the spool cannot be read")

    with pytest.raises(StopSync, match="spool"):
        ledger.record("acme", "w2", batches(), shape=SHAPE, mapping_version="2", files=[FILE])
    assert agreed(ledger) == before
    assert (ledger.revision("acme"), ledger.population("acme"), len(ledger.deliveries("acme"))) == (1, 1, 1)


def test_consents_are_kept_for_somebody_whose_row_was_never_delivered(ledger: Ledger) -> None:
    only = frame(Person("u1", news="opt_out", at=T0)).drop_columns(["EMAIL", "FNAME", "NEWS", "OFFERS"])
    ledger.record("acme", "w1", [], shape=SHAPE, mapping_version="1", consents_only=[only])
    baseline = ledger.baseline("acme", pa.array(["u1"]), window="w2")
    assert (baseline.known.to_pylist(), baseline.row_text.to_pylist()) == ([True], [None])
    assert baseline.consent("NEWS")[0].to_pylist() == ["opt_out"]
    assert baseline.cells("EMAIL").to_pylist() == [None]
    assert ledger.population("acme") == 1


def test_consents_alone_leave_the_delivered_row_as_it_is(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", "one@example.org", news="opt_in"), Person("u2", news="opt_in"), window="w1")
    only = frame(Person("u1", news="opt_out", updated=T0 + 1), Person("new", offers="opt_out"))
    only = only.drop_columns(["EMAIL", "FNAME", "NEWS", "OFFERS"])
    ledger.record("acme", "w2", [], shape=SHAPE, mapping_version="2", consents_only=[only])
    baseline = ledger.baseline("acme", pa.array(["u1"]), window="w3")
    assert baseline.cells("EMAIL").to_pylist() == ["one@example.org"]
    assert baseline.consent("NEWS")[0].to_pylist() == ["opt_out"]
    # The row that is delivered next is the same but for the decision, and that is known already.
    mended = Person("u1", "one@example.org", news="opt_out", updated=T0 + 2)
    row = frame(mended).set_column(3, "NEWS", pa.array(["1"]))
    assert compare(row, baseline, SHAPE).unchanged == 1


def test_deliveries_are_listed_with_files_and_counts(ledger: Ledger) -> None:
    ledger.record("acme", "w1", [], shape=SHAPE, mapping_version="v1", files=[FILE], counts=lambda: {"read": 2})
    ledger.record("acme", "w2", [], shape=SHAPE, mapping_version="v2")
    first, second = ledger.deliveries("acme")
    assert (first.window, first.revision, first.mapping_version) == ("w1", 1, "v1")
    assert (first.files, first.counts) == ((FILE,), {"read": 2})
    assert (second.window, second.revision, second.files, second.counts) == ("w2", 2, (), {})
    assert 0 <= second.recorded_at - first.recorded_at < 60_000
    assert ledger.deliveries("acme", "w2") == [second]


def test_one_version_with_other_columns_is_kept_apart(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", "one@example.org"), window="w1", version="same")
    other = RowShape("GIGYA_UID", "EMAIL", ("EMAIL", "GIGYA_UID"), ())
    deliver(ledger, Person("u2", "two@example.org"), window="w2", version="same", shape=other)
    baseline = ledger.baseline("acme", pa.array(["u1", "u2"]), window="w3")
    assert baseline.cells("EMAIL").to_pylist() == ["one@example.org", "two@example.org"]


def test_a_brake_is_released_for_one_window_and_one_check(ledger: Ledger) -> None:
    assert not ledger.is_released("acme", "w1", "volume")
    ledger.release("acme", "w1", "volume")
    ledger.release("acme", "w1", "volume")
    assert ledger.is_released("acme", "w1", "volume")
    for other in (("acme", "w2", "volume"), ("acme", "w1", "reject_share"), ("other", "w1", "volume")):
        assert not ledger.is_released(*other)


def test_what_is_recorded_under_the_lock_is_seen_there_and_kept_at_its_end(ledger: Ledger, url: str) -> None:
    with Ledger.open(url) as other:
        with ledger.writing("acme"):
            deliver(ledger, Person("u1"), window="w1")
            ledger.release("acme", "w1", "volume")
            assert (ledger.revision("acme"), other.revision("acme")) == (1, 0)
        assert (other.revision("acme"), other.is_released("acme", "w1", "volume")) == (1, True)


def test_what_is_recorded_under_the_lock_is_undone_by_an_error(ledger: Ledger) -> None:
    def upload() -> None:
        with ledger.writing("acme"):
            deliver(ledger, Person("u1"), window="w1")
            raise StopSync("upload failed")

    with pytest.raises(StopSync, match="upload"):
        upload()
    assert (ledger.revision("acme"), ledger.population("acme")) == (0, 0)
    deliver(ledger, Person("u1"), window="w1")
    assert ledger.revision("acme") == 1


def test_one_lock_is_held_at_a_time(ledger: Ledger) -> None:
    with ledger.writing("acme"), pytest.raises(LedgerUnusable, match="acme"), ledger.writing("other"):
        pass


def test_uids_that_are_null_are_nobody(ledger: Ledger) -> None:
    deliver(ledger, Person("u1"), window="w1")
    baseline = ledger.baseline("acme", pa.array([None, "u1"], pa.string()), window="w2")
    assert baseline.known.to_pylist() == [False, True]


def test_a_delivery_of_a_person_may_change_and_be_recorded_under_the_same_window(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", name="Ana"), window="w1")
    deliver(ledger, Person("u1", name="Bo", updated=T0 + 1), window="w2")
    third = Person("u1", name="Cy", updated=T0 + 2)
    assert deliver(ledger, third, window="w2").profiles.num_rows == 1
    before = ledger.baseline("acme", pa.array(["u1"]), window="w2")
    assert before.cells("FNAME").to_pylist() == ["Ana"]
    assert changes(ledger, frame(dataclasses.replace(third)), window="w3").unchanged == 1
