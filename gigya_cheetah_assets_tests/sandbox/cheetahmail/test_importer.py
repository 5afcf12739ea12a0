"""Files of the outbox on their way into the list."""

from __future__ import annotations

import json
import zipfile

import pytest

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.sandbox.cheetahmail import Setup
from gigya_cheetah_assets.sandbox.cheetahmail.subscriber import MASTER
from gigya_cheetah_assets_tests.sandbox.cheetahmail.conftest import (
    COA,
    DELETED,
    FIRST,
    PROFILES,
    SECOND,
    SEGMENT,
    SUBS,
    UNSUBS,
    Box,
    one,
)
from gigya_cheetah_assets_tests.syncs import minimal_sync


def test_files_are_taken_in_the_order_of_their_kinds_and_windows(box: Box) -> None:
    box.put(f"gigya_subs_{FIRST}.csv.gz", SUBS, "ann@example.org,u1,NEWSLETTER,20260301000000,web")
    box.put(f"gigya_unsubs_{SECOND}.csv", UNSUBS, "ann@example.org,u1,NEWSLETTER,20260302000000,opt_out")
    box.put(f"gigya_profiles_{FIRST}.csv", PROFILES, "u1,ann@example.org,Ann,1")
    box.put(f"gigya_unsubs_{FIRST}.csv", UNSUBS, "ann@example.org,u1,NEWSLETTER,20260228000000,opt_out")
    box.put("somebody_elses.csv", "EMAIL")
    mail = box.mail()
    names = [done.name.removeprefix("gigya_") for done in mail.import_now()]
    assert names == [
        f"unsubs_{FIRST}.csv",
        f"profiles_{FIRST}.csv",
        f"subs_{FIRST}.csv.gz",
        f"unsubs_{SECOND}.csv",
    ]
    assert one(mail, "ann@example.org").lists == {"NEWSLETTER": "out", MASTER: "in"}
    assert mail.import_now() == []


def test_an_update_lifts_no_opt_out_and_a_subscribes_file_does(box: Box) -> None:
    mail = box.mail()
    box.people("u1,ann@example.org,Ann,1")
    mail.import_now()
    mail.unsubscribe(one(mail, "ann@example.org"), "NEWSLETTER")
    box.put(f"gigya_profiles_{SECOND}.csv", PROFILES, "u1,ANN@example.org,Anna,1")
    mail.import_now()
    ann = one(mail, "ANN@example.org")
    assert (ann.lists["NEWSLETTER"], ann.fields["FNAME"]) == ("out", "Anna")
    box.put(f"gigya_subs_{SECOND}.csv", SUBS, "ann@example.org,u1,NEWSLETTER,20260302000000,web")
    mail.import_now()
    assert one(mail, "ANN@example.org").lists["NEWSLETTER"] == "in"


def test_who_complained_is_not_subscribed_by_a_file(box: Box) -> None:
    mail = box.mail()
    box.people("u1,ann@example.org,Ann,1")
    mail.import_now()
    mail.unsubscribe(one(mail, "ann@example.org"), "NEWSLETTER", reason="a")
    box.put(f"gigya_subs_{SECOND}.csv", SUBS, "ann@example.org,u1,NEWSLETTER,20260302000000,web")
    (done,) = mail.import_now()
    assert done.rejected == [(1, "err:email:blocked", "u1", "ann@example.org")]
    assert set(one(mail, "ann@example.org").lists.values()) == {"out"}


def test_an_opt_out_is_kept_by_address_before_anybody_has_it(box: Box) -> None:
    mail = box.mail()
    box.put(f"gigya_unsubs_{FIRST}.csv", UNSUBS, "ann@example.org,u1,NEWSLETTER,20260301000000,opt_out")
    mail.import_now()
    assert mail.subscribers() == []
    box.people("u1,Ann@Example.org,Ann,1")
    mail.import_now()
    assert one(mail, "Ann@Example.org").lists["NEWSLETTER"] == "out"


