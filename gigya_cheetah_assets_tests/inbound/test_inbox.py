from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.config.files import InboundFiles
from gigya_cheetah_assets.config.staging import LocalStaging
from gigya_cheetah_assets.errors import ConfigError, StopSync
from gigya_cheetah_assets.inbound.again import offer_again
from gigya_cheetah_assets.inbound.arrivals import LATEST, arrivals, late
from gigya_cheetah_assets.inbound.fetch import FileChanged, fetch
from gigya_cheetah_assets.inbound.inbox import Look, look
from gigya_cheetah_assets.inbound.listing import MOST_READY
from gigya_cheetah_assets.inbound.offers import EDGE_BYTES, Offer, close_offer, read_offer
from gigya_cheetah_assets.inbound.put_away import put_away
from gigya_cheetah_assets.staging.errors import NoSuchFile
from gigya_cheetah_assets.staging.local import LocalFolders
from gigya_cheetah_assets.staging.protocol import RemoteFile
from gigya_cheetah_assets.store import folders
from gigya_cheetah_assets_tests.syncs import DESIGN_EXAMPLE

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FILES = InboundFiles.model_validate(
    {
        "unsubscribes": {"pattern": "*unsubs_*.dat*", "expect": "daily"},
        "profiles": {"pattern": "*demo_*.dat*"},
    }
)


class Inbox:
    """A local staging, looked into as the sensor does, minute by minute."""

    def __init__(self, folder: Path) -> None:
        self.config = LocalStaging(type="local", path=str(folder / "staging"), outbox="out", inbox="in")
        known = Sync.model_validate(yaml.safe_load(DESIGN_EXAMPLE))
        self.sync: Sync = known.model_copy(update={"staging": self.config})
        self.staging = LocalFolders(self.config)
        self.data = folder / "data"
        self.folder = folder / "staging" / "in"
        self.staging.list("in")
        self.cursor: str | None = None
        self.now = NOW

    def drop(self, name: str, text: str = "GIGYA_UID\nu1\n") -> Path:
        path = self.folder / name
        path.write_text(text)
        os.utime(path, (self.now.timestamp(), self.now.timestamp()))
        return path

    def look(self) -> Look:
        self.now += timedelta(minutes=1)
        seen = look(self.staging, self.sync, FILES, self.cursor, data=self.data, now=self.now)
        self.cursor = seen.cursor
        return seen


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path)


def test_a_file_is_offered_at_the_second_look_and_only_once(inbox: Inbox) -> None:
    inbox.drop("unsubs_20261122.dat")
    looks = [inbox.look().offers for _ in range(4)]
    assert [len(offers) for offers in looks] == [0, 1, 0, 0]
    (offer,) = looks[1]
    assert (offer.name, offer.kind, offer.attempt) == ("unsubs_20261122.dat", "unsubscribes", 0)
    assert read_offer(inbox.data, inbox.sync, offer.partition) == offer


class Counted(LocalFolders):
    """A staging that counts what is asked of it."""

    def __init__(self, config: LocalStaging) -> None:
        super().__init__(config)
        self.asked: Counter[str] = Counter()

    def list(self, folder: str | None = None) -> list[RemoteFile]:
        self.asked["list"] += 1
        return super().list(folder)

    def read_range(self, name: str, start: int, size: int, *, folder: str | None = None) -> bytes:
        self.asked["read"] += 1
        return super().read_range(name, start, size, folder=folder)


def test_ten_thousand_files_cost_one_listing_and_two_small_reads_for_fifty_of_them(inbox: Inbox) -> None:
    for number in range(10_000):
        inbox.drop(f"unsubs_{number}.dat")
    inbox.look()
    inbox.staging = counted = Counted(inbox.config)
    assert len(inbox.look().offers) == MOST_READY
    assert counted.asked == {"list": 1, "read": MOST_READY}
    counted.asked.clear()
    assert len(inbox.look().offers) == MOST_READY
    assert counted.asked == {"list": 1, "read": MOST_READY}


def test_two_files_of_one_day_are_both_offered_the_older_one_first(inbox: Inbox) -> None:
    inbox.drop("unsubs_20261122.dat.2", "GIGYA_UID\nu2\n")
    inbox.now += timedelta(seconds=1)
    inbox.drop("unsubs_20261122.dat.1", "GIGYA_UID\nu1\n")
    offers = [inbox.look(), inbox.look()][1].offers
    assert [offer.name for offer in offers] == ["unsubs_20261122.dat.2", "unsubs_20261122.dat.1"]


def test_the_same_name_with_new_content_is_another_file(inbox: Inbox) -> None:
    inbox.drop("unsubs_1.dat", "a")
    first = [inbox.look(), inbox.look()][1].offers
    inbox.drop("unsubs_1.dat", "b")
    second = [inbox.look(), inbox.look()][1].offers
    assert len({offer.partition for offer in (*first, *second)}) == 2


def test_a_file_that_vanishes_between_listing_and_reading_is_counted(inbox: Inbox) -> None:
    inbox.drop("unsubs_1.dat")
    inbox.look()
    listed = inbox.staging.list("in")
    (inbox.folder / "unsubs_1.dat").unlink()
    with pytest.raises(NoSuchFile):
        inbox.staging.read_range(listed[0].name, 0, 5, folder="in")
    assert inbox.look().offers == ()


