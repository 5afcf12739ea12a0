"""The clock of opt-outs and the canary, on both sides of a sandbox."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from click.testing import CliRunner

from gigya_cheetah_assets.cli import main
from gigya_cheetah_assets.clock import canary
from gigya_cheetah_assets.clock.table import SCHEMA, read_table
from gigya_cheetah_assets.clock.waiting import read_clock
from gigya_cheetah_assets.config.files import Canary
from gigya_cheetah_assets.errors import StopSync
from gigya_cheetah_assets.gigya import GigyaClient
from gigya_cheetah_assets.inbound.arrivals import note_look
from gigya_cheetah_assets.inbound.offers import LOOKS, all_offers, offers_folder, write_offer
from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound.window import window_of
from gigya_cheetah_assets.sandbox import Sandbox
from gigya_cheetah_assets.sandbox.cheetahmail import Setup
from gigya_cheetah_assets_tests.integration.loop import Loop, looping
from gigya_cheetah_assets_tests.integration.reading import lines
from gigya_cheetah_assets_tests.integration.runs import FIRST, PEOPLE, QUIET, runs
from gigya_cheetah_assets_tests.integration.test_inbound_files import INBOUND, UNSUBS, Inbound, person, unsub

REPORTS = {"pattern": "*loader*.dat*"}
REPORT = "FILE_NAME,STATUS,ROWS_READ,ROWS_LOADED,ROWS_REJECTED,ROW_NO,ERROR,GIGYA_UID,EMAIL\n"
OPT_OUT = {"newsletter": {"email": {"isSubscribed": False}}}


class Watched(Inbound):
    """The loop, and the clock beside it."""

    def look(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Metadata of the asset, and the table's rows of people who are not of the initial load."""
        job = self.definitions.resolve_job_def("sandbox_opt_out_clock")
        result = job.execute_in_process(instance=self.instance, run_config=QUIET)
        (event,) = result.asset_materializations_for_node("sandbox__opt_out_clock")
        _, batches = read_table(self.folder / "data", self.sync)
        first = window_of(self.sync.windows, FIRST, now=datetime.now(UTC)).stamp
        rows = [row for batch in batches for row in batch.to_pylist() if row["seen_in"] != first]
        return {name: value.value for name, value in event.metadata.items()}, rows

    def report(self, number: int, *rows: str) -> None:
        self.drop(f"loader_{number}.dat", REPORT + "".join(f"{row}\n" for row in rows))
        assert all(result.success for result in self.arrive())

    def unsubscribes(self) -> str:
        return next(name for name in self.files() if name.startswith(f"gigya_unsubs_{self.stamp}"))

    @property
    def stamp(self) -> str:
        return window_of(self.sync.windows, self.newest(), now=datetime.now(UTC)).stamp


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    inbound = {**INBOUND, "import_reports": REPORTS}
    with (
        Sandbox(tmp_path / "sandbox", PEOPLE) as sandbox,
        runs(sandbox, tmp_path / "run", inbound_files=inbound) as made,
    ):
        loop = Watched(made.sandbox, made.folder, made.content, made.instance)
        assert loop.run(FIRST).success
        yield loop


def leaves(watched: Watched) -> str:
    """Somebody opts out in Gigya."""
    uid = person(watched, "1")["GIGYA_UID"]
    watched.sandbox.site.change(uid, subscriptions=OPT_OUT, through="emailAccount")
    return uid


def test_an_opt_out_of_gigya_is_open_until_its_file_lies_in_the_outbox_and_confirmed_by_the_report(
    watched: Watched,
) -> None:
    uid = leaves(watched)
    assert watched.run(watched.newest(), assets="gigya_profiles").success
    assert watched.run(watched.newest(), assets="cheetahmail_rows").success
    metadata, (row,) = watched.look()
    assert (row["state"], row["uid"], row["seen_in"], row["fate"]) == ("open", uid, watched.stamp, "not delivered")
    assert metadata["open_of_people: gigya"] == 1
    assert watched.run(watched.newest(), assets="staged_import_files").success
    _, (row,) = watched.look()
    assert (row["state"], row["fate"], row["confirmed_at"]) == ("closed", "delivered", None)
    assert row["decided_at"] <= row["seen_at"] <= row["reached_at"] < row["due"]
    watched.report(1, f"{watched.unsubscribes()},done,1,1,0,,,,")
    _, (row,) = watched.look()
    assert (row["fate"], row["confirmed_at"] > row["reached_at"]) == ("imported", True)


def test_the_echo_of_our_own_opt_out_confirms_it_where_no_report_does(watched: Watched) -> None:
    row = person(watched, "1")
    watched.sandbox.site.change(row["GIGYA_UID"], subscriptions=OPT_OUT, through="emailAccount")
    assert watched.run(watched.newest()).success
    watched.drop("unsubs_1.dat", UNSUBS + unsub(row, reason="k", at=datetime.now(UTC)))
    (result,) = watched.arrive()
    assert result.success
    _, (found,) = watched.look()
    assert (found["state"], found["fate"], found["confirmed_at"] > found["reached_at"]) == ("closed", "echo", True)


