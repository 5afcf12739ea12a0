from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from gigya_cheetah_assets.config.sync import Sync
from gigya_cheetah_assets.inbound.listing import MOST_READY, Seen, decide, taken
from gigya_cheetah_assets.inbound.names import Pattern, head_tail_digest, identity, patterns_of
from gigya_cheetah_assets_tests.syncs import DESIGN_EXAMPLE

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PATTERNS = {"unsubscribes": Pattern("*unsubs_*.dat*"), "subscribes": Pattern("*subs_*.dat*", "*unsubs_*")}
TICK = timedelta(seconds=30)


def file(name="unsubs_1.dat", size=10, age=300.0, kind="file"):
    return Seen(name, size, NOW - timedelta(seconds=age), kind)


def looks(*listings, now=NOW, cursor=None, **options):
    """The decisions of one look after the other, half a minute apart."""
    decisions = []
    for number, listing in enumerate(listings):
        settings = {"minimum_age": 60} | options
        decision = decide(listing, cursor, now=now + number * TICK, patterns=PATTERNS, **settings)
        decisions.append(decision)
        cursor = taken(decision.cursor, [ready.file for ready in decision.ready])
    return decisions


def names(decision):
    return [ready.file.name for ready in decision.ready]


def test_a_file_is_ready_at_the_second_look_and_offered_once():
    first, second, third = looks([file()], [file()], [file()])
    assert (names(first), first.waiting) == ([], 1)
    assert [(r.file.name, r.kind) for r in second.ready] == [("unsubs_1.dat", "unsubscribes")]
    assert (names(third), third.waiting) == ([], 0)


def test_a_file_that_was_offered_but_not_taken_is_offered_again():
    cursor = decide([file()], None, now=NOW, patterns=PATTERNS, minimum_age=60).cursor
    for _ in range(2):
        decision = decide([file()], cursor, now=NOW, patterns=PATTERNS, minimum_age=60)
        assert names(decision) == ["unsubs_1.dat"]
        cursor = decision.cursor


def test_a_file_that_grows_pauses_and_grows_again_is_not_taken():
    growing = [[file(size=size, age=-30 * n)] for n, size in enumerate([1, 2, 2, 3, 3, 3, 3])]
    growing[2], growing[4:] = growing[1], [growing[3]] * 3
    assert [names(decision) for decision in looks(*growing)] == [[], [], [], [], [], ["unsubs_1.dat"], []]


def test_a_new_time_or_size_starts_the_waiting_afresh():
    assert [names(d) for d in looks([file(age=400)], [file(age=300)], [file(age=300)])] == [[], [], ["unsubs_1.dat"]]
    assert [names(d) for d in looks([file(size=1)], [file(size=2)], [file(size=2)])] == [[], [], ["unsubs_1.dat"]]


def test_a_young_file_waits_until_it_is_old_enough():
    listing = [file(age=20)]
    assert [names(d) for d in looks(listing, listing, listing)] == [[], [], ["unsubs_1.dat"]]


def test_a_server_clock_ahead_or_without_times_does_not_hold_a_file_up_for_ever():
    for modified in (NOW + timedelta(days=70 * 365), datetime.fromtimestamp(0, UTC)):
        listing = [Seen("unsubs_1.dat", 10, modified)]
        assert [names(d) for d in looks(listing, listing, listing)] == [[], [], ["unsubs_1.dat"]]


def test_the_same_name_with_new_content_is_offered_again():
    decisions = looks([file()], [file()], [file(size=99)], [file(size=99)])
    assert [names(d) for d in decisions] == [[], ["unsubs_1.dat"], [], ["unsubs_1.dat"]]


@pytest.mark.parametrize(
    "name",
    [
        ".unsubs_1.dat",
        "unsubs_1.dat.part",
        "unsubs_1.dat.filepart",
        "unsubs_1.dat.TMP",
        "unsubs_1.dat~",
        "~unsubs_1.dat",
    ],
)
def test_temporary_names_are_ignored(name):
    for decision in looks([file(name)], [file(name)]):
        assert (decision.ready, decision.oddities, decision.waiting, decision.ignored) == ((), (), 0, 1)


@pytest.mark.parametrize(
    "name",
    ["../unsubs_1.dat", "/unsubs_1.dat", "C:\\unsubs_1.dat", "unsubs_\x00.dat", "unsubs_\n.dat", "unsubs_\u202etad.1",
     "-rf unsubs_1.dat", "unsubs_" + "x" * 200 + ".dat", "unsubs_\udcff.dat", "", "unsubs_\u200b1.dat"],
)  # fmt: skip
def test_hostile_names_are_told_once_and_never_read(name):
    decisions = looks(*[[file(name)]] * 3)
    assert [names(d) for d in decisions] == [[], [], []]
    assert [[o.reason for o in d.oddities] for d in decisions] == [["hostile_name"], [], []]
    assert [d.odd for d in decisions] == [1, 1, 1]
    assert decisions[0].oddities[0].name.isascii()
    assert decisions[0].oddities[0].name.isprintable()


