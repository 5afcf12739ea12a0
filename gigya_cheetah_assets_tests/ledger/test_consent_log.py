from __future__ import annotations

import pytest
import sqlalchemy as sa

from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.ledger.consent_log import ConsentEntry, ConsentLog
from gigya_cheetah_assets.ledger.tables import consent_log
from gigya_cheetah_assets_tests.ledger.people import SHAPE, T0, Person, deliver, frame

OUT = ConsentEntry("u1", "NEWS", "opt_in", "opt_out", T0, "cheetahmail", "unsubs_20260101.dat", 2, "opt_out_wins")


def history(ledger: Ledger, uid: str, sync: str = "acme") -> list[tuple[object, ...]]:
    return [(e.subscription, e.before, e.after, e.side, e.source) for _, _, e in ledger.consents_of(sync, uid)]


def change(ledger: Ledger, statement: str) -> None:
    with ledger._database.writing() as connection:
        assert connection.execute(sa.text(statement)).rowcount


@pytest.fixture
def logged(ledger: Ledger) -> Ledger:
    ledger.log_consents("acme", [OUT._replace(uid=f"ü{i}", line=i) for i in range(5)])
    return ledger


def test_an_entry_comes_back_as_it_was(ledger: Ledger) -> None:
    assert ledger.log_consents("acme", [OUT, OUT._replace(uid="u2")]) == 2
    (found,) = ledger.consents_of("acme", "u1")
    assert (found.seq, found.entry) == (1, OUT)
    assert found.logged_at > T0
    assert ledger.consents_of("other", "u1") == []


def test_an_untouched_log_is_whole(logged: Ledger) -> None:
    assert logged.verify_consents("acme") is None
    logged.log_consents("acme", [OUT])
    logged.log_consents("other", [OUT])
    assert (logged.verify_consents("acme"), logged.verify_consents("other")) == (None, None)
    assert logged.verify_consents("never written") is None


@pytest.mark.parametrize(
    ("tampering", "seq"),
    [
        ("UPDATE ledger_consent_log SET after = 'opt_in' WHERE seq = 3", 3),
        ("UPDATE ledger_consent_log SET logged_at = logged_at + 1 WHERE seq = 1", 1),
        ("UPDATE ledger_consent_log SET uid = 'u', source = 'x' WHERE seq = 5", 5),
        ("UPDATE ledger_consent_log SET before = NULL WHERE seq = 2", 2),
        ("DELETE FROM ledger_consent_log WHERE seq = 2", 2),
        ("DELETE FROM ledger_consent_log WHERE seq = 5", 5),
        ("DELETE FROM ledger_consent_log WHERE seq = 1", 1),
        ("DELETE FROM ledger_consent_log WHERE sync = 'acme'", 1),
        ("DELETE FROM ledger_consent_heads WHERE sync = 'acme'", 6),
    ],
)
def test_a_row_that_was_altered_or_removed_is_found(logged: Ledger, tampering: str, seq: int) -> None:
    change(logged, tampering)
    found = logged.verify_consents("acme")
    assert found is not None
    assert found.seq == seq


def test_two_rows_that_changed_places_are_found(logged: Ledger) -> None:
    for old, new in ((2, 99), (3, 2), (99, 3)):
        with logged._database.writing() as connection:
            connection.execute(sa.update(consent_log).where(consent_log.c.seq == old).values(seq=new))
    found = logged.verify_consents("acme")
    assert found is not None
    assert found.seq == 2


def test_rows_of_another_sync_do_not_fit(ledger: Ledger) -> None:
    ledger.log_consents("other", [OUT])
    change(ledger, "UPDATE ledger_consent_log SET sync = 'acme'")
    change(ledger, "UPDATE ledger_consent_heads SET sync = 'acme'")
    found = ledger.verify_consents("acme")
    assert found is not None
    assert found.seq == 1


def test_a_delivery_logs_the_first_state_and_then_each_change(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", news="opt_in", at=T0), Person("u2"), window="w1")
    deliver(ledger, Person("u1", news="opt_in", name="Bo", at=T0, updated=T0 + 1), window="w2")
    changed = Person("u1", news="opt_out", offers="pending", updated=T0 + 2)
    deliver(ledger, changed, Person("u3", offers="opt_in"), window="w3")
    deliver(ledger, Person("u1", offers="pending", updated=T0 + 3), window="w4")
    assert history(ledger, "u1") == [
        ("NEWS", None, "opt_in", "gigya", "w1"),
        ("NEWS", "opt_in", "opt_out", "gigya", "w3"),
        ("OFFERS", None, "pending", "gigya", "w3"),
        ("NEWS", "opt_out", None, "gigya", "w4"),
    ]
    assert history(ledger, "u2") == []
    assert history(ledger, "u3") == [("OFFERS", None, "opt_in", "gigya", "w3")]
    assert ledger.consents_of("acme", "u1")[0].entry.decided_at == T0
    assert ledger.verify_consents("acme") is None


def test_a_delivery_recorded_again_or_too_late_logs_nothing(ledger: Ledger) -> None:
    rows = frame(Person("u1", news="opt_out", updated=T0 + 5))
    for _ in range(2):
        ledger.record("acme", "w2", [rows], shape=SHAPE, mapping_version="1")
    old = frame(Person("u1", news="opt_in", updated=T0))
    ledger.record("acme", "w1", [old], shape=SHAPE, mapping_version="1")
    assert history(ledger, "u1") == [("NEWS", None, "opt_out", "gigya", "w2")]


def test_the_opt_outs_of_rejected_rows_are_logged(ledger: Ledger) -> None:
    deliver(ledger, Person("u1", news="opt_in"), window="w1")
    consents = frame(Person("u1", news="opt_out", updated=T0 + 1))
    ledger.record("acme", "w2", [], shape=SHAPE, mapping_version="1", consents_only=[consents])
    assert history(ledger, "u1")[-1] == ("NEWS", "opt_in", "opt_out", "gigya", "w2")


def test_what_was_not_committed_is_not_in_the_log(ledger: Ledger) -> None:
    def killed() -> None:
        with ledger.writing("acme"):
            deliver(ledger, Person("u1", news="opt_in"), window="w1")
            ledger.log_consents("acme", [OUT])
            raise RuntimeError("the end")

    with pytest.raises(RuntimeError, match="the end"):
        killed()
    assert (ledger.consents_of("acme", "u1"), ledger.verify_consents("acme")) == ([], None)


def test_a_log_that_grows_meanwhile_is_whole(logged: Ledger, url: str) -> None:
    with logged.snapshot() as (connection, mark), Ledger.open(url) as other:
        log = ConsentLog(connection, mark, "acme")
        assert log.count == 5
        other.log_consents("acme", [OUT])
        assert (log.verify(), log.count) == (None, 5)
    assert logged.consent_count("acme") == 6
