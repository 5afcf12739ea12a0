"""Files of CheetahMail's from the inbox to the accounts of a real site, through the sensor and Dagster's job."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.sandbox import Sandbox, second_opinion
from gigya_cheetah_assets_tests.integration.arriving import Inbound
from gigya_cheetah_assets_tests.integration.reading import failure, lines
from gigya_cheetah_assets_tests.integration.runs import FIRST, PEOPLE, runs

INBOUND = {
    "defaults": {"time_zone": "UTC", "min_age_seconds": 0},
    "unsubscribes": {"pattern": "*unsubs_*.dat*", "list": {"11": "NEWSLETTER", "12": "PARTNER_OFFERS"}},
    "subscribes": {"pattern": "*subs_*.dat*", "not": "*unsubs_*", "first_party": ["WEB"]},
    "profiles": {"pattern": "*demo_*.dat*"},
    "bounces": {"pattern": "*bounces_*.dat*"},
    "full_extract": {"pattern": "*full_*.dat*"},
}
UNSUBS = "EMAIL,GIGYA_UID,LIST_ID,REASON,DATE_UNSUB\n"


@pytest.fixture
def inbound(tmp_path: Path) -> Iterator[Inbound]:
    with (
        Sandbox(tmp_path / "sandbox", PEOPLE) as sandbox,
        runs(sandbox, tmp_path / "run", inbound_files=INBOUND) as made,
    ):
        loop = Inbound(made.sandbox, made.folder, made.content, made.instance)
        assert loop.run(FIRST).success
        yield loop


def person(inbound: Inbound, newsletter: str) -> dict[str, str]:
    """A full account's delivered row with this cell of the newsletter."""
    full = {str(document.get("UID")) for document in inbound.sandbox.site.accounts() if document.get("isRegistered")}
    rows = lines(inbound, "profiles", FIRST)
    return next(row for row in rows if row["NEWSLETTER"] == newsletter and row["GIGYA_UID"] in full)


def unsub(row: dict[str, str], *, at: datetime | None = None, reason: str = "w", list_id: str = "11") -> str:
    moment = at or datetime.now(UTC) - timedelta(minutes=1)
    return f"{row['EMAIL']},{row['GIGYA_UID']},{list_id},{reason},{moment:%Y%m%d%H%M%S}\n"


def is_subscribed(inbound: Inbound, uid: str) -> bool | None:
    found: bool | None = inbound.account(uid)["subscriptions"]["newsletter"]["email"]["isSubscribed"]
    return found


def metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    events = result.asset_materializations_for_node(f"sandbox__{asset}")
    return {name: value.value for name, value in events[0].metadata.items()}


def test_an_unsubscribe_reaches_gigya_and_does_not_come_back(inbound: Inbound) -> None:
    row = person(inbound, "1")
    # After her opt-in was delivered: one from before may have been lifted by it, and is told again.
    inbound.drop("o5_unsubs_20261122.dat.gz", UNSUBS + unsub(row, at=datetime.now(UTC) + timedelta(seconds=1)))
    (result,) = inbound.arrive()
    assert result.success
    assert is_subscribed(inbound, row["GIGYA_UID"]) is False
    assert metadata(result, "gigya_account_updates")["applied"] == 1
    told = metadata(result, "inbound_change_set")
    assert (told["opt_outs"], told["writes: NEWSLETTER"]) == (1, 1)
    assert "| NEWSLETTER | opt_out_wins | 1 |" in told["decisions"]
    assert f"| {row['GIGYA_UID'][:4]}… | NEWSLETTER | opt_in -> opt_out | opt_out_wins |" in told["examples"]
    assert "| opt_out_share |" in told["brakes"]
    assert row["GIGYA_UID"] not in json.dumps(told)
    assert inbound.run(inbound.newest()).success
    assert lines(inbound, "unsubs", inbound.newest()) == []
    assert lines(inbound, "profiles", inbound.newest()) == []


def test_an_unsubscribe_that_crossed_with_the_first_load_comes_back_for_the_load_may_have_lifted_it(
    inbound: Inbound,
) -> None:
    row = person(inbound, "1")
    inbound.drop("o5_unsubs_20261122.dat.gz", UNSUBS + unsub(row))
    (result,) = inbound.arrive()
    assert result.success
    assert inbound.run(inbound.newest()).success
    assert [told["GIGYA_UID"] for told in lines(inbound, "unsubs", inbound.newest())] == [row["GIGYA_UID"]]


def test_the_file_lies_in_processed_beside_its_result(inbound: Inbound) -> None:
    row = person(inbound, "1")
    inbound.drop("unsubs_1.dat", UNSUBS + unsub(row) + "broken line\n")
    (result,) = inbound.arrive()
    processed = inbound.folder / "staging" / "fromcheetah" / "processed"
    names = sorted(path.name for path in processed.iterdir())
    assert names[0] == "unsubs_1.dat"
    told = json.loads((processed / names[1]).read_bytes())
    assert (told["outcome"], told["counts"]["rows"], told["counts"]["applied"]) == ("processed", 2, 1)
    assert told["rejects"] == [{"line": 3, "reason": "too_few_cells", "step": "inbound_rows"}]
    assert row["EMAIL"] not in json.dumps(told)
    assert result.success


