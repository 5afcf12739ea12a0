"""Addresses that change hands: what CheetahMail mails afterwards, keyed by the address, as the real one, or the UID."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gigya_cheetah_assets.ledger.tables import inbound_cells, left
from gigya_cheetah_assets.sandbox.cheetahmail.subscriber import Key
from gigya_cheetah_assets_tests.outbound.town import LISTS, NAMES, Town, town

NEWS, OFFERS = LISTS
A, B, C = "a@example.org", "b@example.org", "c@example.org"


@pytest.fixture(params=["email", "uid"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path, request.param) as made:
        yield made


def delivered(place: Town, kind: str) -> list[dict[str, str]]:
    path = place.folder / "staging" / "autoproc" / f"gigya_{kind}_{place.windows[-1].stamp}.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def files(place: Town) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (place.folder / "staging" / "autoproc").iterdir()}


def settle(place: Town) -> None:
    for _ in range(3):
        place.window()


def test_a_new_address_leaves_as_an_address_change_and_consent_comes_along(place: Town) -> None:
    place.lives("ann", A)
    place.says("ann", NEWS, yes=True)
    place.window()
    place.lives("ann", B)
    place.window()
    assert [(row["EMAIL_FROM"], row["EMAIL_TO"]) for row in delivered(place, "coa")] == [(A, B)]
    assert delivered(place, "unsubs") == []
    assert place.mailed(NEWS) == {B}
    assert len(place.subscribers()) == 1


def test_letter_case_alone_is_no_change_of_address(place: Town) -> None:
    place.lives("ann", A)
    place.window()
    place.lives("ann", A.upper())
    place.window()
    assert delivered(place, "coa") == []
    assert [row["EMAIL"] for row in delivered(place, "profiles")] == [A.upper()]


def test_there_and_back_within_a_window_is_nothing(place: Town) -> None:
    place.lives("ann", A)
    place.window()
    place.lives("ann", B)
    place.lives("ann", A)
    assert place.window().changed == 0


def test_twice_in_a_window_is_one_change_to_the_last_address(place: Town) -> None:
    place.lives("ann", A)
    place.window()
    place.lives("ann", B)
    place.lives("ann", C)
    place.window()
    assert [(row["EMAIL_FROM"], row["EMAIL_TO"]) for row in delivered(place, "coa")] == [(A, C)]


def test_there_and_back_over_windows_keeps_one_subscriber_and_the_opt_in(place: Town) -> None:
    place.lives("ann", A)
    place.says("ann", NEWS, yes=True)
    place.window()
    for address in (B, A):
        place.lives("ann", address)
        place.window()
    assert place.mailed(NEWS) == {A}
    assert len(place.subscribers()) == 1


def test_the_new_holder_is_not_mailed_because_the_former_one_opted_in(place: Town) -> None:
    place.lives("ann", A)
    place.says("ann", NEWS, yes=True)
    place.lives("bob", B)
    place.window()
    place.lives("ann", C)
    place.lives("bob", A)
    place.window()
    assert place.mailed(NEWS) == {C}
    settle(place)
    assert place.mailed(NEWS) == {C}


def test_two_who_swap_their_addresses_keep_their_own_consent(place: Town) -> None:
    place.lives("ann", A)
    place.says("ann", NEWS, yes=True)
    place.lives("bob", B)
    place.window()
    place.lives("ann", B)
    place.lives("bob", A)
    place.window()
    assert delivered(place, "coa") == []
    assert place.mailed(NEWS) == {B}
    assert {one.uid: one.email for one in place.subscribers()} == {"ann": B, "bob": A}


def test_a_chain_of_moves_in_one_window_carries_nothing_to_the_wrong_person(place: Town) -> None:
    place.lives("ann", A)
    place.says("ann", NEWS, yes=True)
    place.lives("bob", B)
    place.says("bob", OFFERS, yes=True)
    place.window()
    place.lives("bob", C)
    place.lives("ann", B)
    place.window()
    assert (place.mailed(NEWS), place.mailed(OFFERS)) == ({B}, {C})


def test_an_address_is_taken_before_its_holder_is_known_to_have_left(place: Town) -> None:
    place.lives("ann", A)
    place.says("ann", NEWS, yes=True)
    place.lives("bob", B)
    place.window()
    place.lives("bob", A)
    place.window()
    assert place.mailed(NEWS) <= {A}
    place.lives("ann", C)
    settle(place)
    assert place.mailed(NEWS) == {C}


def test_an_opt_out_of_the_former_holder_holds_until_the_new_one_opts_in_later(place: Town) -> None:
    place.lives("bob", B)
    place.says("bob", NEWS, yes=True)
    place.window()
    place.lives("ann", A)
    place.says("ann", NEWS, yes=False)
    place.window()
    place.lives("ann", C)
    place.lives("bob", A)
    made = place.window()
    assert made.reasons == {NEWS: {"address_opted_out_before": 1}}
    assert place.mailed(NEWS) == set()
    place.lives("bob", A)
    place.window()
    assert place.mailed(NEWS) == set()
    place.says("bob", NEWS, yes=True)
    place.window()
    assert place.mailed(NEWS) == {A}


def test_an_opt_out_of_another_account_of_the_address_holds_across_windows(place: Town) -> None:
    place.lives("ann", A)
    place.says("ann", NEWS, yes=True)
    place.lives("bob", B)
    place.window()
    place.says("bob", NEWS, yes=False)
    place.window()
    place.lives("ann", B)
    assert place.window().rejected == 1
    assert place.mailed(NEWS) == set()


def test_a_window_of_moves_that_runs_again_builds_the_same_files(place: Town) -> None:
    place.lives("ann", A)
    place.says("ann", NEWS, yes=True)
    place.lives("bob", B)
    place.window()
    place.lives("ann", B)
    place.lives("bob", A)
    place.window()
    before = files(place)
    log = place.ledger.consent_count("acme")
    place.run(place.windows[-1])
    assert files(place) == before
    assert place.ledger.consent_count("acme") == log


def test_an_opt_out_that_is_renewed_at_a_shared_address_takes_it_off_the_list(tmp_path: Path) -> None:
    with town(tmp_path, "email") as place:
        place.lives("ann", A)
        place.lives("cid", C)
        place.says("cid", NEWS, yes=False)
        place.window()
        place.says("ann", NEWS, yes=True)
        place.lives("ann", C)
        place.window()
        place.says("cid", NEWS, yes=False)
        place.window()
        assert place.wrongly_mailed() == []


def test_an_opt_out_that_is_renewed_counts_when_others_come_to_the_address(place: Town) -> None:
    place.lives("ann", A)
    place.lives("cid", C)
    place.says("cid", NEWS, yes=False)
    place.window()
    place.says("ann", NEWS, yes=True)
    place.window()
    place.says("cid", NEWS, yes=False)
    assert place.window().changed == 0
    place.lives("ann", C)
    assert place.window().rejected == 1
    assert place.wrongly_mailed() == []


def test_an_opt_out_that_is_renewed_is_not_told_again_where_nobody_else_is(place: Town) -> None:
    place.lives("cid", C)
    place.says("cid", NEWS, yes=False)
    place.window()
    place.says("cid", NEWS, yes=False)
    place.window()
    assert [delivered(place, kind) for kind in NAMES.values()] == [[], [], [], []]


def test_the_opt_in_of_who_stays_at_the_address_is_told_again_by_the_window_that_takes_it_off(place: Town) -> None:
    place.lives("cid", C)
    place.says("cid", NEWS, yes=True)
    place.lives("ann", C)
    place.says("ann", NEWS, yes=True)
    place.window()
    place.lives("ann", A)
    place.says("cid", OFFERS, yes=True)
    place.window()
    assert (C, "ann", "moved") in [
        (row["EMAIL"], row["GIGYA_UID"], row["REASON"]) for row in delivered(place, "unsubs")
    ]
    told = [(row["EMAIL"], row["GIGYA_UID"], row["LIST_ID"]) for row in delivered(place, "subs")]
    assert (C, "cid", NEWS) in told
    assert place.mailed(NEWS) == {A, C}
    before = files(place)
    place.run(place.windows[-1])
    assert files(place) == before
    settle(place)
    assert place.mailed(NEWS) == {A, C}


def test_an_opt_out_of_a_row_that_is_held_back_counts_at_its_new_address(place: Town) -> None:
    place.lives("bob", B)
    place.says("bob", OFFERS, yes=True)
    place.lives("ann", A)
    place.window()
    place.says("ann", NEWS, yes=True)
    place.says("bob", NEWS, yes=False)
    place.window()
    place.lives("bob", A)
    place.says("ann", OFFERS, yes=False)
    assert place.window().reasons == {name: {"email_shared_with_opted_out_account": 1} for name in (OFFERS, NEWS)}
    assert place.wrongly_mailed() == []


def test_an_opt_out_of_a_row_that_was_held_back_holds_for_who_comes_after_her(place: Town) -> None:
    place.lives("ann", A)
    place.says("ann", NEWS, yes=True)
    place.lives("bob", B)
    place.says("bob", OFFERS, yes=True)
    place.lives("cid", C)
    place.window()
    place.says("bob", NEWS, yes=False)
    place.says("cid", OFFERS, yes=False)
    place.lives("bob", C)
    assert place.window().rejected == 1
    place.lives("cid", B)
    place.lives("ann", C)
    assert place.window().rejected == 1
    assert place.wrongly_mailed() == []


def test_who_comes_back_to_an_address_that_she_had_left_with_others_there_keeps_her_opt_in(place: Town) -> None:
    place.lives("ann", A)
    place.lives("bob", B)
    place.window()
    place.lives("bob", A)
    place.says("bob", NEWS, yes=True)
    place.window()
    place.lives("ann", C)
    place.window()
    place.lives("bob", B)
    place.window()
    assert delivered(place, "coa") == []
    assert place.mailed(NEWS) == {B}
    settle(place)
    assert place.mailed(NEWS) == {B}


def test_an_opt_in_that_is_later_than_the_opt_out_of_another_of_the_address_goes_on(place: Town) -> None:
    place.lives("ann", A)
    place.lives("cid", C)
    place.says("cid", NEWS, yes=False)
    place.window()
    place.says("cid", OFFERS, yes=True)
    place.lives("ann", C)
    place.says("ann", NEWS, yes=True)
    assert place.window().rejected == 0
    settle(place)
    assert place.wrongly_mailed() == []
    assert C in place.mailed(NEWS)


@pytest.mark.parametrize("together", [True, False])
def test_an_opt_in_that_we_wrote_to_gigya_counts_by_when_the_person_gave_it(place: Town, together: bool) -> None:
    place.lives("ann", A)
    place.lives("cid", C)
    place.window()
    given = place.now
    place.says("cid", NEWS, yes=False)
    if not together:
        place.window()
    place.lives("ann", C)
    place.says("ann", NEWS, yes=True)
    values = {"uid": "ann", "value": "opt_in", "evidence_at": given, "written_at": place.now}
    with place.ledger.transaction("acme") as (connection, _):
        connection.execute(sa.insert(inbound_cells).values(sync="acme", column_name=NEWS, **values))
    assert place.window().rejected == 1
    assert place.mailed(NEWS) == set()


def test_nobodys_own_opt_out_that_was_left_at_an_address_holds_her_opt_in_back(place: Town) -> None:
    place.lives("ann", A)
    place.lives("bob", B)
    place.says("ann", NEWS, yes=False)
    place.window()
    place.lives("ann", B)
    place.window()
    with place.ledger.transaction("acme") as (connection, _):
        connection.execute(sa.update(left).values(decided_at=None))
    place.lives("ann", A)
    place.says("ann", NEWS, yes=True)
    assert place.window().rejected == 0
    assert place.mailed(NEWS) == {A}


PEOPLE, PLACES = ("ann", "bob", "cid"), (A, B, C)
MOVE = st.tuples(st.just("lives"), st.sampled_from(PEOPLE), st.sampled_from(PLACES))
SAY = st.tuples(st.just("says"), st.sampled_from(PEOPLE), st.sampled_from(LISTS), st.booleans())
HOURS = st.lists(st.lists(st.one_of(MOVE, SAY), max_size=4), min_size=2, max_size=5)


@pytest.mark.parametrize("key", ["email", "uid"])
# A history takes a tenth of a second: found ones are told as they are, not made smaller.
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(hours=HOURS)
def test_nobody_is_ever_mailed_by_the_consent_of_another(key: Key, hours: list[list[tuple[object, ...]]]) -> None:
    with TemporaryDirectory() as folder, town(Path(folder), key) as place:
        for uid, address in zip(PEOPLE, PLACES, strict=True):
            place.lives(uid, address)
        place.window()
        for acts in hours:
            for what, uid, *rest in acts:
                if what == "lives":
                    place.lives(str(uid), str(rest[0]))
                else:
                    place.says(str(uid), str(rest[0]), yes=bool(rest[1]))
            place.window()
            assert place.wrongly_mailed() == []
        settle(place)
        assert place.wrongly_mailed() == []
        assert place.wrongly_left_out() == []
