"""What every kind of staging promises, asked of each: a local folder, SFTP servers, S3 and Azure Blob."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gigya_cheetah_assets.errors import RefuseFile
from gigya_cheetah_assets.staging import Delivered, Staging
from gigya_cheetah_assets.staging.errors import NoSuchFile, NotAFile
from gigya_cheetah_assets_tests.integration.back_ends import ALL, BackEnd


@pytest.fixture(scope="module", params=ALL)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackEnd]:
    with ALL[request.param](tmp_path_factory.mktemp(request.param)) as back_end:
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


@pytest.mark.parametrize("size", [0, 1, 32 * 1024, 248 * 1024, 4 * 248 * 1024 + 1, 12_000_000, 50_000_000])
def test_a_file_of_any_size_arrives_whole_and_comes_back_the_same(back_end, staging, tmp_path, size):
    source = tmp_path / "source"
    source.write_bytes(os.urandom(size))
    assert staging.deliver(source, "a.csv") == Delivered("a.csv", size)
    assert staging.size("a.csv") == size
    staging.fetch("a.csv", tmp_path / "back")
    assert back_end.files.read("autoproc", "a.csv") == source.read_bytes() == (tmp_path / "back").read_bytes()
    assert back_end.files.names("autoproc") == ["a.csv"]
    assert names(tmp_path) == ["back", "source"]
    assert stat.S_IMODE((tmp_path / "back").stat().st_mode) == 0o600


def test_many_small_files_arrive(back_end, staging, tmp_path):
    for number in range(60):
        (tmp_path / "source").write_text(str(number))
        staging.deliver(tmp_path / "source", f"{number:02}.csv")
    assert [file.name for file in staging.list()] == [f"{number:02}.csv" for number in range(60)]
    assert back_end.files.read("autoproc", "07.csv") == b"7"


def test_a_delivered_file_replaces_the_older_one(back_end, staging, source):
    back_end.files.put("autoproc", "a.csv", b"older")
    staging.deliver(source, "a.csv")
    staging.deliver(source, "a.csv")
    assert back_end.files.names("autoproc") == ["a.csv"]
    assert back_end.files.read("autoproc", "a.csv") == source.read_bytes()


def test_who_lists_during_an_upload_sees_the_older_file_or_the_newer_one_and_never_a_part(back_end, tmp_path):
    (tmp_path / "source").write_bytes(os.urandom(20_000_000))
    back_end.files.put("autoproc", "a.csv", b"older")
    seen: set[tuple[str, int]] = set()
    ended = threading.Event()

    def look() -> None:
        with back_end.open() as staging:
            while not ended.is_set():
                seen.update((file.name, file.size) for file in staging.list())

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        with back_end.open() as staging:
            staging.deliver(tmp_path / "source", "a.csv")
    finally:
        ended.set()
        watcher.join()
    assert seen
    assert seen <= {("a.csv", 5), ("a.csv", 20_000_000)}


def test_a_removed_file_is_gone_and_removing_it_again_is_no_error(back_end, staging, source):
    staging.deliver(source, "a.csv")
    staging.remove("a.csv")
    staging.remove("a.csv")
    assert staging.list() == []
    assert staging.size("a.csv") is None


def test_a_missing_file_is_neither_fetched_nor_moved(back_end, staging, tmp_path):
    with pytest.raises(NoSuchFile):
        staging.fetch("missing.dat", tmp_path / "x", folder="fromcheetah")
    with pytest.raises(NoSuchFile):
        staging.move("missing.dat", "archive", folder="fromcheetah")
    assert names(tmp_path) == []


def test_a_moved_file_overwrites_nothing_and_gets_the_next_free_name(back_end, staging):
    for number, expected in enumerate(["a.dat", "a.dat.1", "a.dat.2"]):
        back_end.files.put("fromcheetah", "a.dat", str(number).encode())
        assert staging.move("a.dat", "archive", folder="fromcheetah") == expected
        assert back_end.files.names("fromcheetah") == []
    archived = [back_end.files.read("archive", name) for name in back_end.files.names("archive")]
    assert archived == [b"0", b"1", b"2"]


@pytest.mark.parametrize(
    "name", ["two words.csv", "Ünï.csv", "名前.csv", "имя.csv", "שם.csv", "a'b\"c;$(d).csv", "é" * 120]
)
def test_a_name_in_any_script_goes_there_and_back(back_end, staging, source, tmp_path, name):
    staging.deliver(source, name)
    assert [file.name for file in staging.list()] == [name] == back_end.files.names("autoproc")
    staging.fetch(name, tmp_path / "back")
    assert staging.move(name, "archive") == name
    assert (tmp_path / "back").read_bytes() == source.read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../a",
        "/etc/a",
        "a/b",
        "C:\\a",
        ".a",
        "-a",
        "~a",
        "a\nb",
        "a\x00b",
        "a\u202eb",
        "\udcff",
        "é" * 125,
    ],
)
def test_a_name_that_is_not_plain_is_refused_before_anything_happens(back_end, staging, source, name):
    calls: list[Callable[[], object]] = [
        lambda: staging.deliver(source, name),
        lambda: staging.fetch(name, source.with_name("x")),
        lambda: staging.remove(name),
        lambda: staging.size(name),
        lambda: staging.move(name, "archive"),
    ]
    for call in calls:
        with pytest.raises(RefuseFile, match="expected a plain file name"):
            call()
    assert back_end.files.names("autoproc") == []


@pytest.mark.parametrize(("offset", "length"), [(0, 5), (2_999_990, 100), (3_000_001, 10), (9_999_999, 10), (7, 0)])
def test_a_range_is_those_bytes_of_the_file_and_no_more(back_end, staging, source, offset, length):
    back_end.files.put("fromcheetah", "a.dat", source.read_bytes())
    expected = source.read_bytes()[offset : offset + length]
    assert staging.read_range("a.dat", offset, length, folder="fromcheetah") == expected


def test_a_folder_is_made_once_and_files_are_delivered_into_it(back_end, staging, source):
    staging.make_folder("archive/made")
    staging.make_folder("archive/made")
    staging.deliver(source, "result.json", folder="archive/made")
    assert back_end.files.read("archive/made", "result.json") == source.read_bytes()


def test_a_listing_tells_sizes_and_times_and_leaves_out_what_is_hidden(back_end, staging):
    back_end.files.put("fromcheetah", "b.dat", b"bb")
    back_end.files.put("fromcheetah", "a.dat", b"")
    back_end.files.put("fromcheetah", ".c.dat.part", b"c")
    found = staging.list("fromcheetah")
    assert [(entry.name, entry.size, entry.kind) for entry in found] == [("a.dat", 0, "file"), ("b.dat", 2, "file")]
    assert all(abs(entry.modified - datetime.now(UTC)) < timedelta(minutes=2) for entry in found)


def test_a_folder_with_files_is_listed_as_one_and_is_no_file(back_end, staging, tmp_path):
    staging.make_folder("fromcheetah/processed")
    (tmp_path / "source").write_bytes(b"x")
    staging.deliver(tmp_path / "source", "a.dat", folder="fromcheetah/processed")
    assert [(entry.name, entry.kind) for entry in staging.list("fromcheetah")] == [("processed", "folder")]
    for call in (
        lambda: staging.fetch("processed", tmp_path / "got", folder="fromcheetah"),
        lambda: staging.move("processed", "archive", folder="fromcheetah"),
        lambda: staging.read_range("processed", 0, 5, folder="fromcheetah"),
    ):
        with pytest.raises(NotAFile):
            call()
    assert staging.size("processed", folder="fromcheetah") is None
    assert names(tmp_path) == ["source"]


def test_a_range_of_a_missing_file_is_an_error(back_end, staging):
    with pytest.raises(NoSuchFile):
        staging.read_range("missing.dat", 0, 5, folder="fromcheetah")