def test_a_missed_address_change_makes_a_second_subscriber(box: Box) -> None:
    mail = box.mail()
    box.people("u1,old@example.org,Ann,1", "u2,bob@example.org,Bob,1")
    mail.import_now()
    box.put(f"gigya_profiles_{SECOND}.csv", PROFILES, "u1,new@example.org,Ann,1", "u2,rob@example.org,Bob,1")
    box.put(f"gigya_coa_{SECOND}.csv", COA, "old@example.org,new@example.org,u1,20260302000000")
    mail.import_now()
    assert [(each.uid, each.email) for each in mail.subscribers()] == [
        ("u2", "bob@example.org"),
        ("u1", "new@example.org"),
        ("u2", "rob@example.org"),
    ]


def test_with_the_uid_as_key_a_new_address_is_the_same_subscriber(box: Box) -> None:
    mail = box.mail(Setup(key="uid"))
    box.people("u1,old@example.org,Ann,1")
    mail.import_now()
    box.put(f"gigya_profiles_{SECOND}.csv", PROFILES, "u1,new@example.org,Ann,1", ",lost@example.org,Eve,1")
    (done,) = mail.import_now()
    assert [(each.uid, each.email) for each in mail.subscribers()] == [("u1", "new@example.org")]
    assert done.rejected == [(2, "no UID", "", "lost@example.org")]


def test_a_new_address_takes_the_opt_outs_of_both_along(box: Box) -> None:
    mail = box.mail()
    box.people("u1,old@example.org,Ann,1", "u2,taken@example.org,Bob,1")
    box.put(
        f"gigya_subs_{FIRST}.csv",
        SUBS,
        *(f"{name}@example.org,{uid},{column},x,web" for name, uid in (("old", "u1"), ("taken", "u2"))
          for column in ("NEWSLETTER", "PARTNER_OFFERS")),
    )  # fmt: skip
    mail.import_now()
    mail.unsubscribe(one(mail, "old@example.org"), "NEWSLETTER")
    mail.unsubscribe(one(mail, "taken@example.org"), "PARTNER_OFFERS")
    box.put(
        f"gigya_coa_{SECOND}.csv",
        COA,
        "old@example.org,taken@example.org,u1,x",
        "nobody@example.org,x@example.org,u9,x",
    )
    (done,) = mail.import_now()
    (left,) = mail.subscribers()
    assert (left.uid, left.email) == ("u1", "taken@example.org")
    assert (left.lists["NEWSLETTER"], left.lists["PARTNER_OFFERS"]) == ("out", "out")
    assert [reason for _, reason, _, _ in done.rejected] == ["err:email:noexist"]


def test_bad_rows_are_told_in_a_report_and_the_others_go_in(box: Box) -> None:
    mail = box.mail()
    box.people(
        "u1,ann@example.org,Ann,1", "u2,no address,Bob,1", "u3,,Cid,1", "u4,ANN@example.org,Dan,1", "u5,e@example.org"
    )
    box.put(f"gigya_unsubs_{FIRST}.csv", UNSUBS, "ann@example.org,u1,WEEKLY,x,opt_out")
    box.put(f"gigya_coa_{FIRST}.csv", "EMAIL_FROM,CHANGED", "a@example.org,x")
    mail.import_now()
    assert [each.uid for each in mail.subscribers()] == ["u1"]
    report = box.read("*loader_events_*.dat")
    files = {row["FILE_NAME"]: row for row in report if row["STATUS"] != "rejected"}
    counts = files[f"gigya_profiles_{FIRST}.csv"]
    assert (counts["ROWS_READ"], counts["ROWS_LOADED"], counts["ROWS_REJECTED"]) == ("5", "1", "4")
    assert files[f"gigya_coa_{FIRST}.csv"]["ERROR"] == "the header lacks EMAIL_TO, GIGYA_UID"
    assert [(row["ROW_NO"], row["ERROR"]) for row in report if row["STATUS"] == "rejected"] == [
        ("1", "err:unsub:unknown list"),
        ("2", "err:email:illegal"),
        ("3", "err:email:missing"),
        ("4", "address twice in file"),
        ("5", "wrong number of cells"),
    ]


