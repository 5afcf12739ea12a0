"""Lite accounts in both directions, and what becomes of them when the person registers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets_tests.integration.lite_world import LiteWorld, lite_world, newsletter
from gigya_cheetah_assets_tests.integration.reading import lines, rows_summary
from gigya_cheetah_assets_tests.integration.runs import FIRST


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LiteWorld]:
    with lite_world(tmp_path) as made:
        yield made


def test_a_lite_account_leaves_with_a_key_that_is_no_uid(world: LiteWorld) -> None:
    keys = {row["EMAIL"]: row["GIGYA_UID"] for row in lines(world, "profiles", FIRST)}
    assert keys["lite0@example.org"] == "lite-t-lite0"
    assert keys["full0@example.org"] == "uid-of-full0"


def test_who_registers_keeps_her_row_and_her_decisions(world: LiteWorld) -> None:
    uid = world.sandbox.site.register("t-lite0", profile={"city": "Oslo"})
    assert world.subscriber("lite0").lists["NEWSLETTER"] == "in"
    world.export()
    newest = world.newest()
    assert rows_summary(world, newest).handed_over == 1
    assert [row["GIGYA_UID"] for row in lines(world, "profiles", newest)] == [uid]
    for kind in ("subs", "unsubs", "coa"):
        assert lines(world, kind, newest) == []
    her = world.subscriber("lite0")
    assert (her.uid, her.fields["CITY"], her.lists["NEWSLETTER"]) == (uid, "Oslo", "in")
    with Ledger.open() as ledger:
        assert [row.entry.rule for row in ledger.consents_of("sandbox", uid)] == ["handed_over"]


def test_an_opt_out_from_before_the_registration_holds_after_it(world: LiteWorld) -> None:
    world.sandbox.site.change("t-lite0", subscriptions=newsletter(subscribed=False), through="emailAccount")
    uid = world.sandbox.site.register("t-lite0")
    world.export()
    assert world.subscriber("lite0").lists["NEWSLETTER"] == "out"
    assert world.is_in(uid) is False


def test_an_opt_out_after_the_registration_reaches_the_same_subscriber(world: LiteWorld) -> None:
    uid = world.sandbox.site.register("t-lite0")
    world.export()
    world.sandbox.site.change(uid, subscriptions=newsletter(subscribed=False), through="emailAccount")
    world.export()
    assert (world.subscriber("lite0").uid, world.subscriber("lite0").lists["NEWSLETTER"]) == (uid, "out")


def test_a_window_that_runs_again_after_the_registration_brings_no_token_back(world: LiteWorld) -> None:
    uid = world.sandbox.site.register("t-lite0")
    world.export()
    before = world.files()
    assert world.run(world.newest()).success
    assert world.files() == before
    assert world.run(FIRST, assets="cheetahmail_rows").success
    assert "lite-t-lite0" not in {row["GIGYA_UID"] for row in lines(world, "profiles", world.newest())}
    assert world.subscriber("lite0").uid == uid


def test_a_lite_account_that_stays_when_the_full_one_is_deleted_is_exported_as_one(world: LiteWorld) -> None:
    uid = world.sandbox.site.register("t-lite1")
    world.export()
    world.sandbox.site.delete(uid)
    world.sandbox.site.change("t-lite1", profile={"city": "Rome"})
    world.export()
    her = world.subscriber("lite1")
    assert (her.uid, her.fields["CITY"], her.lists.get("NEWSLETTER")) == ("lite-t-lite1", "Rome", "out")


def test_where_only_lite_accounts_are_read_the_opt_out_of_one_that_registered_still_leaves(tmp_path: Path) -> None:
    with lite_world(tmp_path / "only") as made:
        made.content["gigya"]["accounts"] = "lite"
        uid = made.sandbox.site.register("t-lite0")
        made.sandbox.site.change(uid, subscriptions=newsletter(subscribed=False), through="emailAccount")
        made.export()
        her = made.subscriber("lite0")
        assert (her.uid, her.lists["NEWSLETTER"]) == ("lite-t-lite0", "out")
