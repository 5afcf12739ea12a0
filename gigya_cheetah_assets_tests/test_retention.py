"""What is removed when it has become too old, and what never is."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from gigya_cheetah_assets.assets.housekeeping import retention_asset
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.inbound.container import sha256_of
from gigya_cheetah_assets.ledger import InboundFile, InboundState, Ledger, RowShape
from gigya_cheetah_assets.resources import Connections
from gigya_cheetah_assets.retention import COMPARED, LEFTOVERS, OPEN_FILE, OPEN_WINDOW, RetentionReport, remove_expired
from gigya_cheetah_assets.store import folders
from gigya_cheetah_assets_tests.syncs import minimal_sync

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OLD = NOW - timedelta(days=31)
PERSONAL = b"anna@example.org"


class Place:
    """A data folder with one sync's steps in it."""

    def __init__(self, data: Path, ledger: Ledger, **changes: object) -> None:
        segments = [{"name": "lapsed", "where": "data.x = 1"}]
        self.data = data
        self.sync = Sync.model_validate(minimal_sync(retention_days=30, segments=segments, **changes))
        self.ledger = ledger
        self.state = InboundState(ledger, self.sync.name, RowShape.of(self.sync.fields))

    def step(self, asset: str, partition: str, *files: str, at: datetime = OLD, **summary: object) -> Path:
        """A finished step: its files and, unless it is a copy, its summary."""
        folder = self.data / self.sync.name / asset / partition
        folder.mkdir(parents=True, exist_ok=True)
        for name in files or ("data.parquet",):
            (folder / name).write_bytes(PERSONAL)
        if asset != folders.INBOUND_FILES:
            (folder / folders.SUMMARY).write_text(json.dumps(summary))
        for path in folder.iterdir():
            os.utime(path, (at.timestamp(), at.timestamp()))
        return folder

    def window(self, stamp: str, at: datetime = OLD, *, delivered: bool = True) -> None:
        self.step(folders.PROFILES, stamp, at=at)
        self.step(folders.ROWS, stamp, at=at)
        if delivered:
            self.step(folders.FILES, stamp, f"{stamp}.csv.gz", f"{stamp}.csv.gz.manifest.json", at=at)

    def file(self, name: str, at: datetime = OLD, kind: str = "unsubscribes", *, status: str = "done") -> str:
        """A file on its way: fetched, read, and at its end unless it is `open`."""
        copy = self.step(folders.INBOUND_FILES, name, "content", at=at) / "content"
        copy.write_bytes(PERSONAL + name.encode())
        os.utime(copy, (at.timestamp(), at.timestamp()))
        sha256 = sha256_of(copy)
        self.state.begin(InboundFile(sha256, name, kind, copy.stat().st_size))
        if status == "refused":
            self.state.finish(sha256, {}, status="refused")
            return sha256
        self.step(folders.INBOUND_ROWS, name, at=at, sha256=sha256, kind=kind)
        self.step(folders.CHANGE_SET, name, at=at)
        if status == "done":
            self.step(folders.UPDATES, name, "rejects.csv", at=at)
            self.state.finish(sha256, {})
        return sha256

    def clean(self, now: datetime = NOW) -> RetentionReport:
        return remove_expired(self.sync, data=self.data, ledger=self.ledger, now=now)

    def left(self, asset: str) -> list[str]:
        folder = self.data / self.sync.name / asset
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.sqlite") as ledger:
        yield Place(tmp_path / "data", ledger)


def _stamp(number: int) -> str:
    return f"202601{number:02d}T000000Z"


def test_old_windows_go_and_their_counts_and_manifests_stay(place: Place) -> None:
    for number in range(1, 31):
        place.window(_stamp(number))
    place.window("20261122T000000Z", NOW - timedelta(days=1))
    report = place.clean()
    assert place.left(folders.ROWS) == ["20261122T000000Z"]
    assert place.left(folders.FILES) == [*(_stamp(number) for number in range(1, 31)), "20261122T000000Z"]
    kept = [path.name for path in (place.data / "acme" / folders.FILES / _stamp(1)).iterdir()]
    assert sorted(kept) == [f"{_stamp(1)}.csv.gz.manifest.json", "summary.json"]
    assert (report.removed[folders.ROWS].partitions, report.removed[folders.ROWS].size.files) == (30, 60)
    assert report.removed[folders.FILES].size.bytes == 30 * len(PERSONAL)
    # The volume of the next window is compared with that of the last 24.
    assert len(place.left(folders.PROFILES)) == 24
    assert report.kept == {COMPARED: 23}


def test_a_second_look_removes_nothing_more(place: Place) -> None:
    for number in range(1, 31):
        place.window(_stamp(number))
    place.file("unsubs-1")
    assert place.clean().removed
    assert place.clean().removed == {}


def test_a_window_that_was_not_delivered_or_was_made_anew_stays(place: Place) -> None:
    place.window(_stamp(1), delivered=False)
    place.window(_stamp(2))
    place.step(folders.ROWS, _stamp(2), at=OLD + timedelta(hours=1))
    report = place.clean()
    assert place.left(folders.ROWS) == place.left(folders.PROFILES) == [_stamp(1), _stamp(2)]
    assert (report.kept[OPEN_WINDOW], report.overdue) == (4, 4)


def test_what_is_young_stays_to_the_second(place: Place) -> None:
    place.window(_stamp(1), NOW - timedelta(days=30))
    assert place.clean().removed == {}
    assert set(place.clean(NOW + timedelta(seconds=1)).removed) == {folders.ROWS, folders.FILES}


