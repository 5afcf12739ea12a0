"""Dagster's daemon as a process of its own, as in production: its sensors find files and launch runs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.errors import StopSync
from gigya_cheetah_assets.inbound.offers import Offer, all_offers
from gigya_cheetah_assets.sandbox.processes import end_group
from gigya_cheetah_assets.store import folders

_GRACE_SECONDS = 10
_UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]
_SETTINGS = """\
telemetry: {enabled: false}
nux: {enabled: false}
concurrency: {runs: {max_concurrent_runs: 2}, pools: {default_limit: 1, granularity: op}}
"""


def write_settings(home: Path) -> None:
    """Makes a home for a Dagster instance of the demo's own."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text(_SETTINGS, encoding="utf-8")


@contextmanager
def daemon(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Runs the daemon on this process's environment while the block runs; its output lies in `daemon.log`."""
    command = [str(Path(sys.executable).with_name("dagster-daemon")), "run", "-m", "gigya_cheetah_assets.definitions"]
    with (home / "daemon.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command,
            env={**os.environ, "DAGSTER_HOME": str(home.absolute())},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            end_group(process, _GRACE_SECONDS)


def wait_for_files(
    process: subprocess.Popen[bytes],
    sync: Sync,
    names: list[str],
    *,
    data: Path,
    seconds: float,
    told: Callable[[str], object],
) -> None:
    """Waits until the files of these names have ended their way, for so many seconds from the last that did.

    Raises:
        StopSync: None did in that time, or the daemon has ended.
    """
    wanted = set(names)
    deadline = time.monotonic() + seconds
    last = -1
    while time.monotonic() < deadline and process.poll() is None:
        done = {offer.name for offer in all_offers(data, sync) if _is_over(sync, data, offer)}
        if len(done & wanted) != last:
            last, deadline = len(done & wanted), time.monotonic() + seconds
            told(f"  {last} of {len(wanted)} files are through")
        if wanted <= done:
            return
        time.sleep(0.5)
    why = f"no other one did for {seconds:.0f} s" if process.poll() is None else "the daemon has ended"
    raise StopSync(
        f"{len(wanted) - max(last, 0)} of {len(wanted)} files of the inbox did not come through: {why}",
        next_step="look into daemon.log beside the demo's Dagster home",
    )


def wait_for_runs(instance: dg.DagsterInstance, *, seconds: float) -> None:
    """Waits until no run is under way: the end of the daemon would interrupt it."""
    under_way = dg.RunsFilter(statuses=_UNDER_WAY)
    deadline = time.monotonic() + seconds
    while instance.get_runs(under_way, limit=1) and time.monotonic() < deadline:
        time.sleep(0.2)


def _is_over(sync: Sync, data: Path, offer: Offer) -> bool:
    updates = folders.asset_folder(data, sync.name, folders.UPDATES, offer.partition)
    return (updates / folders.SUMMARY).is_file()
