"""Hourly windows: which change falls into which window, and what is read by key for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gigya_cheetah_assets.outbound.window import last_ended
from gigya_cheetah_assets.sandbox import Sandbox
from gigya_cheetah_assets_tests.integration.reading import delivery_summary, lines, profiles_summary, rows_summary
from gigya_cheetah_assets_tests.integration.runs import PEOPLE, Runs, runs

# The people's last updates all lie before 23:00, so what happens later is what a test does.
HOURLY = {"every": "hour", "start": "2026-03-01T22:00:00Z"}
LOAD, FIRST_HOUR, SECOND_HOUR = "2026-03-01-22:00", "2026-03-01-23:00", "2026-03-02-00:00"
OPT_OUT = {"newsletter": {"email": {"isSubscribed": False}}}
OPT_IN = {"newsletter": {"email": {"isSubscribed": True}}}


def _ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.fixture
def outbound(tmp_path: Path) -> Iterator[Runs]:
    """Hourly windows, the initial load done."""
    with (
        Sandbox(tmp_path / "sandbox", PEOPLE) as sandbox,
        runs(sandbox, tmp_path / "run", windows=HOURLY) as outbound,
    ):
        assert outbound.run(LOAD).success
        yield outbound


def _people(outbound: Runs) -> Iterator[str]:
    """Full accounts that were delivered, with an address of their own."""
    delivered = lines(outbound, "profiles", LOAD)
    addresses = [row["EMAIL"].lower() for row in delivered]
    registered = {doc["UID"] for doc in outbound.sandbox.site.accounts() if doc.get("UID") and doc.get("isRegistered")}
    return (
        row["GIGYA_UID"]
        for row in delivered
        if row["GIGYA_UID"] in registered and addresses.count(row["EMAIL"].lower()) == 1
    )


def test_the_first_window_is_the_initial_load(outbound: Runs) -> None:
    assert delivery_summary(outbound, LOAD).delivered > 200
    assert [query for query in profiles_summary(outbound, LOAD).queries if ">=" in query] == []
    assert outbound.run(FIRST_HOUR).success
    assert delivery_summary(outbound, FIRST_HOUR).read == 0


def test_a_change_is_delivered_by_its_hour_and_unchanged_in_the_overlap_of_the_next(outbound: Runs) -> None:
    inside, at_the_end = (uid for uid, _ in zip(_people(outbound), range(2), strict=False))
    site = outbound.sandbox.site
    site.change(inside, data={"loyalty": {"tier": "gold", "points": 1}}, at=_ms("2026-03-01T23:10:00"))
    site.change(at_the_end, data={"loyalty": {"tier": "gold", "points": 2}}, at=_ms("2026-03-01T23:59:30"))
    assert outbound.run(FIRST_HOUR).success
    assert outbound.run(SECOND_HOUR).success
    assert {row["GIGYA_UID"] for row in lines(outbound, "profiles", FIRST_HOUR)} == {inside, at_the_end}
    second = delivery_summary(outbound, SECOND_HOUR)
    assert (second.read, second.unchanged, second.delivered) == (1, 1, 0)


def test_who_changed_in_one_source_only_is_completed_from_the_other_by_key(outbound: Runs) -> None:
    states = {row["GIGYA_UID"]: row["NEWSLETTER"] for row in lines(outbound, "profiles", LOAD)}
    people = list(_people(outbound))
    leaver = next(uid for uid in people if states[uid] == "1")
    other = next(uid for uid in people if states[uid] == "1" and uid != leaver)
    site = outbound.sandbox.site
    site.change(leaver, subscriptions=OPT_OUT, at=_ms("2026-03-01T23:10:00"), through="emailAccount")
    site.change(other, data={"loyalty": {"tier": "gold", "points": 9}}, at=_ms("2026-03-01T23:20:00"))
    assert outbound.run(FIRST_HOUR).success
    summary = profiles_summary(outbound, FIRST_HOUR)
    assert (summary.read, summary.read_by_key) == (2, 2)
    found = {row["GIGYA_UID"]: row for row in lines(outbound, "profiles", FIRST_HOUR)}
    assert found[leaver]["NEWSLETTER"] == "0"
    assert found[leaver]["FNAME"] == next(
        row["FNAME"] for row in lines(outbound, "profiles", LOAD) if row["GIGYA_UID"] == leaver
    )
    assert (found[other]["NEWSLETTER"], found[other]["POINTS"]) == ("1", "9")
    assert [row["GIGYA_UID"] for row in lines(outbound, "unsubs", FIRST_HOUR)] == [leaver]


def test_a_new_address_leaves_as_a_change_from_the_old_one(outbound: Runs) -> None:
    mover = next(_people(outbound))
    old = next(row["EMAIL"] for row in lines(outbound, "profiles", LOAD) if row["GIGYA_UID"] == mover)
    outbound.sandbox.site.change(mover, profile={"email": "moved@example.org"}, at=_ms("2026-03-01T23:10:05"))
    assert outbound.run(FIRST_HOUR).success
    assert lines(outbound, "coa", FIRST_HOUR) == [
        {"EMAIL_FROM": old, "EMAIL_TO": "moved@example.org", "GIGYA_UID": mover, "CHANGED": "20260301231005"}
    ]
    assert [row["EMAIL"] for row in lines(outbound, "profiles", FIRST_HOUR)] == ["moved@example.org"]


def test_a_new_account_is_a_profile_and_a_subscriber_and_nothing_else(outbound: Runs) -> None:
    subscriptions = {"newsletter": {"email": {"isSubscribed": True}}}
    person = {"isRegistered": True, "profile": {"email": "new@example.org"}, "subscriptions": subscriptions}
    uid = outbound.sandbox.site.add_full(**person)
    outbound.sandbox.site.change(uid, data={"optInSource": "shop"}, at=_ms("2026-03-01T23:10:00"))
    outbound.sandbox.site.change(uid, subscriptions=OPT_IN, at=_ms("2026-03-01T23:10:00"))
    assert outbound.run(FIRST_HOUR).success
    assert rows_summary(outbound, FIRST_HOUR).kinds == {
        "unsubscribes": 0,
        "address_changes": 0,
        "profiles": 1,
        "subscribes": 1,
    }
    assert [row["OPTIN_PLACE"] for row in lines(outbound, "profiles", FIRST_HOUR)] == ["shop"]
    assert [(row["GIGYA_UID"], row["LIST_ID"]) for row in lines(outbound, "subs", FIRST_HOUR)] == [(uid, "NEWSLETTER")]


def test_only_the_newest_window_reads_without_an_upper_bound(outbound: Runs) -> None:
    newest = last_ended(outbound.sync.windows, datetime.now(UTC)) or ""
    before = f"{datetime.strptime(newest, '%Y-%m-%d-%H:%M').replace(tzinfo=UTC) - timedelta(hours=1):%Y-%m-%d-%H:%M}"
    mover = next(_people(outbound))
    outbound.sandbox.site.change(mover, data={"loyalty": {"points": 77}})
    assert outbound.run(before).success
    assert outbound.run(newest).success
    # Decisions on topics have a time of their own, `timestamp`.
    assert all("imestamp < " in query for query in profiles_summary(outbound, before).queries)
    assert delivery_summary(outbound, before).read == 0
    assert not any("imestamp < " in query for query in profiles_summary(outbound, newest).queries)
    assert [row["GIGYA_UID"] for row in lines(outbound, "profiles", newest)] == [mover]


def test_an_old_window_that_runs_again_tells_on_what_its_people_had_decided_when_they_have_moved_on(
    outbound: Runs,
) -> None:
    states = {row["GIGYA_UID"]: row for row in lines(outbound, "profiles", LOAD)}
    readers = [uid for uid in _people(outbound) if states[uid]["NEWSLETTER"] == "1"]
    seen, changed, stays = readers[:3]
    site = outbound.sandbox.site
    for uid in (seen, changed, stays):
        site.change(uid, subscriptions=OPT_OUT, at=_ms("2026-03-01T23:10:00"))
    site.change(changed, profile={"email": "moved@example.org"}, at=_ms("2026-03-01T23:15:00"))
    assert outbound.run(FIRST_HOUR).success
    before = {kind: lines(outbound, kind, FIRST_HOUR) for kind in ("unsubs", "coa", "profiles")}
    # Everybody is seen an hour later, but one.
    site.touch(len(states) * 2, at=_ms("2026-03-02T00:05:00"))
    site.change(stays, subscriptions=OPT_OUT, at=_ms("2026-03-01T23:40:00"))
    site.change(changed, profile={"firstName": "Somebody"}, at=_ms("2026-03-02T00:10:00"))
    assert outbound.run(SECOND_HOUR).success
    assert lines(outbound, "unsubs", SECOND_HOUR) == []
    result = outbound.run(FIRST_HOUR)
    assert result.success
    told = {kind: {row["GIGYA_UID"] for row in lines(outbound, kind, FIRST_HOUR)} for kind in before}
    assert told == {"unsubs": {seen, changed, stays}, "coa": {changed}, "profiles": {seen, stays}}
    assert lines(outbound, "coa", FIRST_HOUR) == before["coa"]
    delivery = delivery_summary(outbound, FIRST_HOUR)
    assert delivery.read == delivery.delivered + delivery.unchanged + delivery.filtered + delivery.rejected == 1
    (event,) = result.asset_materializations_for_node("sandbox__staged_import_files")
    assert event.metadata["carried_over"].value == delivery.carried_over == 5
    files = outbound.files()
    assert outbound.run(FIRST_HOUR).success
    assert outbound.files() == files


def test_lite_accounts_alone_are_known_by_their_token(outbound: Runs, tmp_path: Path) -> None:
    keys = {f"lite-{doc['token']}" for doc in outbound.sandbox.site.accounts()}
    with runs(outbound.sandbox, tmp_path / "lite", windows=HOURLY) as lite:
        lite.content["gigya"]["accounts"] = "lite"
        lite.content["limits"]["max_reject_share"] = 1.0
        assert lite.run(LOAD).success
        found = {row["GIGYA_UID"] for row in lines(lite, "profiles", LOAD)}
        assert found
        assert found <= keys
        assert profiles_summary(lite, LOAD).lite == profiles_summary(lite, LOAD).profiles