def test_files_that_came_to_their_end_go(place: Place) -> None:
    place.file("unsubs-1")
    place.file("unsubs-2", status="refused")
    report = place.clean()
    for asset in (folders.INBOUND_FILES, folders.INBOUND_ROWS, folders.CHANGE_SET):
        assert place.left(asset) == []
    # The clock of opt-outs tells by it that the file is done.
    assert [path.name for path in (place.data / "acme" / folders.UPDATES / "unsubs-1").iterdir()] == ["summary.json"]
    assert report.removed[folders.INBOUND_FILES].partitions == 2
    assert report.overdue == 0


def test_a_file_that_is_open_stays_as_a_whole(place: Place) -> None:
    place.file("unsubs-1", status="open")
    report = place.clean()
    for asset in (folders.INBOUND_FILES, folders.INBOUND_ROWS, folders.CHANGE_SET):
        assert place.left(asset) == ["unsubs-1"]
    assert (report.kept, report.removed) == ({OPEN_FILE: 3}, {})


def test_a_copy_that_nobody_entered_in_the_ledger_yet_stays(place: Place) -> None:
    place.step(folders.INBOUND_FILES, "unsubs-1", "content")
    assert place.clean().kept == {OPEN_FILE: 1}
    assert place.left(folders.INBOUND_FILES) == ["unsubs-1"]


def test_of_full_extracts_the_rows_of_the_newest_stay(place: Place) -> None:
    place.file("full-1", OLD - timedelta(days=2), "full_extract")
    place.file("full-2", OLD - timedelta(days=1), "full_extract")
    place.file("unsubs-9")
    report = place.clean()
    assert place.left(folders.INBOUND_ROWS) == ["full-2"]
    assert place.left(folders.INBOUND_FILES) == []
    assert report.kept == {COMPARED: 1}


def test_members_of_a_segment_stay_while_it_is_delivered(place: Place) -> None:
    place.step(folders.SEGMENT_MEMBERS, "lapsed")
    place.step(folders.SEGMENT_MEMBERS, "dropped")
    place.step(folders.SEGMENT_FILE, "lapsed", "lapsed.csv")
    place.clean()
    assert place.left(folders.SEGMENT_MEMBERS) == ["lapsed"]
    assert [path.name for path in (place.data / "acme" / folders.SEGMENT_FILE / "lapsed").iterdir()] == ["summary.json"]


def test_deletions_stay_until_they_are_delivered(place: Place) -> None:
    place.step(folders.DELETIONS, _stamp(1))
    place.step(folders.DELETIONS, _stamp(2))
    place.step(folders.DELETION_FILE, _stamp(2))
    assert place.clean().kept == {OPEN_WINDOW: 1}
    assert place.left(folders.DELETIONS) == [_stamp(1)]


def test_what_killed_steps_left_goes_after_a_day(place: Place) -> None:
    root = place.data / "acme"
    for path, at in (
        (root / ".spool/tmp1/accounts.00000.arrow", NOW - timedelta(days=2)),
        (root / f"{folders.INBOUND_ROWS}/.unsubs-1.decrypted", NOW - timedelta(days=2)),
        (root / f"{folders.ROWS}/.{_stamp(1)}.partial/rows.parquet", NOW - timedelta(hours=2)),
    ):
        path.parent.mkdir(parents=True)
        path.write_bytes(PERSONAL)
        os.utime(path, (at.timestamp(), at.timestamp()))
    report = place.clean()
    assert report.removed[LEFTOVERS].size.files == 2
    assert place.left(folders.INBOUND_ROWS) == []
    assert place.left(folders.ROWS) == [f".{_stamp(1)}.partial"]


def test_other_syncs_and_the_ledger_are_not_touched(place: Place) -> None:
    other = place.data / "other" / folders.ROWS / _stamp(1) / "rows.parquet"
    other.parent.mkdir(parents=True)
    other.write_bytes(PERSONAL)
    os.utime(other, (0, 0))
    place.window(_stamp(1))
    place.clean()
    assert other.exists()
    assert (place.data.parent / "ledger.sqlite").exists()


def test_nothing_there_is_nothing_to_do(place: Place) -> None:
    assert place.clean().removed == {}


def test_the_asset_reports_what_it_removed_and_warns_of_what_is_overdue(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIGYA_CHEETAH_DATA", str(place.data))
    monkeypatch.setenv("GIGYA_CHEETAH_LEDGER", f"sqlite:///{place.data.parent}/ledger.sqlite")
    long_ago = datetime.now(UTC) - timedelta(days=40)
    for number in range(1, 3):
        place.window(_stamp(number), long_ago, delivered=number == 1)
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            [retention_asset(place.sync)], instance=instance, resources={"connections": Connections()}
        )
    assert result.success
    (event,) = result.asset_materializations_for_node("acme__retention")
    assert (event.metadata["partitions"].value, event.metadata["files"].value) == (2, 3)
    assert _stamp(1) not in str(event.metadata)
    (check,) = result.get_asset_check_evaluations()
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert place.left(folders.ROWS) == [_stamp(2)]


def test_the_days_must_be_one_at_least() -> None:
    with pytest.raises(ValueError, match="retention_days"):
        Sync.model_validate(minimal_sync(retention_days=0))
    assert Sync.model_validate(minimal_sync()).retention_days == 30
