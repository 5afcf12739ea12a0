"""Permission denied on each verb alone: on a disk of this machine and by OpenSSH's own server.

The same of other SFTP servers is in `test_sftp_faults`, of object stores in `test_object_store_faults`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gigya_cheetah_assets.config.staging import LocalStaging
from gigya_cheetah_assets.staging import Staging, open_staging
from gigya_cheetah_assets.staging.errors import StagingPermission
from gigya_cheetah_assets_tests.integration import sshd

NOBODY = 65534
Call = Callable[[Staging, Path], object]
CALLS: dict[str, Call] = {
    "list": lambda staging, _: staging.list("fromcheetah"),
    "fetch": lambda staging, here: staging.fetch("a.dat", here / "got", folder="fromcheetah"),
    "read_range": lambda staging, _: staging.read_range("a.dat", 0, 1, folder="fromcheetah"),
    "deliver": lambda staging, here: staging.deliver(here / "source", "a.csv"),
    "remove": lambda staging, _: staging.remove("a.dat", folder="fromcheetah"),
    "move": lambda staging, _: staging.move("a.dat", "archive", folder="fromcheetah"),
    "make_folder": lambda staging, _: staging.make_folder("fromcheetah/made"),
}


def prepared(root: Path, here: Path) -> None:
    for name in ("autoproc", "fromcheetah", "archive"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "autoproc/a.csv").write_bytes(b"older")
    (root / "fromcheetah/a.dat").write_bytes(b"content")
    (here / "source").write_bytes(b"newer" * 100_000)


def nothing_changed(root: Path, here: Path) -> bool:
    there = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    untouched = there == {"autoproc/a.csv": b"older", "fromcheetah/a.dat": b"content"}
    return untouched and not (here / "got").exists() and not (root / "fromcheetah/made").exists()


@pytest.mark.parametrize(
    ("denied", "call", "told"),
    [
        ("opendir", "list", "list fromcheetah: permission denied"),
        ("read", "fetch", r"fetch a\.dat from fromcheetah: permission denied"),
        ("read", "read_range", r"read a\.dat in fromcheetah: permission denied"),
        ("write", "deliver", r"deliver a\.csv to autoproc: permission denied while writing the temporary file"),
        ("stat", "deliver", "permission denied while confirming its size"),
        ("posix-rename,rename", "deliver", "permission denied while renaming it"),
        ("remove", "remove", r"remove a\.dat from fromcheetah: permission denied"),
        ("rename", "move", r"move a\.dat from fromcheetah to archive: permission denied while renaming it"),
        ("mkdir", "make_folder", "create fromcheetah/made: permission denied while creating it"),
    ],
)
def test_openssh_that_denies_one_verb_is_named_with_it_and_nothing_changes(tmp_path, denied, call, told) -> None:
    with sshd.running(tmp_path, sftp_options=f"-P {denied}") as server:
        prepared(server.root, tmp_path)
        with (
            open_staging(server.config(retry_seconds=60), server.environ) as staging,
            pytest.raises(StagingPermission, match=told) as caught,
        ):
            CALLS[call](staging, tmp_path)
        assert "the right to list, write, rename and remove" in caught.value.next_step
        assert nothing_changed(server.root, tmp_path)


def test_openssh_that_lets_nobody_change_times_and_modes_is_enough(tmp_path) -> None:
    with (
        sshd.running(tmp_path, sftp_options="-P setstat,fsetstat,lsetstat@openssh.com") as server,
        open_staging(server.config(), server.environ) as staging,
    ):
        prepared(server.root, tmp_path)
        staging.deliver(tmp_path / "source", "a.csv")
        staging.fetch("a.csv", tmp_path / "got")
        assert staging.move("a.dat", "archive", folder="fromcheetah") == "a.dat"


def test_an_inbox_that_is_read_only_is_read(tmp_path) -> None:
    with (
        sshd.running(tmp_path, sftp_options="-R") as server,
        open_staging(server.config(), server.environ) as staging,
    ):
        prepared(server.root, tmp_path)
        assert [file.name for file in staging.list("fromcheetah")] == ["a.dat"]
        staging.fetch("a.dat", tmp_path / "got", folder="fromcheetah")
        assert (tmp_path / "got").read_bytes() == b"content"
        with pytest.raises(StagingPermission, match="permission denied while renaming it"):
            staging.move("a.dat", "archive", folder="fromcheetah")
        assert (server.root / "fromcheetah/a.dat").exists()


@pytest.fixture
def disk() -> Iterator[tuple[Path, Path]]:
    """A staging's folder and one for copies, both of somebody who is not root."""
    with tempfile.TemporaryDirectory() as name:
        root, here = Path(name) / "root", Path(name) / "here"
        here.mkdir()
        prepared(root, here)
        if os.geteuid() == 0:
            for path in (Path(name), *Path(name).rglob("*")):
                os.chown(path, NOBODY, NOBODY)
        yield root, here
        for path in root.iterdir():
            path.chmod(0o700)


@contextmanager
def without_privileges() -> Iterator[None]:
    """Root may do anything, whatever the mode says."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize(
    ("path", "mode", "call", "told"),
    [
        ("fromcheetah", 0o300, "list", "list fromcheetah: permission denied"),
        ("fromcheetah/a.dat", 0o200, "fetch", r"fetch a\.dat from fromcheetah: permission denied"),
        ("fromcheetah/a.dat", 0o200, "read_range", r"read a\.dat in fromcheetah: permission denied"),
        ("autoproc", 0o500, "deliver", r"deliver a\.csv to autoproc: permission denied while writing the temporary"),
        ("fromcheetah", 0o500, "remove", r"remove a\.dat from fromcheetah: permission denied"),
        ("archive", 0o500, "move", r"move a\.dat from fromcheetah to archive: permission denied"),
        ("fromcheetah", 0o500, "make_folder", "create fromcheetah/made: permission denied"),
    ],
)
def test_a_disk_that_denies_one_verb_is_named_with_it_and_nothing_changes(disk, path, mode, call, told) -> None:
    root, here = disk
    (root / path).chmod(mode)
    with open_staging(LocalStaging(type="local", path=str(root))) as staging:
        with pytest.raises(StagingPermission, match=told), without_privileges():
            CALLS[call](staging, here)
        (root / path).chmod(0o700)
        assert nothing_changed(root, here)