def test_a_file_that_a_person_asks_for_again_is_offered_with_another_run_key(inbox: Inbox) -> None:
    inbox.drop("unsubs_1.dat")
    (offer,) = [inbox.look(), inbox.look()][1].offers
    ((_, again),) = offer_again(inbox.data, [inbox.sync], "unsubs_1.dat")
    assert again.run_key != offer.run_key
    # Two looks repeat it, since a daemon may die between a look and its requests; the run key fires once.
    assert [inbox.look().repeated for _ in range(3)] == [(again,), (again,), ()]


def test_a_name_that_nobody_knows_is_not_offered_again(inbox: Inbox) -> None:
    with pytest.raises(ConfigError, match="no inbound file is known as"):
        offer_again(inbox.data, [inbox.sync], "other.dat")


def test_a_partition_that_no_look_made_is_refused_with_what_to_do(inbox: Inbox) -> None:
    with pytest.raises(StopSync, match="has no inbound file by_hand"):
        read_offer(inbox.data, inbox.sync, "by_hand")


def test_a_daily_feed_is_late_a_day_and_two_hours_after_its_last_file(inbox: Inbox) -> None:
    inbox.drop("unsubs_1.dat")
    inbox.look()
    inbox.look()
    in_time = arrivals(inbox.data, inbox.sync, FILES, now=inbox.now + LATEST)
    too_late = arrivals(inbox.data, inbox.sync, FILES, now=inbox.now + LATEST + timedelta(minutes=1))
    assert (late(in_time), late(too_late)) == ([], ["unsubscribes"])


def test_a_daily_feed_that_never_came_is_late_a_day_after_the_first_look(inbox: Inbox) -> None:
    assert late(arrivals(inbox.data, inbox.sync, FILES, now=inbox.now)) == []
    inbox.look()
    assert late(arrivals(inbox.data, inbox.sync, FILES, now=inbox.now + timedelta(hours=27))) == ["unsubscribes"]


def offered(inbox: Inbox, text: str = "GIGYA_UID\nu1\n") -> Offer:
    inbox.drop("unsubs_1.dat", text)
    return [inbox.look(), inbox.look()][1].offers[0]


def test_a_copy_is_whole_and_private_and_serves_when_the_file_is_gone(inbox: Inbox, tmp_path: Path) -> None:
    offer = offered(inbox)
    copy = fetch(inbox.staging, inbox.sync, offer, tmp_path / "copy")
    assert (copy.path.read_text(), copy.size) == ("GIGYA_UID\nu1\n", offer.size)
    assert copy.path.stat().st_mode & 0o077 == 0
    (inbox.folder / "unsubs_1.dat").unlink()
    assert fetch(inbox.staging, inbox.sync, offer, tmp_path / "copy") == copy


def test_a_file_that_was_written_again_is_not_taken_for_the_offered_one(inbox: Inbox, tmp_path: Path) -> None:
    offer = offered(inbox)
    inbox.drop("unsubs_1.dat", "GIGYA_UID\nu2\n")
    with pytest.raises(FileChanged, match="found another content"):
        fetch(inbox.staging, inbox.sync, offer, tmp_path / "copy")
    assert list((tmp_path / "copy").iterdir()) == []


def test_a_file_moves_beside_its_result_and_doing_it_again_changes_nothing(inbox: Inbox) -> None:
    offer = offered(inbox)
    away = put_away(inbox.staging, inbox.sync, offer, "processed", b"{}")
    assert (away.folder, away.name) == ("in/processed", "unsubs_1.dat")
    assert put_away(inbox.staging, inbox.sync, offer, "processed", b"{}").name is None
    assert sorted(path.name for path in (inbox.folder / "processed").iterdir()) == ["unsubs_1.dat", away.result]


def test_a_file_that_comes_again_after_it_was_put_away_is_another_attempt_and_read_anew(inbox: Inbox) -> None:
    """By name, size, time and ends it is the same file: what is in its middle tells only who reads it."""
    edge, at = "x" * EDGE_BYTES, inbox.now
    first = offered(inbox, f"{edge}first{edge}")
    copy = folders.asset_folder(inbox.data, inbox.sync.name, folders.INBOUND_FILES, first.partition)
    before = fetch(inbox.staging, inbox.sync, first, copy)
    put_away(inbox.staging, inbox.sync, first, "processed", b"{}")
    close_offer(inbox.data, inbox.sync, first)
    inbox.look()
    later, inbox.now = inbox.now, at
    inbox.drop("unsubs_1.dat", f"{edge}other{edge}")
    inbox.now = later
    (again,) = [inbox.look(), inbox.look()][1].offers
    assert (again.partition, again.attempt) == (first.partition, 1)
    assert again.run_key != first.run_key
    assert fetch(inbox.staging, inbox.sync, again, copy).sha256 != before.sha256


def test_nothing_that_was_put_away_before_is_overwritten(inbox: Inbox) -> None:
    put_away(inbox.staging, inbox.sync, offered(inbox, "first"), "rejected", b"{}")
    away = put_away(inbox.staging, inbox.sync, offered(inbox, "second"), "rejected", b"{}")
    assert away.name == "unsubs_1.dat.1"
    assert (inbox.folder / "rejected" / "unsubs_1.dat").read_text() == "first"


def test_a_newer_file_of_the_same_name_stays_in_the_inbox(inbox: Inbox) -> None:
    offer = offered(inbox)
    inbox.now += timedelta(minutes=5)
    inbox.drop("unsubs_1.dat", "newer and longer")
    assert put_away(inbox.staging, inbox.sync, offer, "processed", b"{}").name is None
    assert (inbox.folder / "unsubs_1.dat").read_text() == "newer and longer"
