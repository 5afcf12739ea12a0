"""Ending a program that started others: Dagster's daemon, its code servers and their runs are one process group."""

from __future__ import annotations

import os
import signal
import subprocess
import time

_POLL_SECONDS = 0.1


def end_group(process: subprocess.Popen[bytes], grace_seconds: float) -> None:
    """Asks a group to end and, after some seconds, makes it; returns when none of it is left.

    Args:
        process: The group's first process, started with `start_new_session=True`.
        grace_seconds: How long the others may take; they may outlive the first.
    """
    _signal(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while time.monotonic() < deadline and _lives(process):
        time.sleep(_POLL_SECONDS)
    _signal(process.pid, signal.SIGKILL)
    process.wait()


def _lives(process: subprocess.Popen[bytes]) -> bool:
    # The first one stays in the table, and its group with it, until it is waited for.
    process.poll()
    return _signal(process.pid, 0)


def _signal(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True
