"""Runs a command as a whole process and measures it from outside: seconds, peak memory of its largest process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_AS_INSTALLED = Path(__file__).parent / "as_installed"


@dataclass(frozen=True)
class Run:
    """One finished process.

    Attributes:
        seconds: Wall time, start-up included.
        cpu_seconds: CPU time of the process and its children.
        peak_mib: Largest resident set of the process.
    """

    seconds: float
    cpu_seconds: float
    peak_mib: float

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s ({self.cpu_seconds:.1f} s CPU, {self.peak_mib:.0f} MiB)"


def run(command: Sequence[str], environ: Mapping[str, str], log: Path) -> Run:
    """Runs a command to its end.

    Raises:
        RuntimeError: It failed; its output is in `log`.
    """
    # What the turn before left in memory is on the disk before this one begins, and does not slow its own writing.
    os.sync()
    with log.open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, env={**_installed(), **environ}, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}; its output is in {log}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def _installed() -> dict[str, str]:
    """This environment as where a program is installed: modules are compiled once only, no tools of tests are there."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    path = [str(_AS_INSTALLED), *filter(None, [environ.get("PYTHONPATH")])]
    return environ | {"PYTHONPATH": os.pathsep.join(path)}


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs a module with this interpreter."""
    return [sys.executable, "-m", module, *arguments]


def median_ratio(theirs: Sequence[float], ours: Sequence[float]) -> float:
    """The median of theirs/ours, pair by pair: above 1 ours is faster."""
    return median(t / o for t, o in zip(theirs, ours, strict=True))
