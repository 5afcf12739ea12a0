from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from gigya_cheetah_assets.errors import StopSync
from gigya_cheetah_assets.store import folders


def _filled(folder: Path, text: str) -> None:
    with folders.building(folder) as building:
        (building / folders.SUMMARY).write_text(text, encoding="utf-8")


def _fail_halfway(building: Path) -> None:
    (building / folders.SUMMARY).write_text("half", encoding="utf-8")
    (building / folders.SUMMARY / "no-folder").touch()


def test_a_finished_folder_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    folder = tmp_path / "asset" / "20260301T000000Z"
    _filled(folder, "first")
    (folder / "left-over").touch()
    _filled(folder, "second")
    assert [path.name for path in folder.iterdir()] == [folders.SUMMARY]
    assert (folder / folders.SUMMARY).read_text(encoding="utf-8") == "second"
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_an_error_leaves_the_folder_before_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "asset" / "w"
    _filled(folder, "first")
    with pytest.raises(NotADirectoryError), folders.building(folder) as building:
        _fail_halfway(building)
    assert (folders.finished(folder) / folders.SUMMARY).read_text(encoding="utf-8") == "first"


def test_what_a_kill_left_is_not_found_in_the_next_folder(tmp_path: Path) -> None:
    folder = tmp_path / "asset" / "w"
    for name in (".w.partial", ".w.replaced"):
        (folder.parent / name).mkdir(parents=True)
        (folder.parent / name / "half").touch()
    _filled(folder, "whole")
    assert [path.name for path in folder.iterdir()] == [folders.SUMMARY]
    assert [path.name for path in folder.parent.iterdir()] == ["w"]


def test_files_and_folders_are_for_this_user_only_and_the_mask_comes_back(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with folders.building(tmp_path / "a" / "w") as building:
            (building / folders.SUMMARY).touch()
            assert stat.S_IMODE(building.stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / "a" / "w" / folders.SUMMARY).stat().st_mode) == 0o600
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)


def test_an_unfinished_step_is_named_with_its_partition(tmp_path: Path) -> None:
    folder = tmp_path / "gigya_profiles" / "20260301T000000Z"
    folder.mkdir(parents=True)
    with pytest.raises(StopSync, match="gigya_profiles has no data for 20260301T000000Z") as caught:
        folders.finished(folder)
    assert caught.value.next_step == "materialize gigya_profiles of this partition first"