def test_a_row_of_cheetahmails_that_shows_it_confirms_an_opt_out_too(watched: Watched) -> None:
    row = person(watched, "1")
    watched.sandbox.site.change(row["GIGYA_UID"], subscriptions=OPT_OUT, through="emailAccount")
    assert watched.run(watched.newest()).success
    watched.drop("full_1.dat", f"GIGYA_UID,EMAIL,NEWSLETTER\n{row['GIGYA_UID']},{row['EMAIL']},0\n")
    (result,) = watched.arrive()
    assert result.success
    _, (found,) = watched.look()
    assert (found["state"], found["fate"]) == ("closed", "shown")


def test_an_opt_out_that_cheetahmail_refuses_is_open_again_until_a_later_file_carries_it(watched: Watched) -> None:
    uid = leaves(watched)
    assert watched.run(watched.newest()).success
    watched.report(1, f"{watched.unsubscribes()},done,1,0,1,,,,", f"{watched.unsubscribes()},rejected,,,,1,full,{uid},")
    _, (row,) = watched.look()
    assert (row["state"], row["fate"]) == ("open", "refused: full")
    with Ledger.open() as ledger:
        assert uid in ledger.corrections("sandbox", "any")
    assert watched.run(watched.newest()).success
    assert [told["GIGYA_UID"] for told in lines(watched, "unsubs", watched.newest())] == [uid]
    _, rows = watched.look()
    assert {row["state"] for row in rows} == {"closed"}
    assert {row["fate"] for row in rows} == {"refused, told again", "delivered"}
    # The same window told it, and CheetahMail refuses it once more.
    watched.report(
        2, f"{watched.unsubscribes()},done,1,0,1,,,,", f"{watched.unsubscribes()},rejected,,,,1,again,{uid},"
    )
    _, rows = watched.look()
    assert [row["fate"] for row in rows if row["state"] == "open"] == ["refused: again"]
    with Ledger.open() as ledger:
        assert uid in ledger.corrections("sandbox", "any")


def test_a_file_that_failed_as_a_whole_opens_all_of_its_opt_outs(watched: Watched) -> None:
    leaves(watched)
    assert watched.run(watched.newest()).success
    watched.report(1, f"{watched.unsubscribes()},failed,0,0,0,,the file is cut,,")
    _, (row,) = watched.look()
    assert (row["state"], row["fate"]) == ("open", "refused: the file is cut")


def test_an_opt_out_of_cheetahmail_is_open_until_gigya_has_it(watched: Watched) -> None:
    row = person(watched, "1")
    watched.content["limits"] = {"max_opt_out_share": 0.0001}
    watched.drop("unsubs_1.dat", UNSUBS + unsub(row))
    (braked,) = watched.arrive()
    assert not braked.success
    metadata, (found,) = watched.look()
    assert (found["state"], found["side"], found["seen_in"], found["line"], found["fate"]) == (
        "open", "cheetahmail", "unsubs_1.dat", 2, "pending",
    )  # fmt: skip
    assert metadata["oldest_open_hours"] >= 0
    watched.content["limits"] = {"max_opt_out_share": 1.0}
    assert watched.read(next(iter(watched.instance.get_dynamic_partitions("sandbox_inbound_file")))).success
    _, (found,) = watched.look()
    assert (found["state"], found["fate"], found["reached_at"] == found["confirmed_at"]) == ("closed", "applied", True)


def test_the_table_is_for_its_owner_only_and_the_metadata_name_nobody(watched: Watched) -> None:
    uid = leaves(watched)
    assert watched.run(watched.newest()).success
    metadata, _ = watched.look()
    assert uid not in json.dumps(metadata, default=str)
    folder = Path(metadata["table"])
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        "opt_outs.parquet": 0o600, "opt_outs.csv": 0o600, "summary.json": 0o600,
    }  # fmt: skip
    assert (folder / "opt_outs.csv").read_text(encoding="utf-8").splitlines()[0] == ",".join(SCHEMA.names)


def test_the_command_prints_each_opt_out_and_who_only_on_request(watched: Watched, tmp_path: Path) -> None:
    uid = leaves(watched)
    assert watched.run(watched.newest()).success
    watched.look()
    (tmp_path / "syncs").mkdir()
    (tmp_path / "syncs" / "sandbox.yaml").write_text(yaml.safe_dump(watched.content), encoding="utf-8")
    os.environ["GIGYA_CHEETAH_SYNCS"] = str(tmp_path / "syncs")
    told = CliRunner().invoke(main, ["consent", "clock", "--all"])
    assert (told.exit_code, uid in told.output) == (0, False)
    assert "closed gigya       NEWSLETTER; seen" in told.output
    assert uid in CliRunner().invoke(main, ["consent", "clock", "--all", "--uids"]).output


