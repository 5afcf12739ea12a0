"""Old windows that run again while CheetahMail has not imported their files, and whose people have moved on since."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from gigya_cheetah_assets.cheetahmail import Manifest
from gigya_cheetah_assets.ledger import DeletedPerson, RowShape, Tombstones
from gigya_cheetah_assets.ledger.import_results import FileResult, note_result
from gigya_cheetah_assets.outbound.summary import DeliverySummary
from gigya_cheetah_assets.outbound.window import Window
from gigya_cheetah_assets.store import folders, summary
from gigya_cheetah_assets_tests.outbound.town import LISTS, Town, town

NEWS, OFFERS = LISTS
A, B, C, D = "a@example.org", "b@example.org", "c@example.org", "d@example.org"


@pytest.fixture(params=["email", "uid"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    """Ann and Bob get the newsletter."""
    with town(tmp_path, request.param) as made:
        for uid, address in (("ann", A), ("bob", B)):
            made.lives(uid, address)
            made.says(uid, NEWS, yes=True)
        made.window()
        assert made.mailed(NEWS) == {A, B}
        yield made


def deliver(place: Town) -> Window:
    """The hour ends; nothing is imported."""
    place.window(imported=False)
    return place.windows[-1]


def told(place: Town, kind: str, window: Window) -> list[dict[str, str]]:
    path = place.folder / "staging" / "autoproc" / f"gigya_{kind}_{window.stamp}.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def people(place: Town, kind: str, window: Window) -> list[str]:
    return sorted(row["GIGYA_UID"] for row in told(place, kind, window))


def folder_of(place: Town, window: Window) -> Path:
    return folders.asset_folder(place.folder / "data", place.sync.name, folders.FILES, window.stamp)


def test_an_opt_out_stays_in_the_file_when_its_person_was_only_seen_later(place: Town) -> None:
    for uid in ("ann", "bob"):
        place.says(uid, NEWS, yes=False)
    closed = deliver(place)
    before = told(place, "unsubs", closed)
    place.lives("ann", A)
    deliver(place)
    place.run(closed, imported=False)
    assert sorted(map(str, told(place, "unsubs", closed))) == sorted(map(str, before))
    assert people(place, "profiles", closed) == ["ann", "bob"]
    place.mail.import_now()
    assert place.mailed(NEWS) == set()


def test_an_opt_out_stays_in_the_file_when_a_later_window_has_told_something_else(place: Town) -> None:
    for uid in ("ann", "bob"):
        place.says(uid, NEWS, yes=False)
    closed = deliver(place)
    place.says("ann", OFFERS, yes=True)
    later = deliver(place)
    assert people(place, "unsubs", later) == []
    place.run(closed, imported=False)
    assert people(place, "unsubs", closed) == ["ann", "bob"]
    # Her row is in the later file, with all of its cells.
    assert people(place, "profiles", closed) == ["bob"]
    place.mail.import_now()
    assert (place.mailed(NEWS), place.mailed(OFFERS)) == (set(), {A})


def test_an_opt_out_that_was_taken_back_since_is_not_told_any_more(place: Town) -> None:
    for uid in ("ann", "bob"):
        place.says(uid, NEWS, yes=False)
    closed = deliver(place)
    place.says("ann", NEWS, yes=True)
    deliver(place)
    place.run(closed, imported=False)
    assert people(place, "unsubs", closed) == ["bob"]
    place.mail.import_now()
    assert place.mailed(NEWS) == {A}


def test_an_opt_in_stays_while_it_holds_and_goes_when_it_was_withdrawn(place: Town) -> None:
    for uid in ("ann", "bob"):
        place.says(uid, OFFERS, yes=True)
    place.lives("cid", C)
    place.says("cid", OFFERS, yes=True)
    closed = deliver(place)
    place.says("ann", OFFERS, yes=False)
    place.says("bob", NEWS, yes=False)
    deliver(place)
    place.run(closed, imported=False)
    assert people(place, "subs", closed) == ["bob", "cid"]
    place.mail.import_now()
    assert place.mailed(OFFERS) == {B, C}


def test_an_opt_in_is_not_told_on_where_somebody_else_has_opted_out_of_the_address(place: Town) -> None:
    for uid in ("ann", "bob"):
        place.says(uid, OFFERS, yes=True)
    closed = deliver(place)
    place.lives("ann", A)
    place.lives("dan", A)
    place.says("dan", OFFERS, yes=False)
    deliver(place)
    place.run(closed, imported=False)
    assert people(place, "subs", closed) == ["bob"]
    place.mail.import_now()
    assert place.mailed(OFFERS) == {B}


def test_a_change_of_address_stays_and_brings_the_opt_ins_along(place: Town) -> None:
    place.lives("ann", C)
    place.lives("bob", D)
    closed = deliver(place)
    place.lives("ann", C)
    deliver(place)
    place.run(closed, imported=False)
    assert people(place, "coa", closed) == ["ann", "bob"]
    place.mail.import_now()
    assert place.mailed(NEWS) == {C, D}
    assert len(place.subscribers()) == 2


def test_who_has_moved_once_more_is_brought_to_the_last_address(place: Town) -> None:
    place.lives("ann", C)
    place.lives("bob", D)
    closed = deliver(place)
    place.lives("ann", "e@example.org")
    deliver(place)
    place.run(closed, imported=False)
    moves = {row["GIGYA_UID"]: (row["EMAIL_FROM"], row["EMAIL_TO"]) for row in told(place, "coa", closed)}
    assert moves == {"ann": (A, "e@example.org"), "bob": (B, D)}
    place.mail.import_now()
    assert place.mailed(NEWS) == {D, "e@example.org"}
    assert len(place.subscribers()) == 2


def test_who_has_moved_back_is_left_where_she_is(place: Town) -> None:
    place.lives("ann", C)
    place.lives("bob", D)
    closed = deliver(place)
    place.lives("ann", A)
    deliver(place)
    place.run(closed, imported=False)
    assert people(place, "coa", closed) == ["bob"]
    place.mail.import_now()
    assert place.mailed(NEWS) == {A, D}


def test_an_opt_out_reaches_the_address_of_before_and_that_of_today(place: Town) -> None:
    for uid in ("ann", "bob"):
        place.says(uid, NEWS, yes=False)
    closed = deliver(place)
    place.lives("ann", C)
    deliver(place)
    place.run(closed, imported=False)
    assert {row["EMAIL"] for row in told(place, "unsubs", closed)} == {A, B, C}
    place.mail.import_now()
    assert place.mailed(NEWS) == set()


def test_an_address_that_somebody_else_has_by_now_takes_no_opt_in_along(place: Town) -> None:
    place.lives("ann", C)
    place.lives("bob", D)
    closed = deliver(place)
    place.lives("ann", C)
    place.lives("eve", A)
    deliver(place)
    place.run(closed, imported=False)
    assert people(place, "coa", closed) == ["bob"]
    place.mail.import_now()
    assert place.mailed(NEWS) == {C, D}


def test_each_run_again_gives_the_same_bytes_and_counts_what_it_carries_apart(place: Town) -> None:
    for uid in ("ann", "bob"):
        place.says(uid, NEWS, yes=False)
        place.lives(uid, {"ann": C, "bob": D}[uid])
    closed = deliver(place)
    place.lives("ann", C)
    deliver(place)
    place.run(closed, imported=False)
    outbox = place.folder / "staging" / "autoproc"
    before = {path.name: path.read_bytes() for path in outbox.iterdir()}
    made = place.run(closed, imported=False)
    assert {path.name: path.read_bytes() for path in outbox.iterdir()} == before
    assert made.carried == {"unsubscribes": 2, "address_changes": 1, "profiles": 1}
    delivery = summary.read(folder_of(place, closed), DeliverySummary)
    assert (delivery.read, delivery.delivered, delivery.carried_over) == (1, 1, 4)
    manifests = map(Manifest.read, folder_of(place, closed).glob("*.manifest.json"))
    assert {one.kind: one.carried_over for one in manifests} == made.carried


def test_nothing_is_carried_of_a_file_that_cheetahmail_has_reported_as_imported(place: Town) -> None:
    for uid in ("ann", "bob"):
        place.says(uid, NEWS, yes=False)
    closed = deliver(place)
    place.mail.import_now()
    place.lives("ann", A)
    deliver(place)
    name = f"gigya_unsubs_{closed.stamp}.csv"
    result = FileResult(name, closed.stamp, "unsubscribes", failed=False, rejected=0)
    note_result(place.ledger, place.sync.name, RowShape.of(place.sync.fields), result, [])
    assert place.run(closed, imported=False).carried == {"profiles": 1}
    assert people(place, "unsubs", closed) == ["bob"]


def test_a_file_that_cheetahmail_could_not_import_is_carried_still(place: Town) -> None:
    for uid in ("ann", "bob"):
        place.says(uid, NEWS, yes=False)
    closed = deliver(place)
    place.lives("ann", A)
    deliver(place)
    result = FileResult(f"gigya_unsubs_{closed.stamp}.csv", closed.stamp, "unsubscribes", failed=True, rejected=2)
    note_result(place.ledger, place.sync.name, RowShape.of(place.sync.fields), result, [])
    place.run(closed, imported=False)
    assert people(place, "unsubs", closed) == ["ann", "bob"]


def test_of_who_was_deleted_nothing_is_carried(place: Town) -> None:
    for uid in ("ann", "bob"):
        place.says(uid, NEWS, yes=False)
    closed = deliver(place)
    place.lives("ann", A)
    window = deliver(place)
    gone = [DeletedPerson("ann", A, place.now, "deleted")]
    Tombstones(place.ledger, place.sync.name).put_up(window.stamp, gone)
    assert place.run(closed, imported=False).carried == {}
    assert people(place, "unsubs", closed) == ["bob"]


def test_what_was_taken_back_between_the_rows_and_their_delivery_is_not_delivered(place: Town) -> None:
    for uid in ("ann", "bob"):
        place.says(uid, NEWS, yes=False)
        place.says(uid, OFFERS, yes=True)
    closed = deliver(place)
    place.lives("ann", A)
    deliver(place)
    assert place.make(closed).carried == {"unsubscribes": 1, "profiles": 1, "subscribes": 1}
    place.says("ann", NEWS, yes=True)
    deliver(place)
    place.deliver(closed)
    assert (people(place, "unsubs", closed), people(place, "subs", closed)) == (["bob"], ["ann", "bob"])
    assert people(place, "profiles", closed) == ["bob"]
    place.mail.import_now()
    assert (place.mailed(NEWS), place.mailed(OFFERS)) == ({A}, {A, B})


def test_who_went_to_an_address_where_others_were_leaves_and_joins_again(place: Town) -> None:
    place.lives("ann", B)
    place.lives("bob", A)
    closed = deliver(place)
    before = {kind: people(place, kind, closed) for kind in ("unsubs", "coa", "subs")}
    assert before["coa"] == []
    place.lives("cid", C)
    deliver(place)
    place.lives("ann", B)
    place.says("bob", OFFERS, yes=True)
    deliver(place)
    place.run(closed, imported=False)
    assert {kind: sorted(set(people(place, kind, closed))) for kind in before} == {
        kind: sorted(set(uids)) for kind, uids in before.items()
    }
    place.mail.import_now()
    assert place.mailed(NEWS) == {A, B}


# Histories that lost an opt-in or an opt-out as long as nothing was carried over.
@pytest.mark.parametrize("seed", [5, 61])
def test_after_old_windows_ran_again_at_random_everybody_gets_what_she_asked_for(seed: int, tmp_path: Path) -> None:
    dice = Random(seed)  # noqa: S311 - histories, not secrets
    with town(tmp_path, dice.choice(["email", "uid"])) as place:
        homes = {uid: f"{uid}@example.org" for uid in ("ann", "bob", "cid", "dan", "eve")}
        for uid, address in homes.items():
            place.lives(uid, address)
        place.window()
        for _ in range(dice.randint(2, 5)):
            for _ in range(dice.randint(1, 6)):
                uid = dice.choice([*homes])
                if dice.random() < 0.2:
                    place.lives(uid, homes[uid])
                else:
                    place.says(uid, dice.choice(LISTS), yes=dice.random() < 0.5)
            place.window(imported=dice.random() < 0.15)
            while dice.random() < 0.5:
                place.run(dice.choice(place.windows), imported=dice.random() < 0.1)
        for _ in range(3):
            place.window()
        assert (place.wrongly_mailed(), place.wrongly_left_out()) == ([], [])
