from __future__ import annotations

import errno
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gigya_cheetah_assets.config.staging import LocalStaging
from gigya_cheetah_assets.errors import RefuseFile
from gigya_cheetah_assets.staging import RemoteFile, Staging, open_staging
from gigya_cheetah_assets.staging.errors import (
    AccessDenied,
    NoSuchFile,
    NoSuchFolder,
    StagingFull,
    StagingRefused,
    from_os_error,
)


def opened(path: Path) -> Staging:
    return open_staging(LocalStaging(type="local", path=str(path)))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(os.urandom(2_500_000))
    return path


def test_opening_touches_nothing_and_the_first_use_makes_both_folders_for_the_owner_alone(tmp_path):
    root = tmp_path / "root"
    with opened(root) as staging:
        assert not root.exists()
        assert staging.list() == []
        assert staging.list("fromcheetah") == []
    assert [stat.S_IMODE((root / name).stat().st_mode) for name in ("autoproc", "fromcheetah")] == [0o700, 0o700]


def test_a_delivered_file_is_whole_for_the_owner_alone_and_replaces_an_older_one(tmp_path, source):
    with opened(tmp_path / "root") as staging:
        staging.deliver(source, "a.csv")
        (tmp_path / "root/autoproc/.a.csv.part").write_text("left over")
        staging.deliver(source, "a.csv")
    outbox = tmp_path / "root/autoproc"
    assert [path.name for path in outbox.iterdir()] == ["a.csv"]
    assert (outbox / "a.csv").read_bytes() == source.read_bytes()
    assert stat.S_IMODE((outbox / "a.csv").stat().st_mode) == 0o600


def test_a_listing_has_names_sizes_and_times_but_no_folders_and_no_hidden_files(tmp_path):
    inbox = tmp_path / "fromcheetah"
    inbox.mkdir()
    (inbox / "b.dat").write_text("bb")
    (inbox / "a.dat").write_text("a")
    (inbox / ".c.dat.part").write_text("c")
    (inbox / "archive").mkdir()
    os.utime(inbox / "a.dat", (1_000_000_000, 1_000_000_000))
    with opened(tmp_path) as staging:
        found = staging.list("fromcheetah")
    assert found[0] == RemoteFile("a.dat", 1, datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC))
    assert [file.name for file in found] == ["a.dat", "b.dat"]


def test_a_fetched_file_is_the_same_and_a_removed_one_is_gone(tmp_path, source):
    with opened(tmp_path / "root") as staging:
        staging.deliver(source, "a.csv")
        staging.fetch("a.csv", tmp_path / "back")
        staging.remove("a.csv")
        staging.remove("a.csv")
        assert staging.list() == []
        with pytest.raises(NoSuchFile):
            staging.fetch("a.csv", tmp_path / "again")
    assert (tmp_path / "back").read_bytes() == source.read_bytes()
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize("name", ["../a.csv", "/etc/a", ".hidden", "", "a\x00b"])
def test_a_name_that_is_not_plain_is_refused(tmp_path, source, name):
    with opened(tmp_path) as staging:
        with pytest.raises(RefuseFile):
            staging.deliver(source, name)
        with pytest.raises(RefuseFile):
            staging.fetch(name, tmp_path / "x")
        with pytest.raises(RefuseFile):
            staging.remove(name)


def test_a_file_where_the_outbox_should_be_is_an_error_of_the_staging(tmp_path, source):
    (tmp_path / "autoproc").write_text("not a folder")
    with opened(tmp_path) as staging, pytest.raises(StagingRefused, match="create the outbox"):
        staging.deliver(source, "a.csv")


def test_a_failed_delivery_leaves_neither_the_file_nor_its_temporary_one(tmp_path):
    with opened(tmp_path / "root") as staging:
        staging.list()
        (tmp_path / "root/autoproc/a.csv").mkdir()
        (tmp_path / "source").write_text("x")
        with pytest.raises(StagingRefused, match=r"deliver a\.csv"):
            staging.deliver(tmp_path / "source", "a.csv")
    assert [path.name for path in (tmp_path / "root/autoproc").iterdir()] == ["a.csv"]
    assert (tmp_path / "root/autoproc/a.csv").is_dir()


def test_a_listing_of_a_folder_that_is_not_there_is_named(tmp_path):
    with opened(tmp_path) as staging, pytest.raises(NoSuchFolder, match="list archive"):
        staging.list("archive")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.ENOENT, "x"), NoSuchFolder),
        (OSError(errno.EACCES, "x"), AccessDenied),
        (OSError(errno.ENOSPC, "x"), StagingFull),
        (OSError(errno.EDQUOT, "x"), StagingFull),
        (OSError("Disk quota exceeded"), StagingFull),
        (OSError("No space left on filesystem"), StagingFull),
        (OSError("Failure"), StagingRefused),
    ],
)
def test_each_answer_of_a_server_has_a_class_and_a_next_step(error, expected):
    found = from_os_error(error, "host: deliver a.csv", who="acme", folder="autoproc")
    assert type(found) is expected
    assert str(found).startswith("host: deliver a.csv: ")
    assert found.next_step
