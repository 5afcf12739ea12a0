"""Runs one window in a process of its own and kills it with SIGKILL at its N-th durable event.

A durable event is what a kill could leave half done: a folder renamed or removed, a file opened for writing under
the data folder or the staging, a line of the project's own log, which follows each finished step.

    python -m gigya_cheetah_assets_tests.integration.killable WINDOW EVENT

EVENT 0 runs to the end; the number of events is the last line printed.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import Any

import dagster as dg

from gigya_cheetah_assets.definitions import defs


class Countdown(logging.Handler):
    """Counts durable events; kills this process at the wanted one."""

    def __init__(self, wanted: int, folder: str) -> None:
        super().__init__()
        self.count = 0
        self._wanted = wanted
        self._folder = folder

    def emit(self, record: logging.LogRecord) -> None:
        """A step was finished."""
        self.event()

    def audit(self, name: str, arguments: tuple[Any, ...]) -> None:
        """Python is about to touch a file."""
        path = str(arguments[0]) if arguments else ""
        writes = name == "open" and len(arguments) > 1 and str(arguments[1] or "").strip("rbt+") != ""
        if self._folder in path and (writes or name in {"os.rename", "os.remove", "shutil.rmtree", "os.mkdir"}):
            self.event()

    def event(self) -> None:
        """One more; the last one if it is the wanted one."""
        self.count += 1
        if self.count == self._wanted:
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Materializes the window of the only sync."""
    window, event = sys.argv[1], int(sys.argv[2])
    countdown = Countdown(event, os.environ["GIGYA_CHEETAH_DATA"].removesuffix("/data"))
    logger = logging.getLogger("gigya_cheetah_assets.outbound")
    logger.setLevel(logging.INFO)
    logger.addHandler(countdown)
    sys.addaudithook(countdown.audit)
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with dg.DagsterInstance.ephemeral() as instance:
        job = defs.resolve_job_def("sandbox_outbound")
        result = job.execute_in_process(partition_key=window, instance=instance, run_config=quiet)
    sys.stdout.write(f"{countdown.count}\n")
    sys.exit(0 if result.success else 1)


if __name__ == "__main__":
    main()
