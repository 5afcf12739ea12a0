"""A lite account that registers: one person in the ledger, before and after, with all that was decided."""

from __future__ import annotations

import pyarrow as pa

from gigya_cheetah_assets.ledger import Change, InboundFile, InboundState, Item, Ledger, Settlement
from gigya_cheetah_assets.ledger.history import history
from gigya_cheetah_assets.ledger.lite_keys import HANDED_OVER, LiteAccount, LiteKeys, Registered
from gigya_cheetah_assets_tests.ledger.people import SHAPE, T0, Person, changes, deliver, frame, listed, recorded_at

KEY, UID, ADDRESS = "lite-t1", "u1", "person@example.org"
HER = Registered(UID, KEY, ADDRESS, T0 + 5)


def _lite(ledger: Ledger, *, news: str | None) -> LiteKeys:
    """A lite account that was delivered."""
    keys = LiteKeys(ledger, "acme")
    keys.note([LiteAccount(KEY, ADDRESS, T0)])
    deliver(ledger, Person(KEY, news=news, at=T0), window="w1")
    return keys


def _later(news: str | None, **more: object) -> pa.Table:
    return frame(Person(UID, news=news, updated=T0 + 5, **more))  # type: ignore[arg-type] # fields of a person


def test_the_row_of_a_lite_account_becomes_that_of_the_uid(ledger: Ledger) -> None:
    keys = _lite(ledger, news="opt_in")
    assert keys.hand_over([HER]) == 1
    found = changes(ledger, _later("opt_in"), window="w2")
    assert found.profiles["GIGYA_UID"].to_pylist() == [UID]
    assert [listed(table) for table in (found.subscribes, found.unsubscribes, found.address_changes)] == [[], [], []]
    assert ledger.population("acme") == 1
    assert not ledger.baseline("acme", pa.array([KEY]), window="w2").any_known


def test_whose_opt_in_is_gone_with_the_registration_is_unsubscribed(ledger: Ledger) -> None:
    _lite(ledger, news="opt_in").hand_over([HER])
    found = changes(ledger, _later(None), window="w2")
    assert [row[1] for row in listed(found.unsubscribes)] == [UID]


def test_handing_over_twice_is_handing_over_once(ledger: Ledger) -> None:
    keys = _lite(ledger, news="opt_out")
    assert [keys.hand_over([HER]) for _ in range(2)] == [1, 0]
    assert keys.successors([KEY, "lite-other"]) == {KEY: UID}
    assert keys.keys_before(UID) == [KEY]
    assert ledger.verify_consents("acme") is None


def test_the_consent_log_shows_the_hand_over(ledger: Ledger) -> None:
    _lite(ledger, news="opt_out").hand_over([HER])
    [entry] = [row.entry for row in ledger.consents_of("acme", UID)]
    assert (entry.before, entry.after, entry.decided_at, entry.source, entry.rule) == (
        None, "opt_out", T0, KEY, HANDED_OVER,
    )  # fmt: skip


def test_what_happened_to_the_lite_account_is_part_of_the_person_s_history(ledger: Ledger) -> None:
    _lite(ledger, news="opt_out").hand_over([HER])
    told = [(one.what, one.where) for one in history(ledger, "acme", UID)]
    assert ("consent", "w1") in told
    assert ("consent", KEY) in told
    assert ("delivered", "window w1") in told


def test_a_lite_account_is_also_found_by_its_address(ledger: Ledger) -> None:
    keys = _lite(ledger, news="opt_out")
    assert keys.hand_over([HER._replace(key="lite-another", address="Person@Example.org")]) == 1
    assert keys.successors([KEY]) == {KEY: UID}


def test_what_was_agreed_by_a_file_goes_along(ledger: Ledger) -> None:
    """An opt-out whose time is known must be beaten by the UID's later opt-in only."""
    keys = _lite(ledger, news="opt_in")
    recorded_at(ledger, T0)
    state = InboundState(ledger, "acme", SHAPE)
    state.begin(InboundFile("f" * 64, "unsubs_1.dat", "unsubscribes", 10))
    opt_out = Change("NEWS", "opt_in", "opt_out", "0", True, "opt_out_wins", at=T0 + 1, line=2, subscription=True)
    state.plan("f" * 64, [Item(KEY, (opt_out,), 2)])
    state.settle("f" * 64, [Settlement(KEY, "applied", updated=T0 + 2)])
    before = state.bases([KEY])[KEY]["NEWS"]
    keys.hand_over([HER])
    assert state.bases([UID])[UID]["NEWS"] == before
    assert (before.value, before.at) == ("opt_out", T0 + 1)