def test_a_report_that_never_comes_is_open_time(watched: Watched) -> None:
    later = datetime.now(UTC) + timedelta(hours=27)
    with Ledger.open() as ledger:
        reading = read_clock(watched.sync, ledger, data=watched.folder / "data", now=later)
    assert [entry.where for entry in reading.waiting if entry.what == "report"] == [
        name for name in watched.files() if name.startswith("gigya_unsubs")
    ]


def test_the_canary_flies_out_and_back_and_tells_a_quiet_feed_from_a_lost_one(watched: Watched) -> None:
    seed = person(watched, "1")
    watched.content["inbound_files"]["canary"] = {
        "uid": seed["GIGYA_UID"], "address": seed["EMAIL"], "column": "OPTIN_PLACE",
    }  # fmt: skip
    sync, data, now = watched.sync, watched.folder / "data", datetime.now(UTC)
    table, config = FieldTable.from_sync(sync), sync.inbound_files.canary if sync.inbound_files else None
    assert config is not None
    with GigyaClient(sync.gigya) as client:
        flight = canary.send(client, sync, config, table, data=data, now=now)
        assert canary.send(client, sync, config, table, data=data, now=now) == flight
        wrong = Canary(uid=config.uid, address="somebody@example.org", column=config.column)
        with pytest.raises(StopSync, match="another address"):
            canary.send(client, sync, wrong, table, data=data, now=now + timedelta(days=1))
    assert not flight.lost(now + timedelta(hours=47))
    assert flight.lost(now + timedelta(hours=49))
    mail = watched.sandbox.cheetahmail
    mail.set_up_for(sync)
    mail.import_now()
    assert watched.run(watched.newest()).success
    mail.import_now()
    for name in mail.drop("demo"):
        source = watched.sandbox.sftp_root / "fromcheetah" / name
        (watched.folder / "staging" / "fromcheetah" / name).write_bytes(source.read_bytes())
    watched.content["inbound_files"]["profiles"] = {"pattern": "*demo_*.dat*"}
    (result,) = watched.arrive()
    assert result.success
    returned = canary.read(data, sync)
    assert (returned.sent, returned.returned is not None) == ({}, True)
    assert not returned.lost(now + timedelta(days=9))


@pytest.fixture
def skipping(tmp_path: Path) -> Iterator[Loop]:
    """Every second extract of CheetahMail's brings nothing. There is a canary; unsubscribes came yesterday."""
    for loop in looping(tmp_path, Setup(faults="skip_day")):
        (uid,) = loop.people("NEWSLETTER", "opt_in", 1)
        canary_bird = {"uid": uid, "address": loop.subscriber(uid).email, "column": "OPTIN_PLACE"}
        loop.content["inbound_files"]["canary"] = canary_bird
        loop.mail.set_up_for(loop.sync)
        (leaver,) = loop.people("NEWSLETTER", "opt_in", 1)
        loop.mail.unsubscribe(loop.subscriber(leaver), "NEWSLETTER")
        loop.drop_and_read()
        a_day_passes(loop)
        yield loop


def a_day_passes(loop: Loop) -> None:
    """Every file that came, and the first look at the inbox, are of 27 hours ago."""
    data, day = loop.folder / "data", timedelta(hours=27)
    for offer in all_offers(data, loop.sync):
        write_offer(data, loop.sync, msgspec.structs.replace(offer, offered_at=offer.offered_at - day))
    (offers_folder(data, loop.sync) / LOOKS).unlink()
    note_look(data, loop.sync, datetime.now(UTC) - day)


def silent_feeds(loop: Loop) -> list[str]:
    """The feeds whose silence counts as open time."""
    with Ledger.open() as ledger:
        reading = read_clock(loop.sync, ledger, data=loop.folder / "data", now=datetime.now(UTC))
    return [entry.where for entry in reading.waiting if entry.what == "feed"]


def test_a_feed_without_a_file_is_open_time_until_the_canary_comes_back_in_another_one(skipping: Loop) -> None:
    assert silent_feeds(skipping) == ["unsubscribes"]
    sync, data = skipping.sync, skipping.folder / "data"
    config = sync.inbound_files.canary if sync.inbound_files else None
    assert config is not None
    with GigyaClient(sync.gigya) as client:
        canary.send(client, sync, config, FieldTable.from_sync(sync), data=data, now=datetime.now(UTC))
    assert skipping.run(skipping.newest()).success
    skipping.mail.import_now()
    # The extract does not run today: nothing comes but the report on our own files.
    assert skipping.mail.drop() == []
    assert all(result.success for result in skipping.arrive())
    assert (canary.read(data, sync).returned, silent_feeds(skipping)) == (None, ["unsubscribes"])
    # It runs, and nobody has unsubscribed: the canary comes, and no file of unsubscribes.
    names = skipping.mail.drop()
    assert [name for name in names if "unsubs" in name] == []
    assert all(result.success for result in skipping.arrive())
    assert canary.read(data, sync).returned is not None
    assert silent_feeds(skipping) == []
