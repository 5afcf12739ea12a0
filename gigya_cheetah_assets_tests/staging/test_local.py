from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from gigya_cheetah_assets.config.staging import LocalStaging
from gigya_cheetah_assets.staging import Staging, open_staging
from gigya_cheetah_assets.staging.errors import (
    StagingFull,
    StagingMissing,
    StagingPermission,
    StagingRefused,
    doing,
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


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.ENOENT, "x"), StagingMissing),
        (OSError(errno.EACCES, "x"), StagingPermission),
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


def test_an_answer_tells_the_step_it_came_from():
    def refused() -> None:
        with doing("renaming it"):
            raise OSError(errno.EACCES, "x")

    with pytest.raises(OSError, match="x") as caught:
        refused()
    found = from_os_error(caught.value, "deliver a.csv", who="acme", folder="autoproc")
    assert found.args[0] == "deliver a.csv: permission denied while renaming it"


def test_a_move_that_was_killed_half_way_goes_on_under_the_same_name(tmp_path: Path) -> None:
    config = LocalStaging(type="local", path=str(tmp_path), outbox="out", inbox="in")
    with open_staging(config) as staging:
        staging.list("in")
        (tmp_path / "in" / "a.dat").write_text("content")
        (tmp_path / "done").mkdir()
        (tmp_path / "done" / "a.dat").hardlink_to(tmp_path / "in" / "a.dat")
        assert staging.move("a.dat", "done", folder="in") == "a.dat"
    assert [path.name for path in (tmp_path / "done").iterdir()] == ["a.dat"]
    assert list((tmp_path / "in").iterdir()) == []