def test_a_cut_file_changes_nothing(box: Box) -> None:
    mail = box.mail()
    rows = [f"u{number},p{number * 7919 % 5003}@example.org,N{number * 31337},1" for number in range(2000)]
    path = box.put(f"gigya_profiles_{FIRST}.csv.gz", PROFILES, *rows)
    path.write_bytes(path.read_bytes()[:-200])
    (done,) = mail.import_now()
    assert (done.problem, mail.subscribers()) == ("the file is cut or corrupt", [])


def test_an_empty_cell_empties_the_field(box: Box) -> None:
    mail = box.mail()
    box.people("u1,ann@example.org,Ann,1")
    mail.import_now()
    box.put(f"gigya_profiles_{SECOND}.csv", PROFILES, "u1,ann@example.org,,1")
    mail.import_now()
    assert one(mail, "ann@example.org").fields["FNAME"] == ""


@pytest.mark.parametrize(("after", "left"), [("keep", True), ("move", False), ("remove", False)])
def test_imported_files_stay_move_or_go(box: Box, after: str, left: bool) -> None:
    mail = box.mail(Setup(after=after))  # type: ignore[arg-type]  # the three values there are
    path = box.put(f"gigya_profiles_{FIRST}.csv", PROFILES, "u1,ann@example.org,Ann,1")
    mail.import_now()
    assert path.exists() is left
    assert (box.outbox / "imported" / path.name).exists() is (after == "move")


def _sync(box: Box, **defaults: object) -> Sync:
    return Sync.model_validate(
        minimal_sync(
            import_files={"defaults": defaults, "profiles": {"name": "people_{window}_{part}.txt"}},
            fields=[
                {"cheetahmail": "STRING1", "gigya": "UID", "key": True},
                {"cheetahmail": "MAIL", "gigya": "profile.email", "type": "email", "required": True},
            ],
            staging={"type": "local", "path": str(box.folder)},
        )
    )


def test_a_sync_file_tells_names_layout_columns_and_triggers(box: Box) -> None:
    sync = _sync(box, delimiter=";", header=False, encoding="cp1252", trigger_suffix=".done", count_suffix=".count")
    mail = box.mail(Setup(after="remove"))
    mail.set_up_for(sync)
    first, second = f"people_{FIRST}_001.txt", f"people_{FIRST}_002.txt"
    box.put(first).write_text("u1;jürgen@example.org\n", encoding="cp1252")
    box.put(second, "u2;bob@example.org")
    assert mail.import_now() == []
    box.put(f"{first}.count", "1")
    box.put(f"{second}.count", "2")
    for name in (first, second):
        box.put(f"{name}.done")
    done = mail.import_now()
    assert [each.problem for each in done] == ["", "expected 2 rows, found 1"]
    assert [(each.uid, each.email) for each in mail.subscribers()] == [("u1", "jürgen@example.org")]
    assert not list(box.outbox.iterdir())


def test_zip_and_json_lines_are_read(box: Box) -> None:
    sync = _sync(box, format="jsonl")
    mail = box.mail()
    mail.set_up_for(sync)
    path = box.put(f"people_{FIRST}_001.txt.zip")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("-", json.dumps({"STRING1": "u1", "MAIL": "ann@example.org"}) + "\n[]\n")
    (done,) = mail.import_now()
    assert (done.accepted, [reason for _, reason, _, _ in done.rejected]) == (1, ["wrong number of cells"])
    assert one(mail, "ann@example.org").uid == "u1"


def test_who_is_suppressed_is_gone_and_mailed_by_nothing(box: Box) -> None:
    mail = box.mail()
    box.people("u1,ann@example.org,Ann,1", "u2,bob@example.org,Bob,1")
    box.put(f"gigya_subs_{FIRST}.csv", SUBS, "ann@example.org,u1,NEWSLETTER,20260301000000,web")
    box.put(f"gigya_deleted_{FIRST}.csv", DELETED, "Ann@example.org,u1,20260301080000,accounts.deleteAccount")
    mail.import_now()
    assert [each.uid for each in mail.subscribers()] == ["u2"]
    box.put(f"gigya_profiles_{SECOND}.csv", PROFILES, "u1,ann@example.org,Ann,1")
    mail.import_now()
    assert set(one(mail, "ann@example.org").lists.values()) == {"out"}


