from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gigya_cheetah_assets.ledger import ConsentEntry, DeletedPerson, Ledger, Tombstones
from gigya_cheetah_assets.ledger.consent_log import ConsentLog
from gigya_cheetah_assets.ledger.tables import consent_log, tombstones
from gigya_cheetah_assets_tests.ledger.people import T0

ANA = DeletedPerson("u1", "Ana@Example.org", T0, "accounts.deleteAccount")


@pytest.fixture
def stones(ledger: Ledger) -> Tombstones:
    return Tombstones(ledger, "acme")


def rows(ledger: Ledger, table: sa.Table) -> list[Any]:
    with ledger._database.reading() as connection:
        return list(connection.execute(sa.select(table)).mappings())


def test_nobody_is_deleted_in_a_new_ledger(stones: Tombstones) -> None:
    assert not stones.of(["u1"], ["ana@example.org"])


def test_a_deleted_person_is_known_by_uid_and_by_address(ledger: Ledger, stones: Tombstones) -> None:
    stones.put_up("w1", [ANA])
    found = stones.of(["u1", "u2", None], [" ANA@example.org", "bo@example.org", None])
    assert (set(found.people), set(found.addresses)) == ({"u1"}, {"ana@example.org"})
    assert found.people["u1"][:4] == (T0, T0, "accounts.deleteAccount", "w1")
    assert (found.holds("u1", None), found.holds("u9", "ana@EXAMPLE.org"), found.holds("u2", None)) == (
        True,
        True,
        False,
    )
    assert not Tombstones(ledger, "other").of(["u1"], ["ana@example.org"])


def test_a_tombstone_holds_neither_uid_nor_address(ledger: Ledger, stones: Tombstones) -> None:
    stones.put_up("w1", [ANA])
    (stone,) = rows(ledger, tombstones)
    written = repr(dict(stone)).lower()
    assert ("u1" in written.replace(stone["window"], ""), "ana" in written) == (False, False)


def test_a_tombstone_moves_the_revision_on_and_a_second_one_keeps_the_first(ledger: Ledger, stones: Tombstones) -> None:
    assert stones.put_up("w1", [ANA._replace(email=None)]) == ledger.revision("acme") == 1
    stones.put_up("w2", [ANA._replace(deleted_at=T0 + 5, reason="other")])
    stone = stones.of(["u1"], ["ana@example.org"]).at("ana@example.org")
    assert stone is not None
    assert stone[:5] == (T0, T0 + 5, "accounts.deleteAccount", "w1", 1)


def test_an_opt_out_of_the_address_moves_on_what_may_opt_in(stones: Tombstones) -> None:
    stones.put_up("w1", [ANA])
    stones.note_opt_outs([("ana@example.org", T0 + 9), ("ana@example.org", T0 + 3), ("nobody@example.org", T0)])
    stone = stones.of(["u1"]).people["u1"]
    assert (stone.deleted_at, stone.opt_ins_after) == (T0, T0 + 9)
    stones.note_opt_outs([("ANA@example.org", None)])
    assert stones.of(["u1"]).people["u1"].opt_ins_after > T0 + 9


def test_what_was_not_committed_puts_up_no_tombstone(ledger: Ledger, stones: Tombstones) -> None:
    def killed() -> None:
        with ledger.writing("acme"):
            stones.put_up("w1", [ANA])
            raise RuntimeError("the end")

    with pytest.raises(RuntimeError, match="the end"):
        killed()
    assert (bool(stones.of(["u1"])), ledger.revision("acme")) == (False, 0)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.text(min_size=1, max_size=12), max_size=40), st.data())
def test_exactly_those_who_were_deleted_are_found(ledger: Ledger, uids: set[str], data: st.DataObject) -> None:
    sync = uuid4().hex
    deleted = data.draw(st.sets(st.sampled_from(sorted(uids)))) if uids else set()
    Tombstones(ledger, sync).put_up("w", [DeletedPerson(uid, f"{uid}@x", T0, "r") for uid in deleted])
    found = Tombstones(ledger, sync).of(uids, [f"{uid}@x" for uid in uids])
    assert set(found.people) == deleted
    assert {uid for uid in uids if found.at(f"{uid}@x")} >= deleted


def test_the_log_of_a_person_who_is_forgotten_still_holds_and_still_proves(ledger: Ledger) -> None:
    entry = ConsentEntry("u1", "NEWS", "opt_in", "opt_out", T0, "cheetahmail", "unsubs.dat", 2, "opt_out_wins")
    ledger.log_consents("acme", [entry, entry._replace(uid="u2")])
    with ledger.transaction("acme") as (connection, mark):
        assert ConsentLog(connection, mark, "acme").forget("u1") == 1
    assert ledger.verify_consents("acme") is None
    assert [row.entry for row in ledger.consents_of("acme", "u1")] == [entry]
    assert {row["seq"]: row["uid"] for row in rows(ledger, consent_log)} == {1: None, 2: "u2"}
