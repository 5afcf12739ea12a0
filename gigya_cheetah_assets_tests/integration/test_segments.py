"""Segments from the site's accounts to files in the outbox, over real HTTP: joins, leaves, flags, brakes, refusals."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from gigya_cheetah_assets.cli import main
from gigya_cheetah_assets.ledger import Ledger, SegmentState
from gigya_cheetah_assets.outbound.window import last_ended
from gigya_cheetah_assets.sandbox import Sandbox, second_opinion, segment_story
from gigya_cheetah_assets_tests.integration.reading import failure, lines
from gigya_cheetah_assets_tests.integration.runs import FIRST, PEOPLE, Runs, runs
from gigya_cheetah_assets_tests.integration.segment_runs import (
    GOLD,
    LAPSED,
    NAME,
    NEWS,
    SEGMENT,
    delivered,
    found,
    lapsed,
    last_file,
    members,
    registered,
    run,
    set_tier,
    tier_of,
    told,
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox", PEOPLE) as sandbox:
        yield sandbox


@pytest.fixture
def segments(site: Sandbox, tmp_path: Path) -> Iterator[Runs]:
    """The sandbox's sync with one segment; tests change it."""
    with runs(site, tmp_path / "run", segments=[SEGMENT]) as started:
        yield started


def change(segments: Runs, **settings: object) -> None:
    segments.content["segments"] = [SEGMENT | settings]


def test_the_first_delivery_brings_every_member_as_a_join(site: Sandbox, segments: Runs) -> None:
    assert run(segments).success
    rows = last_file(segments)
    assert {row["GIGYA_UID"] for row in rows} == set(lapsed(site)) == members()
    assert {(row["SEGMENT_CODE"], row["ACTION"], row["REASON"]) for row in rows} == {(NAME, "J", "first delivery")}
    assert list(rows[0]) == ["EMAIL", "GIGYA_UID", "SEGMENT_CODE", "ACTION", "AS_OF", "REASON"]


def test_joins_and_leaves_name_the_condition_that_flipped(site: Sandbox, segments: Runs) -> None:
    assert run(segments).success
    leaver, returner, gone = lapsed(site)[:3]
    joiner = lapsed(site, "silver")[0]
    set_tier(site, leaver, "silver")
    site.site.log_in(returner)
    site.site.delete(gone)
    set_tier(site, joiner, "gold")
    profile, data = {"email": "new@example.org"}, {"loyalty": {"tier": "gold"}}
    new = site.site.add_full(isRegistered=True, profile=profile, data=data, lastLoginTimestamp=0)
    assert run(segments).success
    assert told(segments) == {
        leaver: ("L", GOLD),
        returner: ("L", LAPSED),
        gone: ("L", "account gone, or outside of gigya.where"),
        joiner: ("J", GOLD),
        new: ("J", "new account"),
    }
    counted = found(segments)
    assert counted.leave_reasons[GOLD] == counted.leave_reasons[LAPSED] == 1
    set_tier(site, leaver, "gold")
    assert run(segments).success
    assert told(segments) == {leaver: ("J", GOLD)}
    assert members() == set(lapsed(site))


def test_nothing_changed_makes_no_file_and_the_same_members_are_never_told_twice(segments: Runs) -> None:
    assert run(segments).success
    before = segments.files()
    assert run(segments).success
    assert segments.files() == before
    last = delivered(segments)
    assert (last.delivered, last.unchanged, last.files, last.revision) == (0, last.size, [], 2)
    assert last.read == last.delivered + last.unchanged + last.filtered + last.rejected


def test_staging_the_same_members_again_gives_the_same_bytes(segments: Runs) -> None:
    assert run(segments).success
    before = segments.files()
    shutil.rmtree(segments.folder / "staging")
    assert run(segments, assets="staged_segment_file").success
    assert segments.files() == before
    assert delivered(segments).revision == 1


def test_who_loses_the_address_is_a_reject_and_leaves(site: Sandbox, segments: Runs) -> None:
    assert run(segments).success
    uid = lapsed(site)[0]
    site.site.change(uid, profile={"email": "no address"})
    assert run(segments).success
    assert told(segments) == {uid: ("L", "key or e-mail address")}
    assert found(segments).reasons["EMAIL"]["not_an_email"] >= 1
    site.site.change(uid, profile={"email": "again@example.org"})
    assert run(segments).success
    assert told(segments) == {uid: ("J", "key or e-mail address")}


def test_whom_the_record_filter_leaves_out_is_no_member_and_counts_as_filtered(site: Sandbox, segments: Runs) -> None:
    segments.content["record_filter"] = [{"gigya": "data.blocked", "not_in": ["yes"]}]
    uid, other = lapsed(site)[:2]
    site.site.change(uid, data={"blocked": "yes"})
    assert run(segments).success
    assert members() == set(lapsed(site)) - {uid}
    counted = found(segments)
    assert counted.read == counted.members + counted.filtered + counted.rejected
    site.site.change(uid, data={"blocked": "no"})
    site.site.change(other, data={"blocked": "yes"})
    assert run(segments).success
    assert told(segments) == {uid: ("J", "record_filter"), other: ("L", "record_filter")}
    assert found(segments).filtered == counted.filtered
    change(segments, record_filter=False)
    assert run(segments).success
    assert told(segments) == {other: ("J", "record_filter")}