def test_somebody_who_was_suppressed_may_join_again(box: Box) -> None:
    mail = box.mail()
    box.people("u1,ann@example.org,Ann,1")
    box.put(f"gigya_deleted_{FIRST}.csv", DELETED, "ann@example.org,u1,20260301080000,accounts.deleteAccount")
    box.put(f"gigya_profiles_{SECOND}.csv", PROFILES, "u9,ann@example.org,Ann,1")
    box.put(f"gigya_subs_{SECOND}.csv", SUBS, "ann@example.org,u9,NEWSLETTER,20260302000000,web")
    mail.import_now()
    ann = one(mail, "ann@example.org")
    assert (ann.uid, ann.lists["NEWSLETTER"]) == ("u9", "in")


def test_the_feed_tells_whom_a_suppression_took_off_a_list(box: Box) -> None:
    mail = box.mail(Setup(faults="echo"))
    box.people("u1,ann@example.org,Ann,1")
    box.put(f"gigya_deleted_{FIRST}.csv", DELETED, "ann@example.org,u1,20260301080000,accounts.deleteAccount")
    mail.import_now()
    assert [row["reason"] for row in mail.list.events("unsubs")[0]] == ["d"]


def test_a_segment_file_takes_known_addresses_in_and_out_and_makes_nobody_mailable(box: Box) -> None:
    mail = box.mail()
    box.people("u1,ann@example.org,Ann,0", "u2,bob@example.org,Bob,0")
    told = ["ann@example.org,u1,gold,J,20260301000000", "eve@example.org,u9,gold,J,20260301000000"]
    box.put(f"gigya_segment_gold_{FIRST}.csv", SEGMENT, *told, "bob@example.org,u2,gold,X,20260301000000")
    done = mail.import_now()[-1]
    assert [problem for _, problem, _, _ in done.rejected] == [
        "err:segment:unknown address",
        "err:segment:unknown action",
    ]
    assert mail.segment("gold") == {"u1"}
    assert one(mail, "ann@example.org").lists == {MASTER: "in"}
    box.put(f"gigya_coa_{SECOND}.csv", COA, "ann@example.org,anna@example.org,u1,20260302000000")
    mail.import_now()
    assert mail.segment("gold") == {"u1"}
    box.put(f"gigya_segment_gold_{SECOND}.csv", SEGMENT, "anna@example.org,u1,gold,L,20260302000000")
    mail.import_now()
    assert mail.segment("gold") == set()


def test_a_full_segment_file_replaces_the_members(box: Box) -> None:
    mail = box.mail()
    segment = {
        "name": "gold",
        "where": 'data.tier = "gold"',
        "deliver": "full",
        "file": {"name": "g_{as_of}_{part}.csv"},
    }
    staging = {"type": "local", "path": str(box.folder)}
    files = {"profiles": {"name": "gigya_profiles_{window}.csv"}}
    mail.set_up_for(Sync.model_validate(minimal_sync(staging=staging, import_files=files, segments=[segment])))
    box.people("u1,ann@example.org,Ann,0", "u2,bob@example.org,Bob,0", "u3,eve@example.org,Eve,0")
    box.put(f"g_{FIRST}_001.csv", SEGMENT, "ann@example.org,u1,gold,J,20260301000000")
    mail.import_now()
    assert mail.segment("gold") == {"u1"}
    box.put(f"g_{SECOND}_001.csv", SEGMENT, "bob@example.org,u2,gold,J,20260301000000")
    box.put(f"g_{SECOND}_002.csv", SEGMENT, "eve@example.org,u3,gold,J,20260301000000")
    mail.import_now()
    assert mail.segment("gold") == {"u2", "u3"}
