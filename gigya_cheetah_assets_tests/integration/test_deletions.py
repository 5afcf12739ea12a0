"""Accounts that are deleted on a real site: found, told to CheetahMail, and not brought back by what comes late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gigya_cheetah_assets.deletions.summary import DeletionFileSummary, DeletionsSummary
from gigya_cheetah_assets.ledger import Ledger, Tombstones
from gigya_cheetah_assets.sandbox import Sandbox
from gigya_cheetah_assets.store import folders, summary
from gigya_cheetah_assets_tests.integration.reading import failure, folder_of, lines
from gigya_cheetah_assets_tests.integration.runs import FIRST, PEOPLE, runs
from gigya_cheetah_assets_tests.integration.test_inbound_files import (
    INBOUND,
    UNSUBS,
    Inbound,
    is_subscribed,
    metadata,
    person,
    unsub,
)

SUBS = "EMAIL,GIGYA_UID,LIST_ID,DATE_SUB,SOURCE\n"
OPT_IN = {"newsletter": {"email": {"isSubscribed": True, "doubleOptIn": {"status": "Confirmed"}}}}


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Inbound]:
    with (
        Sandbox(tmp_path / "sandbox", PEOPLE) as sandbox,
        runs(sandbox, tmp_path / "run", inbound_files=INBOUND) as made,
    ):
        loop = Inbound(made.sandbox, made.folder, made.content, made.instance)
        assert loop.run(FIRST).success
        yield loop


def delete(loop: Inbound, uid: str, **how: Any) -> None:
    loop.sandbox.site.delete(uid, **how)


def deletions(loop: Inbound, key: str = "", *, fine: bool = True) -> Any:
    result = loop.run(key or loop.newest(), job_name="deletions")
    assert result.success is fine, failure(result) if fine else "it succeeded"
    return result


def found(loop: Inbound) -> DeletionsSummary:
    return summary.read(folder_of(loop, folders.DELETIONS, loop.newest()), DeletionsSummary)


def told(loop: Inbound) -> DeletionFileSummary:
    return summary.read(folder_of(loop, folders.DELETION_FILE, loop.newest()), DeletionFileSummary)


def suppressed(loop: Inbound) -> list[str]:
    return [row["GIGYA_UID"] for row in lines(loop, "deleted", loop.newest())]


def sub(row: dict[str, str], *, ago: timedelta) -> str:
    return f"{row['EMAIL']},{row['GIGYA_UID']},11,{datetime.now(UTC) - ago:%Y%m%d%H%M%S},WEB\n"


def test_who_deletes_her_account_is_in_the_suppression_file_and_has_a_tombstone(loop: Inbound) -> None:
    row = person(loop, "1")
    at = datetime.now(UTC)
    delete(loop, row["GIGYA_UID"])
    deletions(loop)
    (line,) = lines(loop, "deleted", loop.newest())
    assert line.pop("DELETED_AT")[:12] in {f"{at:%Y%m%d%H%M}", f"{at + timedelta(minutes=1):%Y%m%d%H%M}"}
    assert line == {"EMAIL": row["EMAIL"], "GIGYA_UID": row["GIGYA_UID"], "REASON": "accounts.deleteAccount"}
    with Ledger.open() as ledger:
        stone = Tombstones(ledger, "sandbox").of([row["GIGYA_UID"]]).people[row["GIGYA_UID"]]
    assert (stone.reason, stone.revision) == ("accounts.deleteAccount", 2)
    assert metadata_of(loop)["known_to_cheetahmail"] == 1


def metadata_of(loop: Inbound) -> dict[str, Any]:
    return metadata(deletions(loop), "gigya_deletions")


def test_what_the_log_tells_is_counted_by_what_became_of_it(loop: Inbound) -> None:
    row = person(loop, "1")
    alive = person(loop, "0")["GIGYA_UID"]
    delete(loop, row["GIGYA_UID"])
    events = loop.sandbox.site.events
    now = loop.sandbox.site.clock.milliseconds()
    events.note_call("accounts.deleteAccount", row["GIGYA_UID"], at=now - 9)
    events.note_call("accounts.deleteAccount", alive, at=now)
    events.note_call("accounts.deleteAccount", person(loop, "0")["GIGYA_UID"], at=now, code="403005")
    events.note_call("accounts.deleteAccount", None, at=now)
    events.note_call("accounts.deleteAccount", "bad uid", at=now)
    events.note_call("accounts.deleteAccount", "never-delivered", at=now)
    events.note_call("accounts.logout", "u1", at=now)
    deletions(loop)
    one = found(loop)
    assert (one.read, one.failed, one.nameless, one.repeated, one.alive, one.rejected, one.deleted, one.known) == (
        7, 1, 1, 1, 1, 1, 2, 1,
    )  # fmt: skip
    assert one.reasons == {"uid": {"malformed_key": 1}}
    file = told(loop)
    assert (file.read, file.delivered, file.never_delivered, file.told_before) == (2, 1, 1, 0)
    assert suppressed(loop) == [row["GIGYA_UID"]]


def test_the_same_window_again_delivers_the_same_bytes_and_another_window_nothing(loop: Inbound) -> None:
    uid = person(loop, "1")["GIGYA_UID"]
    delete(loop, uid, at=_during_first())
    deletions(loop, FIRST)
    before = loop.files()
    deletions(loop, FIRST)
    assert loop.files() == before
    loop.sandbox.site.events.note_call("accounts.deleteAccount", uid, at=loop.sandbox.site.clock.milliseconds())
    deletions(loop)
    assert (loop.files(), told(loop).told_before) == (before, 1)


def test_a_lite_account_is_deleted_by_its_token(loop: Inbound) -> None:
    lite = next(row for row in lines(loop, "profiles", FIRST) if row["GIGYA_UID"].startswith("lite-"))
    delete(loop, lite["GIGYA_UID"].removeprefix("lite-"))
    deletions(loop)
    assert suppressed(loop) == [lite["GIGYA_UID"]]


def test_the_stream_tells_deletions_of_applications_too(loop: Inbound) -> None:
    loop.content["deletions"] = {"source": "stream"}
    row = person(loop, "1")
    delete(loop, row["GIGYA_UID"], audited=False)
    deletions(loop)
    (line,) = lines(loop, "deleted", loop.newest())
    assert (line["GIGYA_UID"], line["REASON"]) == (row["GIGYA_UID"], "accounts.stream")
    before = loop.files()
    deletions(loop)
    assert loop.files() == before


def test_a_window_from_before_the_stream_is_refused_with_the_way_out(loop: Inbound) -> None:
    loop.content["deletions"] = {"source": "stream"}
    assert "audit_log" in failure(deletions(loop, "2026-03-02", fine=False))


def test_a_mass_of_deletions_is_braked_before_the_first_write_until_it_is_released(loop: Inbound) -> None:
    loop.content["limits"] = {"max_deletion_share": 0.001}
    row = person(loop, "1")
    delete(loop, row["GIGYA_UID"])
    result = deletions(loop, fine=False)
    assert not result.get_asset_check_evaluations()[0].passed or "deletion_share" in failure(result)
    refused = loop.run(loop.newest(), assets="staged_deletion_file", job_name="deletions")
    assert f"gigya-cheetah release sandbox {loop.newest()} deletion_share" in failure(refused)
    assert suppressed(loop) == []
    with Ledger.open() as ledger:
        assert not Tombstones(ledger, "sandbox").of([row["GIGYA_UID"]])
        ledger.release("sandbox", f"{loop.newest().replace('-', '')}T000000Z", "deletion_share")
    deletions(loop)
    assert suppressed(loop) == [row["GIGYA_UID"]]


def test_a_late_file_does_not_bring_a_deleted_person_back(loop: Inbound) -> None:
    row = person(loop, "1")
    delete(loop, row["GIGYA_UID"])
    deletions(loop)
    loop.drop("subs_1.dat", SUBS + sub(row, ago=timedelta(hours=3)))
    loop.drop("unsubs_1.dat", UNSUBS + unsub(row))
    loop.drop("unsubs_2.dat", UNSUBS + unsub(row | {"GIGYA_UID": ""}))
    accounts = loop.sandbox.site.count()
    results = loop.arrive()
    assert [result.success for result in results] == [True] * 3
    assert [metadata(result, "inbound_change_set")["rejected: : deleted"] for result in results] == [1] * 3
    assert loop.sandbox.site.count() == accounts
    assert loop.run(loop.newest()).success
    assert [
        row["GIGYA_UID"] for kind in ("profiles", "subs", "unsubs") for row in lines(loop, kind, loop.newest())
    ] == []
    with Ledger.open() as ledger, ledger.snapshot() as (connection, _):
        assert connection.exec_driver_sql("SELECT count(*) FROM ledger_parked_opt_outs").scalar() == 0


def test_rows_made_before_a_deletion_do_not_leave_after_it(loop: Inbound) -> None:
    loop.content["limits"] = {"max_reject_share": 1.0}
    row = person(loop, "1")
    loop.sandbox.site.change(row["GIGYA_UID"], profile={"firstName": "Neuer"})
    loop.sandbox.site.change(person(loop, "0")["GIGYA_UID"], profile={"firstName": "Neuer"})
    for asset in ("gigya_profiles", "cheetahmail_rows"):
        assert loop.run(loop.newest(), assets=asset).success
    delete(loop, row["GIGYA_UID"])
    deletions(loop)
    assert loop.run(loop.newest(), assets="staged_import_files").success
    assert [line["GIGYA_UID"] for line in lines(loop, "profiles", loop.newest())] == [person(loop, "0")["GIGYA_UID"]]
    assert loop.run(loop.newest(), assets="cheetahmail_rows").success
    reasons = (folder_of(loop, folders.ROWS, loop.newest()) / "rejects.csv").read_text()
    assert f"{row['GIGYA_UID']},,deleted" in reasons.replace(",GIGYA_UID,", ",,")


def test_a_new_account_with_the_address_is_a_new_person_and_an_old_opt_in_is_none(loop: Inbound) -> None:
    row = person(loop, "1")
    delete(loop, row["GIGYA_UID"])
    deletions(loop)
    long_ago = loop.sandbox.site.clock.milliseconds() - 3_600_000
    uid = loop.sandbox.site.add_full(
        isRegistered=True, isVerified=True, profile={"email": row["EMAIL"]}, data={}, subscriptions={}
    )
    loop.sandbox.site.change(uid, subscriptions=OPT_IN, at=long_ago)
    loop.sandbox.site.touch(400)
    assert loop.run(loop.newest()).success
    assert uid not in {line["GIGYA_UID"] for line in lines(loop, "subs", loop.newest())}
    loop.drop("subs_1.dat", SUBS + sub(row | {"GIGYA_UID": uid}, ago=timedelta(hours=3)))
    (result,) = loop.arrive()
    assert metadata(result, "inbound_change_set")["rejected: : deleted"] == 1
    loop.sandbox.site.change(uid, subscriptions={"newsletter": {"email": {"isSubscribed": False}}})
    loop.sandbox.site.change(uid, subscriptions=OPT_IN)
    assert loop.run(loop.newest()).success
    assert uid in {line["GIGYA_UID"] for line in lines(loop, "subs", loop.newest())}


def test_an_opt_out_of_the_address_still_reaches_the_new_account(loop: Inbound) -> None:
    row = person(loop, "1")
    delete(loop, row["GIGYA_UID"])
    deletions(loop)
    uid = loop.sandbox.site.add_full(isRegistered=True, profile={"email": row["EMAIL"]}, subscriptions=OPT_IN)
    loop.drop("unsubs_1.dat", UNSUBS + unsub(row | {"GIGYA_UID": ""}, at=datetime.now(UTC)))
    (result,) = loop.arrive()
    assert result.success
    assert is_subscribed(loop, uid) is False


def test_who_took_the_address_over_before_the_deletion_was_told_is_delivered_anew(loop: Inbound) -> None:
    """CheetahMail knows people by address: it forgets the new account with the old one."""
    row = person(loop, "1")
    uid = loop.sandbox.site.add_full(
        isRegistered=True, isVerified=True, profile={"email": "other@example.org"}, subscriptions=OPT_IN
    )
    assert loop.run(loop.newest()).success
    delete(loop, row["GIGYA_UID"])
    loop.sandbox.site.change(uid, profile={"email": row["EMAIL"]})
    deletions(loop)
    assert (suppressed(loop), told(loop).readdressed) == ([row["GIGYA_UID"]], 1)
    with Ledger.open() as ledger:
        assert ledger.open_corrections("sandbox") == 1


def test_who_moved_just_before_is_also_suppressed_under_the_address_that_cheetahmail_has(loop: Inbound) -> None:
    """The window that told of the move runs again, without her, and tells of it still: CheetahMail may have either."""
    row, stays = person(loop, "1"), person(loop, "0")["GIGYA_UID"]
    uid, newest = row["GIGYA_UID"], loop.newest()
    for one in (uid, stays):
        loop.sandbox.site.change(one, profile={"email": f"moved-{one}@example.org"})
    assert loop.run(newest).success
    delete(loop, uid)
    assert loop.run(newest).success
    assert {line["GIGYA_UID"] for line in lines(loop, "coa", newest)} == {uid, stays}
    deletions(loop)
    told_of = [(line["EMAIL"], line["GIGYA_UID"]) for line in lines(loop, "deleted", newest)]
    assert told_of == [(f"moved-{uid}@example.org", uid), (row["EMAIL"], uid)]
    assert (told(loop).delivered, told(loop).former_addresses) == (1, 1)


@pytest.mark.parametrize("where", ["Gigya", "the ledger"])
def test_a_former_address_that_somebody_else_has_is_not_suppressed(loop: Inbound, where: str) -> None:
    row = person(loop, "1")
    uid, newest = row["GIGYA_UID"], loop.newest()
    loop.sandbox.site.change(uid, profile={"email": "moved@example.org"})
    assert loop.run(newest).success
    heir = loop.sandbox.site.add_full(isRegistered=True, isVerified=True, profile={"email": row["EMAIL"]})
    if where == "the ledger":
        assert loop.run(newest).success
        loop.sandbox.site.change(heir, profile={"email": "heir@example.org"})
    delete(loop, uid)
    deletions(loop)
    assert [line["EMAIL"] for line in lines(loop, "deleted", newest)] == ["moved@example.org"]


def test_a_deletion_stays_deleted_over_sftp_against_a_late_file_of_cheetahmail(tmp_path: Path) -> None:
    with Sandbox(tmp_path / "sandbox", PEOPLE) as sandbox:
        staging = {
            "type": "sftp", "host": "127.0.0.1", "port": sandbox.sftp_port, "username": "sandbox",
            "private_key": {"env": "SANDBOX_SFTP_PRIVATE_KEY"}, "known_hosts": {"env": "SANDBOX_SFTP_KNOWN_HOSTS"},
            "outbox": "autoproc", "inbox": "fromcheetah",
        }  # fmt: skip
        with runs(sandbox, tmp_path / "run", staging=staging) as made:
            loop = Inbound(made.sandbox, made.folder, made.content, made.instance)
            loop.content["inbound_files"]["defaults"] = {"time_zone": "America/New_York", "min_age_seconds": 0}
            mail = sandbox.cheetahmail
            mail.set_up_for(loop.sync)
            assert loop.run(FIRST).success
            mail.import_now()
            full = {doc["UID"] for doc in sandbox.site.accounts() if doc.get("UID")}
            ann = next(one for one in mail.subscribers() if one.lists.get("NEWSLETTER") == "in" and one.uid in full)
            mail.unsubscribe(ann, "PARTNER_OFFERS")
            mail.subscribe(ann, "PARTNER_OFFERS")
            late = mail.drop("subs", "unsubs")
            sandbox.site.delete(ann.uid)
            deletions(loop)
            mail.import_now()
            results = loop.arrive()
            assert len(results) >= len(late)
            assert all(result.success for result in results)
            assert loop.run(loop.newest()).success
            mail.import_now()
            assert ann.email.lower() not in {one.email.lower() for one in mail.subscribers()}
            assert ann.uid not in {doc.get("UID") for doc in sandbox.site.accounts()}


def test_a_sync_may_do_without(loop: Inbound) -> None:
    loop.content["deletions"] = {"source": "none"}
    keys = {key.to_user_string() for key in loop.definitions.resolve_all_asset_keys()}
    assert not {key for key in keys if "deletion" in key}


def _during_first() -> int:
    return int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp() * 1000)
