from __future__ import annotations

from typing import Any

import pytest

from gigya_cheetah_assets.config import FieldConfig
from gigya_cheetah_assets.config.files import InboundDefaults, InboundFile
from gigya_cheetah_assets.inbound.accounts import Account
from gigya_cheetah_assets.inbound.feeds import Feed
from gigya_cheetah_assets.inbound.person import Planned, planned
from gigya_cheetah_assets.inbound.rules import rules_of
from gigya_cheetah_assets.ledger import Base, Change
from gigya_cheetah_assets.mapping import FieldTable

OLD, NEW, THIRD = "old@example.org", "new@example.org", "third@example.org"


def feed(owner: str) -> Feed:
    fields = [
        {"cheetahmail": "GIGYA_UID", "gigya": "UID", "key": True},
        {"cheetahmail": "EMAIL", "gigya": "profile.email", "type": "email", "owner": owner},
    ]
    table = FieldTable(tuple(FieldConfig.model_validate(field) for field in fields), (), False)
    config = InboundFile(pattern="*coa*")
    return Feed("address_changes", config, config.layout(InboundDefaults()), table, {}, now=10**13)


def change(owner: str, *, now: str = OLD, base: str | None = OLD, **more: Any) -> Planned:
    """What becomes of `OLD` to `NEW` at 200, in an account that was changed at 300."""
    asked = feed(owner)
    account = Account("u1", {}, {"EMAIL": now}, {}, 300)
    row = {"line": 2, "uid": "u1", "email": NEW, "at": 200, "email_old": more.pop("old", OLD)}
    bases = {} if base is None else {"EMAIL": Base(base)}
    return planned(asked, rules_of(asked), [row], account, bases, **more)


def address(found: Planned) -> Change:
    (only,) = found.item.changes
    return only


@pytest.mark.parametrize("owner", ["cheetahmail", "latest"])
def test_a_change_of_address_is_written_where_the_sync_allows_it(owner: str) -> None:
    found = address(change(owner))
    assert (found.write, found.value) == (True, NEW)


def test_gigya_owns_the_address_by_default_and_cheetahmail_is_told() -> None:
    found = address(change("gigya"))
    assert (found.write, found.lost, found.loser) == (False, True, NEW)


@pytest.mark.parametrize("holders", [{"u2"}, {"u2", "u3"}, {"lite:token"}, {"u1", "u2"}])
def test_an_address_of_somebody_else_is_refused_and_both_are_told_anew(holders: set[str]) -> None:
    found = change("cheetahmail", holders={NEW: holders})
    assert found.rejects == ((2, "EMAIL", "address_of_another_account"),)
    assert (address(found).write, address(found).lost) == (False, True)
    assert set(found.doubtful) == holders - {"u1"}


@pytest.mark.parametrize("owner", ["cheetahmail", "latest"])
def test_a_change_that_gigya_has_overtaken_is_refused(owner: str) -> None:
    found = change(owner, now=THIRD)
    assert (address(found).write, address(found).lost) == (False, True)
    if owner == "cheetahmail":
        assert found.rejects == ((2, "EMAIL", "address_changed_in_gigya_since"),)


def test_a_later_change_does_not_win_over_one_of_gigya_either() -> None:
    asked = feed("latest")
    account = Account("u1", {}, {"EMAIL": THIRD}, {}, 100)
    row = {"line": 2, "uid": "u1", "email": NEW, "at": 200, "email_old": OLD}
    found = planned(asked, rules_of(asked), [row], account, {"EMAIL": Base(OLD)})
    assert (address(found).write, address(found).rule) == (False, "address_changed_in_gigya_since")


def test_a_change_from_the_address_that_gigya_has_needs_no_agreed_row() -> None:
    assert address(change("cheetahmail", base=None)).write is True


def test_two_changes_of_one_person_in_a_file_are_taken_as_far_as_the_last() -> None:
    asked = feed("cheetahmail")
    account = Account("u1", {}, {"EMAIL": OLD}, {}, 100)
    rows = [
        {"line": 2, "uid": "u1", "email": THIRD, "at": 200, "email_old": OLD},
        {"line": 3, "uid": "u1", "email": NEW, "at": 300, "email_old": THIRD},
    ]
    found = planned(asked, rules_of(asked), rows, account, {"EMAIL": Base(OLD)})
    assert (address(found).write, address(found).value) == (True, NEW)