def test_the_same_content_under_a_new_name_changes_nothing(inbound: Inbound) -> None:
    row = person(inbound, "1")
    text = UNSUBS + unsub(row)
    inbound.drop("unsubs_1.dat", text)
    inbound.arrive()
    inbound.sandbox.site.change(
        row["GIGYA_UID"], subscriptions={"newsletter": {"email": {"isSubscribed": True}}}, through="emailAccount"
    )
    inbound.drop("unsubs_2.dat", text)
    (again,) = inbound.arrive()
    assert metadata(again, "inbound_change_set")["same_content_as_before"] is True
    assert is_subscribed(inbound, row["GIGYA_UID"]) is True


def test_an_opt_in_that_nobody_proved_does_not_lift_an_opt_out_and_cheetahmail_is_told(inbound: Inbound) -> None:
    row = person(inbound, "0")
    line = f"{row['EMAIL']},{row['GIGYA_UID']},11,{datetime.now(UTC):%Y%m%d%H%M%S},IMPORT\n"
    inbound.drop("subs_1.dat", "EMAIL,GIGYA_UID,LIST_ID,DATE_SUB,SOURCE\n" + line)
    (result,) = inbound.arrive()
    assert metadata(result, "inbound_change_set")["to_be_told_to_cheetahmail"] == 1
    assert is_subscribed(inbound, row["GIGYA_UID"]) is False
    assert inbound.run(inbound.newest()).success
    assert [told["GIGYA_UID"] for told in lines(inbound, "unsubs", inbound.newest())] == [row["GIGYA_UID"]]


def test_an_opt_out_without_an_account_waits_on_its_address(inbound: Inbound) -> None:
    stranger = {"EMAIL": "nobody-yet@example.org", "GIGYA_UID": "0" * 32}
    inbound.drop("unsubs_1.dat", UNSUBS + unsub(stranger))
    (result,) = inbound.arrive()
    assert result.success
    assert metadata(result, "inbound_change_set")["parked"] == 1
    inbound.sandbox.site.touch(60)
    inbound.sandbox.site.add_full(
        isRegistered=True,
        isVerified=True,
        profile={"email": stranger["EMAIL"], "firstName": "Neu"},
        subscriptions={"newsletter": {"email": {"isSubscribed": True, "doubleOptIn": {"status": "Confirmed"}}}},
    )
    assert inbound.run(inbound.newest()).success
    assert lines(inbound, "subs", inbound.newest()) == []
    assert lines(inbound, "profiles", inbound.newest()) == []


def test_a_row_about_an_unknown_uid_is_a_reject_with_its_line(inbound: Inbound) -> None:
    inbound.drop("demo_1.dat", "GIGYA_UID,EMAIL,DATE_CHANGED,CITY\nnobody,x@example.org,20261101000000,Rome\n")
    (result,) = inbound.arrive()
    assert metadata(result, "inbound_change_set")["rejected: : unknown_uid"] == 1


def test_a_hostile_file_is_refused_with_its_reason_and_put_away(inbound: Inbound) -> None:
    inbound.drop("unsubs_1.dat", "one\x00column\n")
    (result,) = inbound.arrive()
    assert not result.success
    assert "unsubs_1.dat" not in [path.name for path in (inbound.folder / "staging" / "fromcheetah").iterdir()]
    rejected = inbound.folder / "staging" / "fromcheetah" / "rejected"
    assert (rejected / "unsubs_1.dat").is_file()
    told = json.loads(next(rejected.glob("*.result.json")).read_bytes())
    assert told["outcome"] == "rejected"
    assert told["reason"] in failure(result)


def test_a_brake_stops_a_file_before_its_first_write_until_it_is_released(inbound: Inbound) -> None:
    inbound.content["limits"] = {"max_opt_out_share": 0.0001}
    row = person(inbound, "1")
    inbound.drop("unsubs_1.dat", UNSUBS + unsub(row))
    (result,) = inbound.arrive()
    assert not result.success
    assert is_subscribed(inbound, row["GIGYA_UID"]) is True
    (partition,) = inbound.instance.get_dynamic_partitions("sandbox_inbound_file")
    with Ledger.open() as ledger:
        ledger.release("sandbox", partition, "opt_out_share")
    assert inbound.read(partition).success
    assert is_subscribed(inbound, row["GIGYA_UID"]) is False


def test_a_file_whose_run_is_repeated_applies_nothing_twice(inbound: Inbound) -> None:
    row = person(inbound, "1")
    inbound.drop("unsubs_1.dat", UNSUBS + unsub(row))
    inbound.arrive()
    before = inbound.account(row["GIGYA_UID"])
    (partition,) = inbound.instance.get_dynamic_partitions("sandbox_inbound_file")
    assert inbound.read(partition).success
    assert inbound.account(row["GIGYA_UID"]) == before


