from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from gigya_cheetah_assets.ledger import (
    Change,
    ConsentEntry,
    DeletedPerson,
    InboundFile,
    InboundState,
    Item,
    Ledger,
    ParkedOptOut,
    Settlement,
    Tombstones,
)
from gigya_cheetah_assets.ledger.erase import erase, known_by, places
from gigya_cheetah_assets.ledger.tables import lite_keys, metadata
from gigya_cheetah_assets_tests.ledger.people import SHAPE, T0, Person, deliver

SHA = "a" * 64


@pytest.fixture
def full(ledger: Ledger) -> Ledger:
    """A ledger with a trace of `u-ana` in every table that knows people, and as many of `u-bo`."""
    for number, uid in enumerate(("u-ana", "u-bo")):
        name = uid.removeprefix("u-")
        deliver(ledger, Person(uid, f"{name}-old@example.org", news="opt_in"), window="w1")
        deliver(ledger, Person(uid, f"{name}-old@example.org", name="x", news="opt_in", updated=T0 + 1), window="w2")
        deliver(ledger, Person(uid, f"{name}@example.org", news="opt_out", updated=T0 + 2), window="w2")
        state = InboundState(ledger, "acme", SHAPE)
        state.begin(InboundFile(SHA[:-1] + str(number), "f.dat", "unsubscribes", 1))
        change = Change("FNAME", "x", "y", "y", write=True, rule="changed_in_cheetahmail", loser=None)
        state.plan(SHA[:-1] + str(number), [Item(uid, (change,), 1)])
        state.settle(SHA[:-1] + str(number), [Settlement(uid, "applied", updated=T0 + 3)])
        state.park([ParkedOptOut(f"{name}@example.org", "NEWS", T0 + 50, "f.dat", 2)])
        with ledger.transaction("acme") as (connection, _):
            values = {"sync": "acme", "key": f"lite-{name}", "address": f"{name}-lite@example.org", "uid": uid}
            connection.execute(sa.insert(lite_keys).values(**values, updated=T0))
    return ledger


def text_of(ledger: Ledger) -> str:
    """Everything in all tables."""
    with ledger._database.reading() as connection:
        return repr([connection.execute(sa.select(table)).all() for table in metadata.sorted_tables])


def test_a_person_is_known_by_keys_and_by_every_address_that_she_ever_had(full: Ledger) -> None:
    known = known_by(full, "acme", "u-ana", email="EMAIL")
    assert known.keys == ("u-ana", "lite-ana")
    assert set(known.addresses) >= {"ana@example.org", "ana-old@example.org", "ana-lite@example.org"}
    assert (known.agreed, known.deleted) == (True, False)


def test_after_an_erasure_no_table_names_her_and_everybody_else_is_as_before(full: Ledger) -> None:
    known = known_by(full, "acme", "u-ana", email="EMAIL")
    found = erase(full, "acme", known)
    assert {place.table for place in found} >= {
        "ledger_agreed", "ledger_consent_log", "ledger_inbound_items", "ledger_inbound_cells",
        "ledger_parked_opt_outs", "ledger_lite_keys",
    }  # fmt: skip
    text = text_of(full)
    assert not [word for word in ("u-ana", "ana@", "ana-old@", "ana-lite@", "lite-ana") if word in text]
    assert [word for word in ("u-bo", "bo@", "bo-lite@", "lite-bo") if word not in text] == []
    assert full.population("acme") == 1


def test_the_log_still_holds_and_answers_to_who_knows_the_uid(full: Ledger) -> None:
    before = full.consents_of("acme", "u-ana")
    erase(full, "acme", known_by(full, "acme", "u-ana", email="EMAIL"))
    assert full.verify_consents("acme") is None
    assert full.consents_of("acme", "u-ana") == before
    full.log_consents("acme", [ConsentEntry("u-bo", "NEWS", None, "opt_in", T0, "gigya", "w9", None, "r")])
    assert full.verify_consents("acme") is None


def test_a_tombstone_stays_and_remembers_what_waited_on_her_address(full: Ledger) -> None:
    Tombstones(full, "acme").put_up("w3", [DeletedPerson("u-ana", "ana@example.org", T0 + 9, "accounts.deleteAccount")])
    erase(full, "acme", known_by(full, "acme", "u-ana", email="EMAIL"))
    found = Tombstones(full, "acme").of(["u-ana", "lite-ana"], ["ana@example.org"])
    stone = found.people["u-ana"]
    assert (stone.deleted_at, stone.opt_ins_after, stone.window) == (T0 + 9, T0 + 50, "w3")
    assert stone.erased_at is not None
    assert set(found.people) == {"u-ana", "lite-ana"}


def test_an_opt_out_that_waits_on_an_address_of_hers_outlives_the_erasure(full: Ledger) -> None:
    """Somebody else may have the address by now: her own opt-ins from after it still count."""
    InboundState(full, "acme", SHAPE).park([ParkedOptOut("ana-old@example.org", "NEWS", T0 + 7, "f.dat", 3)])
    erase(full, "acme", known_by(full, "acme", "u-ana", email="EMAIL"))
    found = Tombstones(full, "acme").of((), ["ana-old@example.org", "ana@example.org"]).addresses
    assert found["ana-old@example.org"].opt_ins_after == T0 + 7
    assert found["ana@example.org"].opt_ins_after > T0 + 50
    assert not [word for word in ("ana@", "ana-old@") if word in text_of(full)]


def test_a_second_erasure_finds_nothing_and_changes_nothing(full: Ledger) -> None:
    erase(full, "acme", known_by(full, "acme", "u-ana", email="EMAIL"))
    stone = Tombstones(full, "acme").of(["u-ana"]).people["u-ana"]
    assert places(full, "acme", known_by(full, "acme", "u-ana", email="EMAIL")) == []
    assert erase(full, "acme", known_by(full, "acme", "u-ana", email="EMAIL")) == []
    assert Tombstones(full, "acme").of(["u-ana"]).people["u-ana"] == stone


def test_nothing_of_her_is_left_in_the_bytes_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with Ledger.open(f"sqlite:///{path}") as ledger:
        deliver(ledger, Person("u-ana", "ana-old@example.org", news="opt_in"), window="w1")
        deliver(ledger, Person("u-ana", "ana@example.org", news="opt_out", updated=T0 + 2), window="w2")
        erase(ledger, "acme", known_by(ledger, "acme", "u-ana", email="EMAIL"))
        ledger.compact()
        content = b"".join(found.read_bytes() for found in tmp_path.iterdir())
    assert not [word for word in (b"u-ana", b"ana@example", b"ana-old@") if word in content]
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
