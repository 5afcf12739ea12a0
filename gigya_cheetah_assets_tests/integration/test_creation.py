"""Accounts made of people whom CheetahMail knows and Gigya does not, where the sync file says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets_tests.integration.lite_world import LiteWorld, lite_world
from gigya_cheetah_assets_tests.integration.reading import failure, lines
from gigya_cheetah_assets_tests.integration.test_inbound_files import metadata
from gigya_cheetah_assets_tests.syncs import minimal_sync

NEW = "newcomer@example.org"
SUBS = "EMAIL,GIGYA_UID,LIST_ID,DATE_SUB,SOURCE\n"
DEMO = "EMAIL,GIGYA_UID,DATE_CHANGED,LNAME,FNAME,NEWSLETTER\n"


@pytest.fixture(params=["lite", "full"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LiteWorld]:
    with lite_world(tmp_path, create_accounts=request.param) as made:
        yield made


def _with_address(world: LiteWorld, email: str) -> list[dict[str, Any]]:
    everybody = world.sandbox.site.accounts()
    return [one for one in everybody if one["profile"].get("email", "").lower() == email.lower()]


def _subscribed(account: dict[str, Any]) -> bool | None:
    leaf = account.get("subscriptions", {}).get("newsletter", {}).get("email", {})
    found: bool | None = leaf.get("isSubscribed")
    return found


def test_who_signed_up_at_cheetahmail_becomes_an_account_whose_key_comes_back(world: LiteWorld) -> None:
    world.mail.sign_up(NEW, "NEWSLETTER", LNAME="Neu")
    world.mail.edit(world.subscriber("newcomer"), LNAME="Neu-Berg")
    results = world.bring()
    assert all(result.success for result in results)
    [account] = _with_address(world, NEW)
    assert (_subscribed(account), account["profile"]["lastName"]) == (True, "Neu-Berg")
    assert bool(account.get("UID")) is (world.content["create_accounts"] == "full")
    assert "password" not in account
    world.export()
    her = world.subscriber("newcomer")
    assert her.uid == account.get("UID", f"lite-{account['token']}")
    assert her.lists["NEWSLETTER"] == "in"
    assert lines(world, "subs", world.newest()) == []


def test_an_unproven_opt_in_makes_an_account_without_it(world: LiteWorld) -> None:
    world.drop("subs_1.dat", f"{SUBS}{NEW},,2098000001,20261101000000,IMPORT\n")
    (result,) = world.arrive()
    assert result.success
    [account] = _with_address(world, NEW)
    assert _subscribed(account) is None


def test_an_opt_out_that_waits_on_the_address_is_in_the_account_from_the_first(world: LiteWorld) -> None:
    world.drop("unsubs_1.dat", f"EMAIL,GIGYA_UID,LIST_ID,REASON,DATE_UNSUB\n{NEW},,2098000001,w,20261105000000\n")
    world.arrive()
    world.drop("subs_1.dat", f"{SUBS}{NEW},,2098000001,20261101000000,WEB\n")
    (result,) = world.arrive()
    assert result.success
    assert [_subscribed(account) for account in _with_address(world, NEW)] == [False]


def test_an_address_that_somebody_has_makes_no_account(world: LiteWorld) -> None:
    rows = [
        f"{name}@example.org,{uid},2098000001,20261101000000,WEB\n"
        for name, uid in (("lite1", "strange"), ("FULL1", ""))
    ]
    world.drop("subs_1.dat", SUBS + "".join(rows))
    (result,) = world.arrive()
    assert result.success
    assert metadata(result, "inbound_change_set")["accounts_to_create"] == 0
    assert [len(_with_address(world, f"{name}@example.org")) for name in ("lite1", "full1")] == [1, 1]
    assert world.is_in("t-lite1") is False


def test_nobody_is_made_again_of_an_account_that_is_gone(world: LiteWorld) -> None:
    row = "full0@example.org,uid-of-full0,2098000001,20261101000000,WEB\n"
    world.sandbox.site.delete("uid-of-full0")
    world.drop("subs_1.dat", SUBS + row)
    (result,) = world.arrive()
    assert metadata(result, "inbound_change_set")["rejected: : unknown_uid"] == 1
    assert _with_address(world, "full0@example.org") == []


def test_more_newcomers_than_the_limit_stop_the_file_before_the_first_until_released(world: LiteWorld) -> None:
    world.content["limits"] = {**world.content["limits"], "max_created": 1}
    text = "".join(f"n{number}@example.org,,2098000001,20261101000000,WEB\n" for number in range(2))
    world.drop("subs_1.dat", SUBS + text)
    (result,) = world.arrive()
    assert not result.success
    assert "n0@example.org" not in str(metadata(result, "inbound_change_set"))
    assert _with_address(world, "n0@example.org") == []
    (partition,) = world.instance.get_dynamic_partitions("sandbox_inbound_file")
    again = world.read(partition)
    assert "created 2 is over its limit 1" in failure(again) or not again.success
    with Ledger.open() as ledger:
        ledger.release("sandbox", partition, "created")
    assert world.read(partition).success
    assert len(_with_address(world, "n0@example.org")) == 1


def test_never_tells_what_would_be_made_and_makes_nothing(tmp_path: Path) -> None:
    with lite_world(tmp_path) as made:
        made.drop("demo_1.dat", f"{DEMO}{NEW},strange,20261101000000,Neu,Nora,1\n")
        (result,) = made.arrive()
        told = metadata(result, "inbound_change_set")
        assert (told["accounts_that_create_accounts_would_make"], told["accounts_to_create"]) == (1, 0)
        assert told["rejected: : unknown_uid"] == 1
        assert "n…@….org" in str(told["newcomers"])
        assert NEW not in str(told)
        assert _with_address(made, NEW) == []


def test_an_account_that_a_killed_run_made_is_found_and_not_made_twice(world: LiteWorld) -> None:
    """As if the run had died between Gigya's answer and the ledger: the account is there, the item is pending."""
    world.drop("demo_1.dat", f"{DEMO}{NEW},,20261101000000,Neu,Nora,\n")
    world.tick()
    [request] = world.tick().run_requests or ()
    assert world.read(request.partition_key).success
    [before] = _with_address(world, NEW)
    with Ledger.open() as ledger, ledger.transaction("sandbox") as (connection, _):
        connection.exec_driver_sql("UPDATE ledger_inbound_items SET fate = 'pending', uid = 'new-' || uid")
        connection.exec_driver_sql("UPDATE ledger_inbound_files SET status = 'open'")
        connection.exec_driver_sql("DELETE FROM ledger_agreed WHERE row_text IS NULL")
    job_input = world.read(request.partition_key)
    assert job_input.success
    assert _with_address(world, NEW) == [before]


def test_the_switch_needs_accounts_that_are_read() -> None:
    with pytest.raises(ValueError, match=r"create_accounts: expected gigya\.accounts: both"):
        Sync.model_validate(minimal_sync(create_accounts="lite"))