def test_a_file_that_cannot_be_put_away_is_not_done_and_its_second_run_applies_nothing_again(inbound: Inbound) -> None:
    row = person(inbound, "1")
    inbox = inbound.folder / "staging" / "fromcheetah"
    file = inbound.drop("unsubs_1.dat", UNSUBS + unsub(row))
    # Where the folder should be made stands a file of somebody else's.
    (inbox / "processed").write_bytes(b"")
    [result] = inbound.arrive()
    assert not result.success
    assert "create fromcheetah/processed" in failure(result)
    assert file.exists()
    assert is_subscribed(inbound, row["GIGYA_UID"]) is False
    (inbox / "processed").unlink()
    again = inbound.read(result.dagster_run.tags["dagster/partition"])
    assert again.success
    assert not file.exists()
    assert metadata(again, "gigya_account_updates")["applied"] == 1


def test_an_inbox_that_cannot_be_listed_is_a_failed_tick(inbound: Inbound) -> None:
    (inbound.folder / "staging" / "fromcheetah").rmdir()
    (inbound.folder / "staging" / "fromcheetah").write_text("no folder")
    with pytest.raises(dg.Failure, match="run/staging: "):
        inbound.tick()


def test_an_import_report_is_observed_and_its_rejects_lie_beside_the_window(inbound: Inbound) -> None:
    inbound.content["inbound_files"] = {**INBOUND, "import_reports": {"pattern": "*loader*_*.dat"}}
    name = "gigya_profiles_20260301T000000Z.csv.gz"
    header = "FILE_NAME,STATUS,ROWS_READ,ROWS_LOADED,ROWS_REJECTED,ROW_NO,ERROR,GIGYA_UID\n"
    inbound.drop("loader_1.dat", f"{header}{name},done,300,299,1,,,\n{name},rejected,,,,17,no valid address,u1\n")
    (result,) = inbound.arrive()
    assert result.success
    records = inbound.instance.fetch_observations(dg.AssetKey(["sandbox", "cheetahmail_subscribers"]), limit=5).records
    told = {name: value.value for name, value in records[0].asset_observation.metadata.items()}  # type: ignore[union-attr] - it is one
    assert (told["window"], told["rows_loaded"], told["rows_rejected"]) == ("20260301T000000Z", 299, 1)
    kept = inbound.folder / "data" / "sandbox" / "cheetahmail_subscribers" / "20260301T000000Z"
    assert [path.name for path in kept.iterdir()] == [f"{name}.rejects.parquet"]


def test_an_opt_out_of_a_lite_account_that_has_it_already_asks_nothing(inbound: Inbound) -> None:
    lite = {f"lite-{document['token']}" for document in inbound.sandbox.site.accounts() if not document.get("UID")}
    row = next(r for r in lines(inbound, "profiles", FIRST) if r["NEWSLETTER"] == "0" and r["GIGYA_UID"] in lite)
    inbound.drop("unsubs_1.dat", UNSUBS + unsub(row))
    (result,) = inbound.arrive()
    found = metadata(result, "inbound_change_set")
    assert (found["accounts"], found["accounts_to_write"], found["parked"], found["rejected"]) == (1, 0, 0, 0)


def test_a_late_echo_of_our_opt_out_does_not_undo_the_opt_in_that_followed_it(inbound: Inbound) -> None:
    uid = person(inbound, "1")["GIGYA_UID"]
    row = person(inbound, "1")
    inbound.sandbox.site.touch(60)
    inbound.sandbox.site.change(uid, subscriptions=_newsletter(subscribed=False), through="emailAccount")
    assert inbound.run(inbound.newest()).success
    assert uid in {told["GIGYA_UID"] for told in lines(inbound, "unsubs", inbound.newest())}
    echo = unsub(row, at=datetime.now(UTC), reason="k")
    inbound.sandbox.site.change(uid, subscriptions=_newsletter(subscribed=True), through="emailAccount")
    assert inbound.run(inbound.newest()).success
    inbound.drop("unsubs_1.dat", UNSUBS + echo)
    (result,) = inbound.arrive()
    assert metadata(result, "inbound_rows")["ignored: echo"] == 1
    assert is_subscribed(inbound, uid) is True


def test_an_opt_in_at_cheetahmail_confirms_what_was_pending_in_gigya(inbound: Inbound) -> None:
    """The person gave it there, so Gigya must not ask once more; and both sides count it as an opt-in."""
    row = person(inbound, "1")
    pending = {"newsletter": {"email": {"isSubscribed": True, "doubleOptIn": {"status": "Pending"}}}}
    inbound.sandbox.site.change(row["GIGYA_UID"], subscriptions=pending, through="emailAccount")
    line = f"{row['EMAIL']},{row['GIGYA_UID']},11,{datetime.now(UTC):%Y%m%d%H%M%S},WEB\n"
    inbound.drop("subs_1.dat", "EMAIL,GIGYA_UID,LIST_ID,DATE_SUB,SOURCE\n" + line)
    (result,) = inbound.arrive()
    assert result.success
    assert second_opinion.state(inbound.account(row["GIGYA_UID"]), "NEWSLETTER") == "opt_in"


def _newsletter(*, subscribed: bool) -> dict[str, Any]:
    return {"newsletter": {"email": {"isSubscribed": subscribed}}}