def test_a_leave_goes_to_the_address_that_cheetahmail_knows(site: Sandbox, segments: Runs) -> None:
    assert segments.run(FIRST).success
    assert run(segments).success
    uid = lapsed(site)[0]
    known = site.site.account(uid)["profile"]["email"]
    site.site.change(uid, profile={"email": "moved@example.org"}, data={"loyalty": {"tier": "none"}})
    assert run(segments).success
    assert [(row["EMAIL"], row["ACTION"]) for row in last_file(segments)] == [(known, "L")]


def test_subscriptions_and_accounts_in_one_filter_are_split_with_the_same_result(site: Sandbox, segments: Runs) -> None:
    change(segments, where=f"{GOLD} AND ({NEWS} OR {LAPSED})", explain_joins=False)
    assert run(segments).success
    limit = (datetime.now(UTC).timestamp() - 90 * 86_400) * 1000
    expected = {
        doc["UID"]
        for doc in registered(site)
        if tier_of(doc) == "gold" and (subscribed(doc) or doc["lastLoginTimestamp"] < limit)
    }
    # Of several accounts with one address only one has its subscriptions.
    owners = {site.site.uid_of_email(doc["profile"]["email"]) for doc in registered(site)}
    assert members() & owners == expected & owners
    assert len(expected & owners) > 20
    assert any("emailAccounts" in query for query in found(segments).queries)


def subscribed(document: dict[str, object]) -> bool:
    return second_opinion.at(document, "subscriptions", "newsletter", "email", "isSubscribed") is True


def test_a_subscription_that_is_cancelled_is_the_condition_that_flipped(site: Sandbox, segments: Runs) -> None:
    change(segments, where=f"{GOLD} AND {NEWS}")
    assert run(segments).success
    uid = sorted(members())[0]
    site.site.change(uid, subscriptions={"newsletter": {"email": {"isSubscribed": False}}}, through="emailAccount")
    assert run(segments).success
    assert told(segments) == {uid: ("L", NEWS)}
    site.site.change(uid, subscriptions={"newsletter": {"email": {"isSubscribed": True}}}, through="emailAccount")
    assert run(segments).success
    assert told(segments) == {uid: ("J", NEWS)}


def test_a_full_delivery_writes_all_members_each_time(site: Sandbox, segments: Runs) -> None:
    change(segments, deliver="full")
    for _ in range(2):
        assert run(segments).success
        assert {row["GIGYA_UID"] for row in last_file(segments)} == set(lapsed(site))
        assert {row["ACTION"] for row in last_file(segments)} == {"J"}
    change(segments, deliver="full", where='data.loyalty.tier = "nobody"', max_segment_change=1)
    assert run(segments).success
    assert last_file(segments) == []


