"""The feeds: what is in them, what they are called, how they go wrong, and that the inbound direction reads them."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.errors import ConfigError
from gigya_cheetah_assets.inbound.read import read_file
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.sandbox.cheetahmail import CheetahMail, Setup
from gigya_cheetah_assets.sandbox.cheetahmail.dropping import InboxOfStaging
from gigya_cheetah_assets.sandbox.cheetahmail.feed_faults import FeedFaults
from gigya_cheetah_assets.sandbox.cheetahmail.lists import LISTS
from gigya_cheetah_assets_tests.sandbox.cheetahmail.conftest import COA, NOW, SECOND, SUBS, UNSUBS, Box, one

ANN, BOB = "ann@example.org", "bob@example.org"


def filled(box: Box, setup: Setup | None = None) -> CheetahMail:
    """Ann and Bob, both on the newsletter, and an inbox with nothing of it."""
    mail = box.mail(setup)
    box.people(f"u1,{ANN},Ann,1", f"u2,{BOB},Bob,1")
    mail.import_now()
    for email in (ANN, BOB):
        mail.subscribe(one(mail, email), "NEWSLETTER")
    mail.drop()
    for path in box.inbox.iterdir():
        path.unlink()
    return mail


def test_an_unsubscribe_tells_list_reason_time_of_new_york_and_uid(box: Box) -> None:
    mail = filled(box)
    box.now[0] += 60
    mail.unsubscribe(one(mail, ANN), "NEWSLETTER", reason="r")
    (name,) = mail.drop()
    assert fnmatch(name, "o5_unsubs_20260228_*.dat.gz")
    assert box.read("*unsubs*") == [
        {"aid": "2092000001", "pid": LISTS["NEWSLETTER"], "reason": "r", "email": ANN, "DATE_UNSUB": "20260228233100",
         "DATE_SUB": "20260228233000", "rcode": "", "GIGYA_UID": "u1"}
    ]  # fmt: skip


def test_a_day_without_events_has_no_file(box: Box) -> None:
    mail = filled(box)
    mail.click(one(mail, ANN))
    assert (mail.drop(), list(box.inbox.iterdir())) == ([], [])
    assert [row["EMAIL"] for row in (mail.drop("data"), box.read("*data*"))[1]] == [ANN]


def test_rows_are_told_once(box: Box) -> None:
    mail = filled(box)
    mail.edit(one(mail, ANN), LNAME="Oak")
    assert len(mail.drop()) == 1
    assert mail.drop() == []


def test_who_complains_leaves_the_lists_and_the_master_list(box: Box) -> None:
    mail = filled(box)
    mail.unsubscribe(one(mail, ANN), "NEWSLETTER", reason="a")
    mail.drop()
    assert [(row["pid"], row["reason"]) for row in box.read("*unsubs*")] == [(LISTS["NEWSLETTER"], "a"), ("0", "a")]
    assert set(one(mail, ANN).lists.values()) == {"out"}
    mail.subscribe(one(mail, ANN), "NEWSLETTER", source="IMPORT")
    assert one(mail, ANN).lists["NEWSLETTER"] == "out"
    mail.subscribe(one(mail, ANN), "NEWSLETTER")
    assert one(mail, ANN).lists["NEWSLETTER"] == "in"


def test_mail_that_comes_back_for_good_ends_the_subscription_with_reason_b(box: Box) -> None:
    mail = filled(box)
    for code in "HSHH":
        assert one(mail, ANN).lists["NEWSLETTER"] == "in"
        mail.bounce(one(mail, ANN), code)
    mail.drop()
    assert [row["RESULTCODE"] for row in box.read("*bounces*")] == ["H", "S", "H", "H"]
    assert [(row["email"], row["reason"]) for row in box.read("*unsubs*")] == [(ANN, "b")]


def test_a_change_of_address_and_an_edit_are_told(box: Box) -> None:
    mail = filled(box)
    mail.change_address(one(mail, ANN), "anna@example.com")
    mail.edit(one(mail, "anna@example.com"), LNAME='O|"ak')
    mail.drop()
    (moved,), (edited,) = box.read("*coa*"), box.read("*demo*")
    assert (moved["email_from"], moved["email_to"], moved["GIGYA_UID"]) == (ANN, "anna@example.com", "u1")
    assert (edited["email"], edited["LNAME"], edited["GIGYA_UID"]) == ("anna@example.com", 'O|"ak', "u1")
    assert one(mail, "anna@example.com").lists["NEWSLETTER"] == "in"


def test_the_full_extract_shows_every_state(box: Box) -> None:
    mail = filled(box)
    mail.unsubscribe(one(mail, BOB), "NEWSLETTER")
    mail.drop_full()
    rows = {row["EMAIL"]: (row["NEWSLETTER"], row["PARTNER_OFFERS"], row["FNAME"]) for row in box.read("*full*")}
    assert rows == {ANN: ("1", "", "Ann"), BOB: ("0", "", "Bob")}


def test_what_our_files_changed_comes_back_where_feeds_echo(box: Box) -> None:
    mail = filled(box, Setup(faults="echo"))
    box.put(f"gigya_unsubs_{SECOND}.csv", UNSUBS, f"{ANN},u1,NEWSLETTER,x,opt_out")
    box.put(f"gigya_subs_{SECOND}.csv", SUBS, *(f"rob@example.org,u2,{name},x,web" for name in LISTS))
    box.put(f"gigya_coa_{SECOND}.csv", COA, f"{BOB},rob@example.org,u2,x")
    mail.import_now()
    mail.drop()
    assert [(row["GIGYA_UID"], row["reason"]) for row in box.read("*_unsubs*")] == [("u1", "k")]
    new = [(number, "IMPORT") for name, number in LISTS.items() if name != "NEWSLETTER"]
    assert [(row["pid"], row["SOURCE"]) for row in box.read("*_subs*")] == new
    assert [row["email_to"] for row in box.read("*coa*")] == ["rob@example.org"]


def test_without_echo_our_files_are_not_told(box: Box) -> None:
    mail = filled(box)
    box.put(f"gigya_unsubs_{SECOND}.csv", UNSUBS, f"{ANN},u1,NEWSLETTER,x,opt_out")
    mail.import_now()
    assert mail.drop() == []


def test_a_file_is_sent_again_under_the_same_name(box: Box) -> None:
    mail = filled(box, Setup(faults="twice"))
    mail.edit(one(mail, ANN), LNAME="Oak")
    (name,) = mail.drop()
    content = (box.inbox / name).read_bytes()
    (box.inbox / name).unlink()
    mail.edit(one(mail, ANN), LNAME="Elm")
    (second,) = mail.drop()
    assert (box.inbox / name).read_bytes() == content
    assert (box.inbox / second).read_bytes() != content


def test_a_file_is_sent_again_under_a_new_name(box: Box) -> None:
    mail = filled(box, Setup(faults="again"))
    mail.edit(one(mail, ANN), LNAME="Oak")
    first, second = (box.inbox / name for name in mail.drop())
    assert first.name != second.name
    assert first.read_bytes() == second.read_bytes()


def test_a_skipped_day_comes_with_the_next(box: Box) -> None:
    mail = filled(box, Setup(faults="skip_day"))
    mail.edit(one(mail, ANN), LNAME="Oak")
    assert mail.drop() == []
    mail.edit(one(mail, BOB), LNAME="Elm")
    mail.drop()
    assert [row["LNAME"] for row in box.read("*demo*")] == ["Oak", "Elm"]


@pytest.mark.parametrize("fault", ["halves", "slow"])
def test_a_file_grows_under_its_final_name(box: Box, fault: str) -> None:
    mail = filled(box, Setup(faults=fault))
    mail.edit(one(mail, ANN), LNAME="Oak" * 50)
    writer = threading.Thread(target=mail.drop)
    writer.start()
    sizes: set[int] = set()
    while writer.is_alive():
        sizes |= {path.stat().st_size for path in box.inbox.iterdir()}
        time.sleep(0.002)
    (path,) = box.inbox.iterdir()
    assert len(sizes | {path.stat().st_size}) >= 2
    assert box.read("*demo*")[0]["LNAME"] == "Oak" * 50


def test_any_staging_can_take_the_files(box: Box) -> None:
    at_home = box.mail()
    inbox = InboxOfStaging(at_home._staging, "fromcheetah")
    mail = CheetahMail(box.folder / "other", at_home._staging, inbox, Setup(faults="halves"))
    box.stack.callback(mail.close)
    mail.sign_up(ANN, "NEWSLETTER")
    mail.drop()
    assert [row["email"] for row in box.read("*subs*")] == [ANN]


def test_unknown_faults_are_named_all_at_once(box: Box) -> None:
    with pytest.raises(ConfigError, match=r"(?s)'sloow' is no fault.*'x' is no fault"):
        FeedFaults.parse("sloow, x, twice")
    assert FeedFaults.parse("all") == FeedFaults(True, True, True, True, True, True)


def _sandbox_sync() -> Sync:
    path = Path(__file__).parents[3] / "syncs" / "sandbox.yaml"
    return Sync.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def test_the_inbound_direction_reads_every_feed(box: Box) -> None:
    mail, sync = filled(box), _sandbox_sync()
    mail.subscribe(one(mail, BOB), "PARTNER_OFFERS")
    mail.unsubscribe(one(mail, ANN), "NEWSLETTER")
    mail.edit(one(mail, ANN), LNAME="Oak")
    mail.change_address(one(mail, ANN), "anna@example.com")
    mail.bounce(one(mail, BOB))
    mail.drop()
    mail.drop_full()
    box.put(f"gigya_unsubs_{SECOND}.csv", UNSUBS, f"{ANN},u1,NEWSLETTER,x,opt_out", "x,u7,NEWSLETTER,x,opt_out")
    mail.import_now()
    read = {}
    for path in box.inbox.iterdir():
        feeds = [
            kind
            for kind, feed in sync.inbound_files.feeds()
            if fnmatch(path.name, feed.pattern) and not (feed.not_ and fnmatch(path.name, feed.not_))
        ]
        (kind,) = feeds
        folder = box.folder / "read" / kind
        folder.parent.mkdir(exist_ok=True)
        table, now = FieldTable.from_sync(sync), datetime.fromtimestamp(NOW + 60, UTC)
        read_file(path, name=path.name, kind=kind, sync=sync, table=table, folder=folder, now=now)
        assert pq.read_table(folder / "rejects.parquet").num_rows == 0, kind
        read[kind] = pq.read_table(folder / "events.parquet").to_pylist()
    assert set(read) == set(sync.inbound_files.KINDS)
    (left,), (moved,) = read["unsubscribes"], read["address_changes"]
    # An opt-out counts until the end of its second.
    assert (left["uid"], left["NEWSLETTER"], left["at"]) == ("u1", "opt_out", int(NOW * 1000) + 999)
    assert (moved["email_old"], moved["email"]) == (ANN, "anna@example.com")
    assert [(row["uid"], row["first_party"]) for row in read["subscribes"]] == [("u2", True)]
    assert len(read["import_reports"]) == 2
