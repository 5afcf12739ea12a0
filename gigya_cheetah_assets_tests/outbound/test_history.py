from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.errors import StopSync
from gigya_cheetah_assets.outbound.history import brakes_of, earlier_reads
from gigya_cheetah_assets.outbound.summary import ProfilesSummary
from gigya_cheetah_assets.outbound.window import Window, window_of
from gigya_cheetah_assets.store import folders, summary
from gigya_cheetah_assets_tests.syncs import minimal_sync

SYNC = Sync.model_validate(minimal_sync())
START = datetime(2026, 3, 1, tzinfo=UTC)


def _window(hour: int) -> Window:
    return window_of(SYNC.windows, f"{START + timedelta(hours=hour):%Y-%m-%d-%H:%M}", now=START + timedelta(days=9))


def _read(data: Path, hour: int, read: int) -> None:
    result = ProfilesSummary(
        window=_window(hour).key, queries=[], read=read, profiles=read, lite=0, rejected=0, reasons={}, duplicates=0,
        repeats=0, read_by_key=0, shared_emails=0, problems=[], sample_size=None, mapping_version="v",
    )  # fmt: skip
    with folders.building(folders.asset_folder(data, SYNC.name, folders.PROFILES, _window(hour).stamp)) as folder:
        summary.write(folder, result)


def test_only_the_nearest_windows_before_are_compared_with(tmp_path: Path) -> None:
    for hour in range(30):
        _read(tmp_path, hour, 100 + hour)
    assert earlier_reads(tmp_path, SYNC, _window(28)) == [100 + hour for hour in range(4, 28)]
    assert earlier_reads(tmp_path, SYNC, _window(2)) == [100, 101]


def test_without_any_window_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    assert earlier_reads(tmp_path, SYNC, _window(0)) == []
    _read(tmp_path, 5, 100)
    assert earlier_reads(tmp_path, SYNC, _window(5)) == []


def test_a_window_that_was_killed_is_not_counted(tmp_path: Path) -> None:
    _read(tmp_path, 1, 100)
    (tmp_path / SYNC.name / folders.PROFILES / f".{_window(2).stamp}.partial").mkdir()
    assert earlier_reads(tmp_path, SYNC, _window(3)) == [100]


def test_brakes_of_a_window_without_rows_say_what_is_missing(tmp_path: Path) -> None:
    _read(tmp_path, 1, 100)
    with pytest.raises(StopSync, match="cheetahmail_rows has no data"):
        brakes_of(tmp_path, SYNC, _window(1))