def test_a_sudden_change_brakes_before_the_file_is_written_until_it_is_released(
    site: Sandbox, segments: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(segments).success
    before, inside = segments.files(), members()
    change(segments, where='data.loyalty.tier = "silver"', max_segment_change=0.1)
    assert not run(segments).success
    assert segments.files() == before
    text = failure(run(segments, assets="staged_segment_file"))
    command = "gigya-cheetah release sandbox lapsed_gold segment_change"
    assert command in text
    assert members() == inside
    syncs = segments.folder / "syncs"
    syncs.mkdir()
    (syncs / "sandbox.yaml").write_text(yaml.safe_dump(segments.content), encoding="utf-8")
    monkeypatch.setenv("GIGYA_CHEETAH_SYNCS", str(syncs))
    assert CliRunner().invoke(main, command.split()[1:]).exit_code == 0
    assert run(segments, assets="staged_segment_file").success
    assert not members() & inside
    # The release was for that delivery only.
    change(segments, max_segment_change=0.1)
    assert not run(segments).success


def test_a_failed_delivery_does_not_advance_and_its_members_are_delivered_first(site: Sandbox, segments: Runs) -> None:
    outbox = segments.folder / "staging" / "autoproc"
    outbox.parent.mkdir(parents=True)
    outbox.write_text("no folder", encoding="utf-8")
    assert not run(segments).success
    assert members() == set()
    leaver = lapsed(site)[0]
    set_tier(site, leaver, "none")
    outbox.unlink()
    assert run(segments).success
    assert leaver in members()
    assert run(segments).success
    assert told(segments) == {leaver: ("L", GOLD)}


def test_a_filter_that_the_site_cannot_answer_is_refused_before_it_is_asked(segments: Runs) -> None:
    change(segments, where='data.loyalty.teir = "gold" AND profile.zip > "5"')
    result = run(segments)
    assert not result.success
    text = failure(result)
    assert f"sandbox: segments, {NAME}: where: data.loyalty.teir: the site has no such field" in text
    assert f"sandbox: segments, {NAME}: where: profile.zip is encrypted and knows no >" in text
    assert segments.files() == {}


def test_members_found_by_another_filter_are_not_delivered(segments: Runs) -> None:
    assert run(segments, assets="segment_members").success
    change(segments, where=GOLD)
    text = failure(run(segments, assets="staged_segment_file"))
    assert "the filter changed after its members were found" in text


def test_a_flag_column_reaches_cheetahmail_through_the_next_window(site: Sandbox, segments: Runs) -> None:
    flag = {"flag_column": "LAPSED_GOLD", "values": {"in": "Y", "out": "N"}}
    segments.content["segments"] = [{"name": NAME, "where": SEGMENT["where"], **flag}]
    assert segments.run(FIRST).success
    assert {row["LAPSED_GOLD"] for row in lines(segments, "profiles", FIRST)} == {"N"}
    assert run(segments).success
    assert delivered(segments).files == []
    newest = last_ended(segments.sync.windows, datetime.now(UTC)) or ""
    assert segments.run(newest).success
    flagged = {row["GIGYA_UID"]: row["LAPSED_GOLD"] for row in lines(segments, "profiles", newest)}
    known = {row["GIGYA_UID"] for row in lines(segments, "profiles", FIRST)}
    assert flagged == dict.fromkeys(members() & known, "Y")
    leaver = sorted(flagged)[0]
    site.site.log_in(leaver)
    assert run(segments).success
    with Ledger.open() as ledger:
        assert ledger.open_corrections("sandbox") == 1
    files = segments.files()
    assert segments.run(newest).success
    now = {row["GIGYA_UID"]: row["LAPSED_GOLD"] for row in lines(segments, "profiles", newest)}
    assert now[leaver] == "N"
    assert segments.files() != files
    with Ledger.open() as ledger:
        assert ledger.open_corrections("sandbox") == 0


def test_several_segments_tell_their_overlaps_and_sample_mode_its_few(site: Sandbox, segments: Runs) -> None:
    segments.content["segments"] = [SEGMENT, {"name": "gold", "where": GOLD}]
    assert run(segments).success
    assert run(segments, "gold").success
    assert delivered(segments, "gold").overlaps == {NAME: len(lapsed(site))}
    segments.content |= {"sample_size": 10, "segments": [{"name": "silver", "where": 'data.loyalty.tier = "silver"'}]}
    assert run(segments, "silver").success
    counted = found(segments, "silver")
    assert (counted.members, counted.sample_size) == (10, 10)
    assert counted.read == counted.members + counted.filtered + counted.rejected


def test_over_sftp_cheetahmail_imports_joins_and_leaves(site: Sandbox, segments: Runs) -> None:
    folder = Path(__file__).parents[2] / "syncs" / "sandbox.yaml"
    staging = yaml.safe_load(folder.read_text(encoding="utf-8"))["staging"] | {"port": site.sftp_port}
    segments.content["staging"] = staging
    mail = site.cheetahmail
    mail.set_up_for(segments.sync)
    assert segments.run(FIRST).success
    assert run(segments).success
    mail.import_now()
    known = {one.email.lower() for one in mail.subscribers()}
    assert addresses(site, mail.segment(NAME)) == addresses(site, members()) & known
    leaver = sorted(mail.segment(NAME))[0]
    site.site.log_in(leaver)
    assert run(segments).success
    mail.import_now()
    assert leaver not in mail.segment(NAME)
    assert addresses(site, mail.segment(NAME)) == addresses(site, members()) & known


def addresses(site: Sandbox, uids: set[str]) -> set[str]:
    """CheetahMail knows people by address; some accounts share one."""
    return {site.site.account(uid)["profile"]["email"].lower() for uid in uids}


def test_the_ledger_keeps_the_history_of_a_segment(segments: Runs) -> None:
    for _ in range(2):
        assert run(segments).success
    with Ledger.open() as ledger:
        history = SegmentState(ledger, "sandbox", NAME).history()
    assert [(one.revision, one.conditions) for one in history] == [(1, (GOLD, LAPSED)), (2, (GOLD, LAPSED))]
    assert [len(one.files) for one in history] == [1, 0]


def test_the_story_of_the_demo_moves_people_and_ends_in_agreement(site: Sandbox, segments: Runs) -> None:
    segments.content["staging"] = {"type": "local", "path": str(site.sftp_root)}
    site.cheetahmail.set_up_for(segments.sync)
    assert segments.run(FIRST).success
    assert run(segments).success
    site.cheetahmail.import_now()
    assert "5 lapsed gold members log in" in segment_story.people_move(site.site)
    assert segment_story.disagreements(site.site, site.cheetahmail) != []
    assert run(segments).success
    now = segment_story.told(segments.sync).members
    assert (now.join_reasons, now.leave_reasons) == ({GOLD: 5}, {GOLD: 5, LAPSED: 5})
    site.cheetahmail.import_now()
    assert segment_story.disagreements(site.site, site.cheetahmail) == []
