"""Lite accounts in both directions, and what becomes of them when the person registers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.sandbox.agreement import compare_sides
from gigya_cheetah_assets_tests.integration.gateway import Answer, running
from gigya_cheetah_assets_tests.integration.lite_world import LIST, LiteWorld, lite_world, newsletter
from gigya_cheetah_assets_tests.integration.reading import lines, rows_summary
from gigya_cheetah_assets_tests.integration.runs import FIRST
from gigya_cheetah_assets_tests.integration.test_inbound_files import metadata


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


def test_who_has_not_finished_her_registration_stays_a_lite_account_until_she_has(world: LiteWorld) -> None:
    uid = world.sandbox.site.register("t-lite0", isRegistered=False)
    world.sandbox.site.change(uid, subscriptions=newsletter(subscribed=False), through="emailAccount")
    world.export()
    her = world.subscriber("lite0")
    assert (her.uid, her.lists["NEWSLETTER"]) == ("lite-t-lite0", "out")
    assert compare_sides(world.sandbox.site, world.mail.subscribers()).found == []
    world.sandbox.site.edit(uid, {}, flags={"isRegistered": True})
    world.export()
    her = world.subscriber("lite0")
    assert (her.uid, her.lists["NEWSLETTER"]) == (uid, "out")
    assert compare_sides(world.sandbox.site, world.mail.subscribers()).found == []
    world.sandbox.site.edit(uid, {}, flags={"isRegistered": False})
    world.export()
    assert world.subscriber("lite0").uid == uid


def test_where_only_lite_accounts_are_read_the_opt_out_of_one_that_registered_still_leaves(tmp_path: Path) -> None:
    with lite_world(tmp_path / "only") as made:
        made.content["gigya"]["accounts"] = "lite"
        uid = made.sandbox.site.register("t-lite0")
        made.sandbox.site.change(uid, subscriptions=newsletter(subscribed=False), through="emailAccount")
        made.export()
        her = made.subscriber("lite0")
        assert (her.uid, her.lists["NEWSLETTER"]) == ("lite-t-lite0", "out")


# Inbound.


def test_an_unsubscribe_of_a_lite_account_reaches_it_with_its_time_and_does_not_come_back(world: LiteWorld) -> None:
    world.mail.unsubscribe(world.subscriber("lite0"), "NEWSLETTER")
    (result,) = world.bring()
    assert result.success
    leaf = world.sandbox.site.account("t-lite0")["subscriptions"]["newsletter"]["email"]
    assert leaf["isSubscribed"] is False
    # The feed knows seconds only; an opt-out counts as given at the end of its own.
    assert leaf["lastUpdatedSubscriptionState"].endswith(".999Z")
    assert leaf["tags"] == ["shop"]
    world.export()
    for kind in ("profiles", "unsubs", "subs"):
        assert lines(world, kind, world.newest()) == []


def test_a_web_opt_in_of_a_lite_account_is_taken_and_an_unproven_one_is_not(world: LiteWorld) -> None:
    world.mail.subscribe(world.subscriber("lite1"), "NEWSLETTER")
    world.mail.subscribe(world.subscriber("lite3"), "NEWSLETTER", source="IMPORT")
    (result,) = world.bring()
    assert result.success
    assert [world.is_in("t-lite1"), world.is_in("t-lite3")] == [True, False]


def test_a_value_that_cheetahmail_owns_is_written_to_the_lite_account(world: LiteWorld) -> None:
    world.mail.edit(world.subscriber("lite0"), LNAME="Berg")
    (result,) = world.bring()
    assert result.success
    profile = world.sandbox.site.account("t-lite0")["profile"]
    assert (profile["lastName"], profile["firstName"], profile["zip"]) == ("Berg", "Lite0", "10115")


def test_a_late_file_that_names_the_token_reaches_the_uid(world: LiteWorld) -> None:
    """Whether outbound has seen the registration or not."""
    for name, exported in (("lite0", True), ("lite2", False)):
        world.mail.unsubscribe(world.subscriber(name), "NEWSLETTER")
        uid = world.sandbox.site.register(f"t-{name}")
        if exported:
            world.run(world.newest())
        (result,) = world.bring()
        assert result.success
        assert metadata(result, "gigya_account_updates")["applied"] == 1
        assert world.is_in(uid) is False
    world.export()
    assert [world.subscriber(name).lists["NEWSLETTER"] for name in ("lite0", "lite2")] == ["out", "out"]


def test_an_opt_out_that_names_a_deleted_uid_reaches_the_lite_account_of_its_address(world: LiteWorld) -> None:
    uid = world.sandbox.site.register("t-lite0")
    world.export()
    world.mail.unsubscribe(world.subscriber("lite0"), "NEWSLETTER")
    world.sandbox.site.delete(uid)
    (result,) = world.bring()
    assert result.success
    assert world.is_in("t-lite0") is False


def test_an_opt_out_without_any_key_finds_the_lite_account_by_its_address(world: LiteWorld) -> None:
    world.drop(
        "unsubs_9.dat", f"EMAIL,GIGYA_UID,LIST_ID,REASON,DATE_UNSUB\nLite0@example.org,,{LIST},w,20261101000000\n"
    )
    (result,) = world.arrive()
    assert result.success
    assert world.is_in("t-lite0") is False


def test_what_was_just_written_counts_though_the_search_does_not_show_it(tmp_path: Path) -> None:
    """Two files within the lag: the second one must not merge with what the search shows of before the first."""
    with lite_world(tmp_path / "lag", search_lag=3.0) as made:
        made.mail.unsubscribe(made.subscriber("lite0"), "NEWSLETTER")
        (first,) = made.bring()
        made.mail.edit(made.subscriber("lite0"), LNAME="Berg")
        made.mail.subscribe(made.subscriber("lite0"), "NEWSLETTER", source="IMPORT")
        results = made.bring()
        assert all(result.success for result in (first, *results))
        assert made.is_in("t-lite0") is False
        assert made.sandbox.site.account("t-lite0")["profile"]["lastName"] == "Berg"


def test_a_write_whose_answer_is_lost_is_found_and_one_that_never_came_is_repeated(tmp_path: Path) -> None:
    def is_import(path: str) -> bool:
        return path.endswith("importLiteAccount")

    with lite_world(tmp_path / "faulty", search_lag=0.3) as made, running(made.sandbox.http_port) as gateway:
        made.content["gigya"]["api_domain"] = f"127.0.0.1:{gateway.port}"
        for trouble, name in (("lost", "lite0"), ("refused", "lite2")):
            made.mail.unsubscribe(made.subscriber(name), "NEWSLETTER")
            first = iter([True])
            if trouble == "lost":
                gateway.loses = lambda _, path, first=first: is_import(path) and next(first, False)  # type: ignore[misc] # one a round
            else:
                gateway.refuse = lambda _, path, __, first=first: (  # type: ignore[misc] # as above
                    Answer(503, "busy") if is_import(path) and next(first, False) else None
                )
            gateway.requests.clear()
            (result,) = made.bring()
            assert result.success
            assert metadata(result, "gigya_account_updates")["applied"] == 1
            assert sum(is_import(path) for _, path in gateway.requests) == {"lost": 1, "refused": 2}[trouble]
        assert [made.is_in("t-lite0"), made.is_in("t-lite2")] == [False, False]


def test_over_sftp_one_registers_another_unsubscribes_and_a_newcomer_becomes_an_account(tmp_path: Path) -> None:
    with lite_world(tmp_path / "sftp", sftp=True, create_accounts="lite") as made:
        uid = made.sandbox.site.register("t-lite0")
        made.mail.unsubscribe(made.subscriber("lite0"), "NEWSLETTER")
        made.mail.unsubscribe(made.subscriber("lite2"), "NEWSLETTER")
        made.mail.sign_up("newcomer@example.org", "NEWSLETTER")
        results = made.bring()
        assert all(result.success for result in results)
        made.export()
        assert [made.is_in(uid), made.is_in("t-lite2")] == [False, False]
        assert (made.subscriber("lite0").uid, made.subscriber("lite0").lists["NEWSLETTER"]) == (uid, "out")
        her = made.subscriber("newcomer")
        assert (her.uid.startswith("lite-"), her.lists["NEWSLETTER"]) == (True, "in")
