from __future__ import annotations

import os

import pytest

from gigya_cheetah_assets.store.removal import (
    Size,
    last_change,
    partitions,
    remove_files,
    remove_folder,
    remove_leftovers,
)

OLD, NEW = 1_000_000, 2_000_000


def put(path, content=b"12345", at=OLD):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (at, at))
    return path


def test_the_youngest_file_tells_how_old_a_folder_is(tmp_path):
    put(tmp_path / "a/one")
    put(tmp_path / "a/deep/two", at=NEW)
    assert last_change(tmp_path / "a") == NEW
    assert last_change(tmp_path / "a/one") == OLD


def test_partitions_are_folders_that_are_not_hidden(tmp_path):
    put(tmp_path / "b/x")
    put(tmp_path / "a/x")
    put(tmp_path / ".a.partial/x")
    put(tmp_path / "file")
    assert [path.name for path in partitions(tmp_path)] == ["a", "b"]
    assert partitions(tmp_path / "absent") == []


def test_a_removed_folder_is_counted_and_gone(tmp_path):
    put(tmp_path / "a/one")
    put(tmp_path / "a/deep/two", b"123")
    put(tmp_path / ".a.removing/left-by-a-kill")
    assert remove_folder(tmp_path / "a") == Size(2, 8)
    assert list(tmp_path.iterdir()) == []


def test_files_to_keep_stay(tmp_path):
    put(tmp_path / "a/data")
    put(tmp_path / "a/summary.json")
    assert remove_files(tmp_path / "a", lambda name: name == "summary.json") == Size(1, 5)
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["summary.json"]


def test_leftovers_are_hidden_and_old_and_nothing_else_goes(tmp_path):
    outside = put(tmp_path / "outside")
    root = tmp_path / "acme"
    put(root / "asset/.x.partial/one")
    put(root / "asset/.x.decrypted")
    put(root / ".spool/tmpabc/part.arrow")
    kept = [put(root / "asset/.y.partial/one", at=NEW), put(root / "asset/x/.hidden-inside"), put(root / "asset/x/one")]
    link = root / "asset/.link"
    link.symlink_to(outside)
    os.utime(link, (OLD, OLD), follow_symlinks=False)
    found = remove_leftovers(root, before=NEW - 1)
    assert found.files == 4
    assert all(path.exists() for path in [*kept, outside, root / ".spool"])
    assert not link.is_symlink()
    assert sorted(path.name for path in (root / "asset").iterdir()) == [".y.partial", "x"]
    assert list((root / ".spool").iterdir()) == []


def test_there_may_be_nothing_at_all(tmp_path):
    assert remove_leftovers(tmp_path / "absent", before=NEW) == Size()


@pytest.mark.parametrize("files", [0, 3])
def test_a_running_total_adds_up(files):
    assert sum([Size(1, 5)] * files, Size()) == Size(files, 5 * files)
