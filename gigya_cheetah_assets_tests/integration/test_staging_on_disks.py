"""What staging on a disk promises beyond the rest: kinds of entries, missing folders, names of any bytes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gigya_cheetah_assets.errors import RefuseFile
from gigya_cheetah_assets.staging import Staging
from gigya_cheetah_assets.staging.errors import NoSuchFile, NotAFile, StagingMissing
from gigya_cheetah_assets_tests.integration.back_ends import ON_DISKS, BackEnd


@pytest.fixture(scope="module", params=ON_DISKS)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackEnd]:
    with ON_DISKS[request.param](tmp_path_factory.mktemp(request.param)) as back_end:
        yield back_end


@pytest.fixture
def back_end(running: BackEnd) -> BackEnd:
    """A running back end with empty folders."""
    running.files.clear()
    return running


@pytest.fixture(scope="module")
def staging(running: BackEnd) -> Iterator[Staging]:
    """One connection for all tests: no refusal may spoil it for the next call."""
    with running.open() as opened:
        yield opened


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(os.urandom(3_000_001))
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_listing_tells_kinds_sizes_and_times_and_leaves_out_what_is_hidden(back_end, staging):
    back_end.files.put("fromcheetah", "b.dat", b"bb")
    back_end.files.put("fromcheetah", "a.dat", b"a")
    back_end.files.put("fromcheetah", ".c.dat.part", b"c")
    (back_end.root / "fromcheetah" / "folder.dat").mkdir()
    (back_end.root / "fromcheetah" / "link.dat").symlink_to("/etc/hostname")
    os.mkfifo(back_end.root / "fromcheetah" / "pipe.dat")
    os.utime(back_end.root / "fromcheetah" / "a.dat", (1_000_000_000, 1_000_000_000))
    found = {entry.name: entry for entry in staging.list("fromcheetah")}
    assert list(found) == ["a.dat", "b.dat", "folder.dat", "link.dat", "pipe.dat"]
    assert [entry.kind for entry in found.values()] == ["file", "file", "folder", "link", "other"]
    assert found["b.dat"].size == 2
    assert found["a.dat"].modified.isoformat() == "2001-09-09T01:46:40+00:00"


@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_what_is_no_file_is_neither_fetched_nor_moved_nor_measured(back_end, staging, tmp_path, kind):
    path = back_end.root / "fromcheetah" / "odd.dat"
    make: dict[str, Callable[[], None]] = {
        "folder": path.mkdir, "link": lambda: path.symlink_to("/etc/hostname"), "pipe": lambda: os.mkfifo(path),
    }  # fmt: skip
    make[kind]()
    with pytest.raises(NotAFile):
        staging.fetch("odd.dat", tmp_path / "got", folder="fromcheetah")
    with pytest.raises(NotAFile):
        staging.move("odd.dat", "archive", folder="fromcheetah")
    assert staging.size("odd.dat", folder="fromcheetah") is None
    assert (names(tmp_path), back_end.files.names("archive")) == ([], [])


def test_a_missing_folder_is_named(back_end, staging, source):
    with pytest.raises(StagingMissing, match="list nowhere"):
        staging.list("nowhere")
    back_end.files.put("fromcheetah", "a.dat", b"a")
    with pytest.raises(StagingMissing, match="to nowhere"):
        staging.move("a.dat", "nowhere", folder="fromcheetah")
    assert back_end.files.names("fromcheetah") == ["a.dat"]


def test_a_name_that_is_no_utf_8_does_not_hide_the_others(back_end, staging):
    with open(os.fsencode(back_end.root / "fromcheetah") + b"/\xff.dat", "wb"):  # noqa: PTH123 - a Path cannot say it
        pass
    back_end.files.put("fromcheetah", "b.dat", b"b")
    assert [file.name for file in staging.list("fromcheetah")] == ["\\xff.dat", "b.dat"]
    with pytest.raises(RefuseFile):
        staging.fetch("\\xff.dat", back_end.root / "x", folder="fromcheetah")


def test_of_what_is_no_file_no_range_is_read(back_end, staging):
    (back_end.root / "fromcheetah" / "folder.dat").mkdir()
    with pytest.raises(NotAFile):
        staging.read_range("folder.dat", 0, 5, folder="fromcheetah")
    with pytest.raises(NoSuchFile):
        staging.read_range("missing.dat", 0, 5, folder="fromcheetah")


def test_a_folder_below_a_missing_one_is_named(back_end, staging):
    with pytest.raises(StagingMissing):
        staging.make_folder("nowhere/made")


def test_a_delivery_clears_away_what_a_killed_one_left(back_end, staging, source):
    back_end.files.put("autoproc", ".a.csv.part", b"x" * 9_000_000)
    staging.deliver(source, "a.csv")
    assert back_end.files.names("autoproc") == ["a.csv"]
    assert back_end.files.read("autoproc", "a.csv") == source.read_bytes()
