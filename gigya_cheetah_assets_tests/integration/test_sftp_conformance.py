"""What every kind of staging promises, asked of each: a local folder, OpenSSH's sshd, asyncssh and the sandbox."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gigya_cheetah_assets.errors import RefuseFile
from gigya_cheetah_assets.staging import Delivered, Staging
from gigya_cheetah_assets.staging.errors import NoSuchFile, NotAFile, StagingMissing
from gigya_cheetah_assets_tests.integration.back_ends import ALL, BackEnd


@pytest.fixture(scope="module", params=ALL)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackEnd]:
    with ALL[request.param](tmp_path_factory.mktemp(request.param)) as back_end:
        yield back_end


@pytest.fixture
def back_end(running: BackEnd) -> BackEnd:
    """A running back end with three empty folders."""
    for folder in (running.outbox, running.inbox, running.archive):
        folder.mkdir(exist_ok=True)
        for path in folder.iterdir():
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
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


@pytest.mark.parametrize("size", [0, 1, 32 * 1024, 248 * 1024, 4 * 248 * 1024 + 1, 12_000_000])
def test_a_file_of_any_size_arrives_whole_and_comes_back_the_same(back_end, staging, tmp_path, size):
    source = tmp_path / "source"
    source.write_bytes(os.urandom(size))
    assert staging.deliver(source, "a.csv") == Delivered("a.csv", size)
    assert staging.size("a.csv") == size
    staging.fetch("a.csv", tmp_path / "back")
    assert (back_end.outbox / "a.csv").read_bytes() == source.read_bytes() == (tmp_path / "back").read_bytes()
    assert names(back_end.outbox) == ["a.csv"]
    assert names(tmp_path) == ["back", "source"]
    assert stat.S_IMODE((tmp_path / "back").stat().st_mode) == 0o600


def test_many_small_files_arrive(back_end, staging, tmp_path):
    for number in range(60):
        (tmp_path / "source").write_text(str(number))
        staging.deliver(tmp_path / "source", f"{number:02}.csv")
    assert [file.name for file in staging.list()] == [f"{number:02}.csv" for number in range(60)]
    assert (back_end.outbox / "07.csv").read_text() == "7"


def test_a_delivered_file_replaces_the_older_one_and_the_left_overs_of_killed_runs(back_end, staging, source):
    (back_end.outbox / "a.csv").write_text("older")
    (back_end.outbox / ".a.csv.part").write_bytes(b"x" * 9_000_000)
    staging.deliver(source, "a.csv")
    staging.deliver(source, "a.csv")
    assert names(back_end.outbox) == ["a.csv"]
    assert (back_end.outbox / "a.csv").read_bytes() == source.read_bytes()


def test_who_lists_during_an_upload_sees_the_older_file_or_the_newer_one_and_never_a_part(back_end, tmp_path):
    (tmp_path / "source").write_bytes(os.urandom(20_000_000))
    (back_end.outbox / "a.csv").write_bytes(b"older")
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


def test_a_listing_tells_kinds_sizes_and_times_and_leaves_out_what_is_hidden(back_end, staging):
    (back_end.inbox / "b.dat").write_text("bb")
    (back_end.inbox / "a.dat").write_text("a")
    (back_end.inbox / ".c.dat.part").write_text("c")
    (back_end.inbox / "folder.dat").mkdir()
    (back_end.inbox / "link.dat").symlink_to("/etc/hostname")
    os.mkfifo(back_end.inbox / "pipe.dat")
    os.utime(back_end.inbox / "a.dat", (1_000_000_000, 1_000_000_000))
    found = {entry.name: entry for entry in staging.list("fromcheetah")}
    assert list(found) == ["a.dat", "b.dat", "folder.dat", "link.dat", "pipe.dat"]
    assert [entry.kind for entry in found.values()] == ["file", "file", "folder", "link", "other"]
    assert found["b.dat"].size == 2
    assert found["a.dat"].modified.isoformat() == "2001-09-09T01:46:40+00:00"


@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_what_is_no_file_is_neither_fetched_nor_moved_nor_measured(back_end, staging, tmp_path, kind):
    path = back_end.inbox / "odd.dat"
    make: dict[str, Callable[[], None]] = {
        "folder": path.mkdir, "link": lambda: path.symlink_to("/etc/hostname"), "pipe": lambda: os.mkfifo(path),
    }  # fmt: skip
    make[kind]()
    with pytest.raises(NotAFile):
        staging.fetch("odd.dat", tmp_path / "got", folder="fromcheetah")
    with pytest.raises(NotAFile):
        staging.move("odd.dat", "archive", folder="fromcheetah")
    assert staging.size("odd.dat", folder="fromcheetah") is None
    assert (names(tmp_path), names(back_end.archive)) == ([], [])


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
        (back_end.inbox / "a.dat").write_text(str(number))
        assert staging.move("a.dat", "archive", folder="fromcheetah") == expected
        assert names(back_end.inbox) == []
    assert [(back_end.archive / name).read_text() for name in names(back_end.archive)] == ["0", "1", "2"]


def test_a_missing_folder_is_named(back_end, staging, source):
    with pytest.raises(StagingMissing, match="list nowhere"):
        staging.list("nowhere")
    (back_end.inbox / "a.dat").write_text("a")
    with pytest.raises(StagingMissing, match="to nowhere"):
        staging.move("a.dat", "nowhere", folder="fromcheetah")
    assert names(back_end.inbox) == ["a.dat"]


@pytest.mark.parametrize(
    "name", ["two words.csv", "Ünï.csv", "名前.csv", "имя.csv", "שם.csv", "a'b\"c;$(d).csv", "é" * 120]
)
def test_a_name_in_any_script_goes_there_and_back(back_end, staging, source, tmp_path, name):
    staging.deliver(source, name)
    assert [file.name for file in staging.list()] == [name] == names(back_end.outbox)
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
    assert names(back_end.outbox) == []


def test_a_name_that_is_no_utf_8_does_not_hide_the_others(back_end, staging):
    with open(os.fsencode(back_end.inbox) + b"/\xff.dat", "wb"):  # noqa: PTH123 - a Path cannot say it
        pass
    (back_end.inbox / "b.dat").write_text("b")
    assert [file.name for file in staging.list("fromcheetah")] == ["\\xff.dat", "b.dat"]
    with pytest.raises(RefuseFile):
        staging.fetch("\\xff.dat", back_end.root / "x", folder="fromcheetah")


@pytest.mark.parametrize(("offset", "length"), [(0, 5), (2_999_990, 100), (3_000_001, 10), (9_999_999, 10), (7, 0)])
def test_a_range_is_those_bytes_of_the_file_and_no_more(back_end, staging, source, offset, length):
    (back_end.inbox / "a.dat").write_bytes(source.read_bytes())
    expected = source.read_bytes()[offset : offset + length]
    assert staging.read_range("a.dat", offset, length, folder="fromcheetah") == expected


def test_of_what_is_no_file_no_range_is_read(back_end, staging):
    (back_end.inbox / "folder.dat").mkdir()
    with pytest.raises(NotAFile):
        staging.read_range("folder.dat", 0, 5, folder="fromcheetah")
    with pytest.raises(NoSuchFile):
        staging.read_range("missing.dat", 0, 5, folder="fromcheetah")


def test_a_folder_is_made_once_and_files_are_delivered_into_it(back_end, staging, source):
    staging.make_folder("archive/made")
    staging.make_folder("archive/made")
    staging.deliver(source, "result.json", folder="archive/made")
    assert (back_end.archive / "made" / "result.json").read_bytes() == source.read_bytes()
    (back_end.archive / "made" / "result.json").unlink()


def test_a_folder_below_a_missing_one_is_named(back_end, staging):
    with pytest.raises(StagingMissing):
        staging.make_folder("nowhere/made")
