from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.errors import StopSync
from gigya_cheetah_assets.sandbox.daemon import wait_for_files
from gigya_cheetah_assets_tests.syncs import minimal_sync


@pytest.mark.parametrize(
    ("code", "why"), [("import time; time.sleep(60)", "no other one did for 1 s"), ("", "the daemon has ended")]
)
def test_files_that_do_not_come_through_are_counted_with_the_cause(tmp_path: Path, code: str, why: str) -> None:
    told: list[str] = []
    sync = Sync.model_validate(minimal_sync())
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        if not code:
            process.wait()
        with pytest.raises(StopSync, match=f"2 of 2 files of the inbox did not come through: {why}"):
            wait_for_files(process, sync, ["a", "b"], data=tmp_path, seconds=1, told=told.append)
        process.kill()
    assert told == ([] if not code else ["  0 of 2 files are through"])