@pytest.mark.parametrize("kind", ["link", "folder", "other"])
def test_what_is_no_file_is_told_and_never_followed(kind):
    first, second = looks(*[[file(kind=kind)]] * 2)
    assert [o.reason for o in first.oddities] == ["not_a_file"]
    assert (names(second), second.oddities) == ([], ())


def test_our_own_folders_are_no_oddity():
    decision = looks([file("processed", kind="folder"), file("rejected", kind="folder")])[0]
    assert (decision.odd, decision.ignored) == (0, 2)


def test_an_empty_file_is_told_only_when_it_stays_empty():
    first, second, third = looks(*[[file(size=0)]] * 3)
    assert (first.odd, first.waiting) == (0, 1)
    assert [o.reason for o in second.oddities] == ["empty"]
    assert (third.oddities, third.ready) == ((), ())
    assert names(looks([file(size=0)], [file(size=5)], [file(size=5)])[2]) == ["unsubs_1.dat"]


def test_a_name_of_no_feed_or_of_several_is_told():
    patterns = {"bounces": Pattern("*b*"), "profiles": Pattern("*p*")}
    decision = decide([file("b"), file("pb"), file("x")], None, now=NOW, patterns=patterns, minimum_age=60)
    assert {o.name: o.reason for o in decision.oddities} == {"pb": "several_feeds", "x": "no_feed"}


def test_a_pattern_with_not_tells_subscribes_from_unsubscribes():
    listing = [file("o5_unsubs_20261122.dat.gz"), file("o5_subs_20261122.dat.gz")]
    ready = looks(listing, listing)[1].ready
    assert {r.file.name: r.kind for r in ready} == {
        "o5_unsubs_20261122.dat.gz": "unsubscribes",
        "o5_subs_20261122.dat.gz": "subscribes",
    }


def test_a_trigger_file_makes_a_file_ready_at_once_and_nothing_else_does():
    listing = [file(age=0), file("subs_2.dat"), file("unsubs_1.dat.done", size=0)]
    decisions = looks(listing, listing, listing, trigger_suffix=".done")
    assert [names(d) for d in decisions] == [["unsubs_1.dat"], [], []]
    assert [(d.odd, d.waiting) for d in decisions] == [(0, 1)] * 3


@pytest.mark.parametrize("cursor", ["", "{", "[]", '{"version": 99, "known": []}', '{"waiting": 3}', "\x00"])
def test_a_cursor_that_cannot_be_read_costs_one_look(cursor):
    first, second = looks([file()], [file()], cursor=cursor)
    assert (names(first), names(second)) == ([], ["unsubs_1.dat"])


def test_what_left_the_inbox_is_forgotten():
    decisions = looks([file()], [file()], [], [file()])
    assert len(decisions[2].cursor) < 40
    assert names(decisions[3]) == []


def test_ten_thousand_names_are_read_in_order_of_age_with_a_bounded_cursor():
    listing = [file(f"unsubs_{n:05d}.dat", age=100 + n) for n in range(10_000)]
    random.Random(1).shuffle(listing)  # noqa: S311 - repeatable, no secret
    cursor, seen = None, []
    started = time.process_time()
    for _ in range(4):
        decision = decide(listing, cursor, now=NOW, patterns=PATTERNS, minimum_age=60)
        cursor = taken(decision.cursor, [ready.file for ready in decision.ready])
        seen += names(decision)
        assert len(cursor) < 300_000
    assert seen == [f"unsubs_{n:05d}.dat" for n in range(9_999, 9_999 - 3 * MOST_READY, -1)]
    assert time.process_time() - started < 5


def test_the_cursor_holds_no_name():
    assert "jane" not in looks([file("unsubs_jane.dat")])[0].cursor


def test_the_patterns_of_a_sync_file_are_those_of_its_feeds():
    files = Sync.model_validate(yaml.safe_load(DESIGN_EXAMPLE)).inbound_files
    found = patterns_of(files)
    assert found["subscribes"] == Pattern("*subs_*.dat*", "*unsubs_*")
    assert len(found) == 7


def test_identity_is_content_and_not_only_the_name():
    digest = head_tail_digest(b"a", b"b")
    one = identity("unsubs_1.dat", 10, NOW, digest)
    others = [
        identity("unsubs_2.dat", 10, NOW, digest),
        identity("unsubs_1.dat", 11, NOW, digest),
        identity("unsubs_1.dat", 10, NOW + TICK, digest),
        identity("unsubs_1.dat", 10, NOW, head_tail_digest(b"ab", b"")),
    ]
    assert len({one.run_key, *(other.run_key for other in others)}) == 5
    assert identity("unsubs_1.dat", 10, NOW, digest) == one
    again = identity("unsubs_1.dat", 10, NOW, digest, attempt=1)
    assert (again.partition, again.run_key) == (one.partition, one.run_key + ":1")


@pytest.mark.parametrize("name", ["unsubs 1.dat", "ä/../b", "x" * 300, "\udcff", "", "--", "A.dat", "a.dat"])
def test_a_partition_key_is_plain_and_short(name):
    partition = identity(name, 1, NOW, "d").partition
    assert len(partition) <= 120
    assert set(partition) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
    assert partition[0] not in ".-"
    assert identity(name + "x", 1, NOW, "d").partition != partition
