"""The account's own schedule on a running sandbox, over its SFTP server."""

from __future__ import annotations

import gzip
import os
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gigya_cheetah_assets.sandbox import Population, Sandbox
from gigya_cheetah_assets.sandbox.cheetahmail import Setup
from gigya_cheetah_assets.sandbox.cheetahmail.ticking import ticking
from gigya_cheetah_assets_tests.sandbox.cheetahmail.conftest import FIRST, SUBS

FEW = Population(5, start=datetime(2026, 3, 1, tzinfo=UTC), end=datetime(2026, 3, 2, tzinfo=UTC))
COLUMNS = "GIGYA_UID,EMAIL,FNAME,LNAME"


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def deliver(box: Sandbox) -> None:
    rows = [f"u{number},p{number}@example.org,N,N" for number in range(30)]
    opt_ins = [f"p{number}@example.org,u{number},NEWSLETTER,x,web" for number in range(30)]
    for kind, lines in (("profiles", [COLUMNS, *rows]), ("subs", [SUBS, *opt_ins])):
        content = gzip.compress("".join(f"{line}\n" for line in lines).encode())
        (box.sftp_root / "autoproc" / f"gigya_{kind}_{FIRST}.csv.gz").write_bytes(content)


def wait_for(box: Sandbox, pattern: str) -> Path:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = sorted((box.sftp_root / "fromcheetah").glob(pattern))
        if found:
            return found[0]
        time.sleep(0.02)
    raise AssertionError(f"no {pattern} in time")


def test_files_are_imported_over_sftp_and_people_act(tmp_path: Path) -> None:
    with Sandbox(tmp_path, FEW) as box, ticking(box, seconds=0.05, people=5):
        deliver(box)
        wait_for(box, "*loader_events*.dat")
        wait_for(box, "*unsubs*.dat.gz")
        assert len({one.uid for one in box.cheetahmail.subscribers() if one.uid}) == 30


def test_a_staging_that_is_down_ends_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Sandbox(tmp_path, FEW, faults="sftp_drop=0.3", fault_seed=3) as box, ticking(box, seconds=0.02, people=0):
        shutil.rmtree(box.sftp_root / "autoproc")
        while not caplog.records:
            time.sleep(0.01)
        (box.sftp_root / "autoproc").mkdir()
        deliver(box)
        wait_for(box, "*loader_events*.dat")


def test_the_list_outlives_a_restart_and_not_a_fresh_start(tmp_path: Path) -> None:
    with Sandbox(tmp_path, FEW) as box:
        box.cheetahmail.sign_up("ann@example.org", "NEWSLETTER")
    with Sandbox(tmp_path, FEW) as box:
        assert [one.email for one in box.cheetahmail.subscribers()] == ["ann@example.org"]
    with Sandbox(tmp_path, FEW, cheetahmail=Setup(key="uid")) as box:
        assert box.cheetahmail.subscribers() == []
    with Sandbox(tmp_path, FEW, fresh=True) as box:
        assert box.cheetahmail.subscribers() == []


def test_without_an_interval_nothing_happens(tmp_path: Path) -> None:
    with Sandbox(tmp_path, FEW) as box, ticking(box, seconds=0):
        deliver(box)
        assert box.cheetahmail.list.count() == 0
