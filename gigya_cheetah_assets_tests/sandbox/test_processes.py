from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from gigya_cheetah_assets.sandbox.processes import end_group

# A first process that ends at once when asked, with a child that refuses to; the child's number goes to a file.
CHILD = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
FIRST = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}], stdout=subprocess.PIPE)
child.stdout.readline()
open(sys.argv[1], "w").write(str(child.pid))
print("ready", flush=True)
time.sleep(60)
"""


def test_a_child_that_outlives_the_first_process_is_ended_too(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FIRST, str(tmp_path / "child")]
    with subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        end_group(process, 0.5)
        assert process.returncode is not None
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 10
    while lives(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not lives(child)


def lives(pid: int) -> bool:
    """Whether it runs; one that is dead may stay in the table until somebody waits for it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_group_that_is_gone_already_is_no_error() -> None:
    with subprocess.Popen([sys.executable, "-c", ""], start_new_session=True) as process:
        process.wait()
        end_group(process, 0.5)