def test_rows_that_were_made_of_the_lite_account_before_do_not_leave_any_more(ledger: Ledger) -> None:
    keys = _lite(ledger, news="opt_in")
    revision = ledger.revision("acme")
    keys.hand_over([HER])
    assert ledger.revision("acme") > revision
    late = frame(Person(KEY, updated=T0 + 5), Person("u9", updated=T0))
    overtaken = keys.overtaken(late["GIGYA_UID"], late["_updated"])
    assert dict(zip(late["GIGYA_UID"].to_pylist(), overtaken.to_pylist(), strict=True)) == {KEY: True, "u9": False}


def test_a_lite_account_whose_full_account_was_deleted_is_itself_again(ledger: Ledger) -> None:
    keys = _lite(ledger, news="opt_in")
    keys.hand_over([HER])
    keys.note([LiteAccount(KEY, ADDRESS, T0 + 4)])
    assert keys.successors([KEY]) == {KEY: UID}
    keys.note([LiteAccount(KEY, ADDRESS, T0 + 6)])
    assert keys.successors([KEY]) == {}
    assert keys.hand_over([HER._replace(uid="u2", updated=T0 + 9)]) == 1


def test_a_uid_that_was_known_under_another_address_keeps_its_row_and_who_is_mailed_is_told_of_a_loss(
    ledger: Ledger,
) -> None:
    keys = LiteKeys(ledger, "acme")
    keys.note([LiteAccount(KEY, ADDRESS, T0)])
    deliver(ledger, Person(KEY, news="opt_in"), Person(UID, email="old@example.org", news="opt_out"), window="w1")
    assert keys.hand_over([HER]) == 1
    assert ledger.population("acme") == 1
    found = changes(ledger, _later("opt_out"), window="w2")
    assert listed(found.address_changes)[0][:2] == ("old@example.org", ADDRESS)
    assert {row[0] for row in listed(found.unsubscribes)} == {"old@example.org", ADDRESS}


def test_a_window_that_runs_again_after_the_hand_over_builds_the_same(ledger: Ledger) -> None:
    _lite(ledger, news="opt_in").hand_over([HER])
    first = changes(ledger, _later("opt_out"), window="w2")
    ledger.record("acme", "w2", [first.profiles], shape=SHAPE, mapping_version="1")
    again = changes(ledger, _later("opt_out"), window="w2")
    assert again.profiles.equals(first.profiles)
    assert again.unsubscribes.equals(first.unsubscribes)


def test_what_a_file_decided_of_the_uid_before_any_window_saw_it_stands(ledger: Ledger) -> None:
    keys = _lite(ledger, news="opt_in")
    recorded_at(ledger, T0)
    state = InboundState(ledger, "acme", SHAPE)
    state.begin(InboundFile("f" * 64, "unsubs_1.dat", "unsubscribes", 10))
    opt_out = Change("NEWS", "opt_in", "opt_out", "0", True, "opt_out_wins", at=T0 + 1, line=2, subscription=True)
    state.plan("f" * 64, [Item(UID, (opt_out,), 2)])
    # Gigya's answer is a little later than the account's last update by the write.
    state.settle("f" * 64, [Settlement(UID, "applied", updated=T0 + 7)])
    assert keys.hand_over([HER]) == 1
    assert ledger.population("acme") == 1
    found = deliver(ledger, Person(UID, news="opt_out", updated=T0 + 5), window="w2")
    assert found.profiles["GIGYA_UID"].to_pylist() == [UID]
    assert (listed(found.unsubscribes), listed(found.subscribes)) == ([], [])
    assert changes(ledger, _later("opt_out"), window="w3").profiles.num_rows == 0
