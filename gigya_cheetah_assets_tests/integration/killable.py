"""Runs windows, each in a process of its own, and kills it with SIGKILL at a durable step, or at its N-th event.

The steps have names, see `store.steps`; it is killed the first time that it reaches one. An event is anything that a
kill could leave half done: a folder renamed or removed, a file opened for writing or renamed under the data folder or
the staging, a line of the project's own log.

    python -m gigya_cheetah_assets_tests.integration.killable

Each line of its input is a JSON object with `environ` and `window`, and with `step` or `event` if it is to be killed.
With `job` it is another job than the outbound one, and `window` the key of an inbound file or the name of a segment.
The answer to each is a JSON line with the exit `code`, the number of `events`, the `steps` it reached and what was
written to `output`. The
libraries are loaded once and each run is a fork of that.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import traceback
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

import dagster as dg

# Loads the libraries, but no sync file: that is for the forks, each with its own environment.
import gigya_cheetah_assets.assets.deletions
import gigya_cheetah_assets.assets.inbound
import gigya_cheetah_assets.assets.outbound
import gigya_cheetah_assets.assets.segments  # noqa: F401 - as above
from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.store import steps

_LOGS = {
    "sandbox_inbound": (("gigya.client", logging.DEBUG), ("inbound", logging.INFO)),
    "sandbox_segments": (("segments", logging.INFO),),
    "sandbox_deletions": (("deletions", logging.INFO),),
}
_WRITES = {"os.rename", "os.remove", "shutil.rmtree", "os.mkdir"}


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
        if self._folder in path and (name in _WRITES or (name == "open" and _for_writing(arguments))):
            self.event()

    def event(self) -> None:
        """One more; the last one if it is the wanted one."""
        self.count += 1
        if self.count == self._wanted:
            os.kill(os.getpid(), signal.SIGKILL)


class Steps(logging.Handler):
    """Notes the durable steps in the order of their first time; kills this process at the wanted one."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.reached: list[str] = []
        self._wanted = wanted

    def emit(self, record: logging.LogRecord) -> None:
        """A step was reached; several threads may do so at once."""
        (step,) = record.args or ("",)
        if step == self._wanted:
            os.kill(os.getpid(), signal.SIGKILL)
        if step not in self.reached:
            self.reached.append(str(step))


def _for_writing(arguments: tuple[Any, ...]) -> bool:
    """Of the audit event `open`: path, mode (None for os.open), flags."""
    return bool(arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def _run(order: dict[str, Any]) -> dict[str, Any]:
    partition, job_name = order["window"], order.get("job", "sandbox_outbound")
    countdown = Countdown(order.get("event", 0), str(Path(os.environ["GIGYA_CHEETAH_DATA"]).parent))
    reached = Steps(order.get("step", ""))
    steps.log.setLevel(logging.DEBUG)
    steps.log.addHandler(reached)
    # Of the outbound direction a line for each finished step, of the inbound one each answer of Gigya's too.
    for name, level in (("outbound", logging.INFO), *_LOGS.get(job_name, ())):
        logger = logging.getLogger(f"gigya_cheetah_assets.{name}")
        logger.setLevel(level)
        logger.addHandler(countdown)
    from gigya_cheetah_assets.definitions import defs  # noqa: PLC0415 - reads the sync files that the environment names

    job = defs.resolve_job_def(job_name)
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with dg.DagsterInstance.ephemeral() as instance:
        if job_name == "sandbox_inbound":
            instance.add_dynamic_partitions("sandbox_inbound_file", [partition])
        sys.addaudithook(countdown.audit)
        result = job.execute_in_process(
            partition_key=partition, instance=instance, run_config=quiet, raise_on_error=False
        )
    for event in result.get_step_failure_events():
        sys.stderr.write(f"{event.step_failure_data.error_display_string}\n")
    return {"success": result.success, "events": countdown.count, "steps": reached.reached}


def _child(order: dict[str, Any], answer: int, output: int) -> None:
    """Runs one window and leaves the process without any of the parent's business."""
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.clear()
    os.environ.update(order["environ"])
    success = False
    try:
        told = _run(order)
        success = told["success"]
        os.write(answer, json.dumps(told).encode())
    except BaseException:  # noqa: BLE001 - the parent shows it
        traceback.print_exc()
    finally:
        sys.stderr.flush()
    os._exit(0 if success else 1)


def _forked(order: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    with TemporaryFile() as output:
        process = os.fork()
        if process == 0:
            _child(order, writing, output.fileno())
        os.close(writing)
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        told = json.loads(os.read(reading, 4096) or b"{}")
        os.close(reading)
        output.seek(0)
        return {"events": 0, "steps": [], **told, "code": code, "output": output.read().decode()[-3000:]}


def main() -> None:
    """Answers orders until the input ends."""
    # What these load on first use is loaded here, once for all forks.
    with TemporaryDirectory() as folder, dg.DagsterInstance.ephemeral():
        Ledger.open(f"sqlite:///{folder}/ledger.sqlite").close()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_forked(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
