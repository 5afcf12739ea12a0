from __future__ import annotations

import gzip
import hashlib
import stat

import msgspec
import pytest

from gigya_cheetah_assets.errors import RefuseFile, StopSync
from gigya_cheetah_assets.inbound.read import InboundRead
from gigya_cheetah_assets.store import summary
from gigya_cheetah_assets_tests.inbound.feeds import INBOUND, ms, sync

DEMO = "GIGYA_UID,EMAIL,DATE_CHANGED,FNAME\n"
GOOD = "u1,a@example.org,20261120120000,Ann\n"


def test_the_folder_holds_events_rejects_and_a_summary_for_this_user_only(inbox):
    content = gzip.compress((DEMO + GOOD + "short\n" + "\n" + "u2,b@example.org,20261121120000,\x01\n").encode())
    result = inbox.read("profiles", content)
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in inbox.result.iterdir()} == dict.fromkeys(
        ["events.parquet", "rejects.parquet", "rejects.csv", "summary.json"], 0o600
    )
    assert (inbox.result / "rejects.csv").read_text().splitlines() == [
        "line,column,reason", "3,,too_few_cells", "5,FNAME,control_character",
    ]  # fmt: skip
    assert summary.read(inbox.result, InboundRead) == result
    assert (result.packing, result.size, result.sha256) == ("gzip", len(content), hashlib.sha256(content).hexdigest())
    assert (result.rows, result.events, result.rejected, result.blank_lines) == (3, 1, 2, 1)
    assert result.reasons == {"": {"too_few_cells": 1}, "FNAME": {"control_character": 1}}
    assert (result.first_at, result.last_at) == (ms("2026-11-20T12:00:00"), ms("2026-11-20T12:00:00"))


def test_the_summary_holds_no_value_of_a_person(inbox):
    inbox.read("profiles", DEMO + "u-1,ann@example.org,20261120120000,Ann\nu-2,ben,20261120120000,Ben\nu-3,zoe\n")
    text = (inbox.result / "summary.json").read_text() + (inbox.result / "rejects.csv").read_text()
    assert not [word for word in ("ann@", "Ann", "ben", "Ben", "zoe", "u-1", "u-3") if word in text]


def test_rows_are_events_rejects_and_ignored_over_many_batches(inbox):
    head = "PID,REASON,EMAIL,DATE_UNSUB,GIGYA_UID\n"
    kinds = ["10,w,a@example.org,20261120120000,u{n}", "99,w,a@example.org,20261120120000,u{n}", "10,w,,x,", "10,w", ""]
    count = 120_000
    text = head + "".join(kinds[n % 5].format(n=n) + "\n" for n in range(count))
    result = inbox.read("unsubscribes", text)
    fifth = count // 5
    assert (result.events, result.rejected, result.ignored) == (fifth, 2 * fifth, {"other_list": fifth})
    assert result.rows == result.events + result.rejected + sum(result.ignored.values())
    assert result.blank_lines == fifth
    lines = inbox.events("line")
    assert lines == list(range(2, count + 2, 5))
    assert [line for line, _, _ in inbox.rejects()] == sorted([*range(4, count + 2, 5), *range(5, count + 2, 5)])


def test_a_header_without_rows_leaves_an_empty_frame(inbox):
    result = inbox.read("profiles", DEMO)
    assert (result.rows, result.first_at, inbox.events("uid"), inbox.rejects()) == (0, None, [], [])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress((DEMO + GOOD * 50_000).encode(), mtime=0)[:-20], "cut"),
        ((DEMO + GOOD + 'u2,"b@example.org,x,y\n').encode(), "line 3 is not closed"),
        (b"GIGYA_UID;EMAIL|X\n", "one delimiter"),
        (b"EMAIL,DATE_CHANGED,FNAME\na@example.org,20261120,Ann\n", "expected a column GIGYA_UID"),
        (b"GIGYA_UID,EMAIL,email,DATE_CHANGED\n", "same name"),
        (b"", "empty"),
    ],
)
def test_a_refused_file_leaves_what_stood_before(inbox, content, message):
    inbox.read("profiles", DEMO + GOOD)
    with pytest.raises(RefuseFile, match=message):
        inbox.read("profiles", content)
    assert inbox.events("uid") == ["u1"]
    assert len(list(inbox.result.iterdir())) == 4


def test_the_limits_of_the_sync_file_hold(inbox):
    config = sync()
    limits = {"max_columns": 3, "max_field": 6, "max_row_bytes": 40}
    found = config.inbound_files.model_copy(
        update={"defaults": config.inbound_files.defaults.model_copy(update=limits)}
    )
    config = config.model_copy(update={"inbound_files": found})
    with pytest.raises(RefuseFile, match="at most 3 columns"):
        inbox.read("profiles", DEMO + GOOD, config)
    result = inbox.read("full_extract", "GIGYA_UID,EMAIL\nu1,a@b.de\nu2,abc@b.de\nu3," + "x" * 50, config)
    assert (result.events, result.reasons) == (1, {"": {"line_too_long": 1}, "EMAIL": {"field_too_long": 1}})


def test_a_feed_that_is_not_configured_stops_the_sync(inbox):
    config = sync()
    config = config.model_copy(update={"inbound_files": config.inbound_files.model_copy(update={"bounces": None})})
    with pytest.raises(StopSync, match="reads no bounces"):
        inbox.read("bounces", "TIMESTAMP,EMAIL\n", config)
    with pytest.raises(StopSync, match="reads no gossip"):
        inbox.read("gossip", DEMO)


def test_reading_twice_gives_the_same(inbox):
    first = inbox.read("profiles", DEMO + GOOD)
    before = {path.name: path.read_bytes() for path in inbox.result.iterdir()}
    assert inbox.read("profiles", DEMO + GOOD) == first
    assert {path.name: path.read_bytes() for path in inbox.result.iterdir()} == before


def test_every_kind_has_a_reader_and_a_pattern():
    config = sync()
    assert [kind for kind, _ in config.inbound_files.feeds()] == list(config.inbound_files.KINDS)
    assert set(INBOUND) - {"defaults"} == set(config.inbound_files.KINDS)
    assert msgspec.json.encode(config.inbound_files.model_dump())
