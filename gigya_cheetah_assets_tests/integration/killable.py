"""Runs windows, each in a process of its own, and kills it with SIGKILL at a durable step, or at its N-th event.

The steps have names, see `store.steps`; it is killed the first time that it reaches one. An event is anything that a
kill could leave half done: a folder renamed or removed, a file opened for writing or renamed under the data folder or
the staging, a line of the project's own log.

    python -m gigya_cheetah_assets_tests.integration.killable

Each line of its input is a JSON object with `environ` and `window`, and with `step` or `event` if it is to be killed.
With `job` it is another job than the outbound one, and `window` the key of an inbound file or the name of a segment.
The answer to each is a JSON line with the exit `code`, the number of `events`, the `steps` it reached and what was
written to `output`. The libraries are loaded once, the sync files where they changed, and each run is a fork of that.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import signal
import sys
import traceback
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

import dagster as dg
import pyarrow as pa

from gigya_cheetah_assets.config import load_syncs
from gigya_cheetah_assets.definitions import build_definitions
from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.schemas import deletions_schema, validate
from gigya_cheetah_assets.store import steps

_LOGS = {
    "sandbox_inbound": (("gigya.client", logging.DEBUG), ("inbound", logging.INFO)),
    "sandbox_segments": (("segments", logging.INFO),),
    "sandbox_deletions": (("deletions", logging.INFO),),
}
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
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


@lru_cache(maxsize=1)
def _wired(environ: frozenset[tuple[str, str]], files: tuple[bytes, ...]) -> dg.Definitions:
    """The wiring of an environment and its sync files, made anew only where one of them has changed."""
    os.environ.clear()
    os.environ.update(environ)
    return build_definitions(syncs=load_syncs())


def _job(order: dict[str, Any]) -> dg.JobDefinition:
    """What is to run; the environment is that of the order from here on."""
    environ = order["environ"]
    files = tuple(path.read_bytes() for path in sorted(Path(environ["GIGYA_CHEETAH_SYNCS"]).iterdir()))
    return _wired(frozenset(environ.items()), files).resolve_job_def(order.get("job", "sandbox_outbound"))


def _run(order: dict[str, Any], job: dg.JobDefinition, instance: dg.DagsterInstance) -> dict[str, Any]:
    countdown = Countdown(order.get("event", 0), str(Path(os.environ["GIGYA_CHEETAH_DATA"]).parent))
    reached = Steps(order.get("step", ""))
    steps.log.setLevel(logging.DEBUG)
    steps.log.addHandler(reached)
    # Of the outbound direction a line for each finished step, of the inbound one each answer of Gigya's too.
    for name, level in (("outbound", logging.INFO), *_LOGS.get(job.name, ())):
        logger = logging.getLogger(f"gigya_cheetah_assets.{name}")
        logger.setLevel(level)
        logger.addHandler(countdown)
    if job.name == "sandbox_inbound":
        instance.add_dynamic_partitions("sandbox_inbound_file", [order["window"]])
    sys.addaudithook(countdown.audit)
    result = job.execute_in_process(
        partition_key=order["window"], instance=instance, run_config=_QUIET, raise_on_error=False
    )
    for event in result.get_step_failure_events():
        sys.stderr.write(f"{event.step_failure_data.error_display_string}\n")
    return {"success": result.success, "events": countdown.count, "steps": reached.reached}


def _child(
    order: dict[str, Any], job: dg.JobDefinition, instance: dg.DagsterInstance, answer: int, output: int
) -> None:
    """Runs one window and leaves the process without any of the parent's business."""
    os.dup2(output, 1)
    os.dup2(output, 2)
    success = False
    try:
        told = _run(order, job, instance)
        success = told["success"]
        os.write(answer, json.dumps(told).encode())
    except BaseException:  # noqa: BLE001 - the parent shows it
        traceback.print_exc()
    finally:
        sys.stderr.flush()
    os._exit(0 if success else 1)


def _forked(order: dict[str, Any], instance: dg.DagsterInstance) -> dict[str, Any]:
    job = _job(order)
    reading, writing = os.pipe()
    with TemporaryFile() as output:
        process = os.fork()
        if process == 0:
            _child(order, job, instance, writing, output.fileno())
        os.close(writing)
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        told = json.loads(os.read(reading, 4096) or b"{}")
        os.close(reading)
        output.seek(0)
        return {"events": 0, "steps": [], **told, "code": code, "output": output.read().decode()[-3000:]}


def _load() -> None:
    """Loads what a ledger, a check and a run of Dagster's load on first use, once for all forks."""
    with TemporaryDirectory() as folder, dg.DagsterInstance.ephemeral() as instance:
        Ledger.open(f"sqlite:///{folder}/ledger.sqlite").close()
        dg.materialize([_something], instance=instance, run_config=_QUIET)
    nobody = pa.table({"uid": pa.array(["u"]), "deleted_at": pa.array([1]), "reason": pa.array(["app"])})
    validate(deletions_schema(), nobody)
    # What is there now stays: no collector of a fork walks through it, which would copy its pages.
    gc.freeze()


@dg.asset
def _something() -> None: ...


def main() -> None:
    """Answers orders until the input ends."""
    _load()
    # It keeps everything in memory, and nothing happens in it here: each fork finds it empty.
    with dg.DagsterInstance.ephemeral() as instance:
        for line in sys.stdin:
            sys.stdout.write(json.dumps(_forked(json.loads(line), instance)) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
