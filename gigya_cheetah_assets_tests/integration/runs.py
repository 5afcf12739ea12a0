"""A sandbox with a sync of its own, and the outbound job on it: what the tests of whole windows share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.definitions import build_definitions
from gigya_cheetah_assets.sandbox import Population, Sandbox
from gigya_cheetah_assets_tests.integration.sync_content import sync_content

FIRST = "2026-03-01"
PEOPLE = Population(300, 7, start=datetime(2026, 2, 1, tzinfo=UTC), end=datetime(2026, 3, 1, 23, tzinfo=UTC))
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass
class Runs:
    """One sync with its own data folder; `run` materializes windows of it."""

    sandbox: Sandbox
    folder: Path
    content: dict[str, Any]
    instance: dg.DagsterInstance
    _wired: tuple[dict[str, Any], dg.Definitions] | None = field(default=None, init=False, repr=False)

    @property
    def sync(self) -> Sync:
        """The sync as it is now; tests change `content`."""
        return Sync.model_validate(self.content)

    @property
    def definitions(self) -> dg.Definitions:
        """The wiring of the sync as it is now, made anew only where the sync has changed."""
        if self._wired is None or self._wired[0] != self.content:
            self._wired = deepcopy(self.content), build_definitions(syncs=[self.sync])
        return self._wired[1]

    def run(self, *keys: str, assets: str | None = None, job_name: str = "outbound") -> dg.ExecuteInProcessResult:
        """Materializes windows, several of them by one run over their range."""
        job = self.definitions.resolve_job_def(f"sandbox_{job_name}")
        tags = {}
        if len(keys) > 1:
            tags = {"dagster/asset_partition_range_start": keys[0], "dagster/asset_partition_range_end": keys[-1]}
        return job.execute_in_process(
            partition_key=keys[0] if len(keys) == 1 else None,
            tags=tags,
            instance=self.instance,
            run_config=QUIET,
            raise_on_error=False,
            asset_selection=None if assets is None else [dg.AssetKey(["sandbox", assets])],
        )

    def files(self) -> dict[str, bytes]:
        """Everything in the outbox."""
        outbox = self.folder / "staging" / "autoproc"
        return {path.name: path.read_bytes() for path in sorted(outbox.iterdir())} if outbox.is_dir() else {}


@contextmanager
def runs(sandbox: Sandbox, folder: Path, *, keeps_events: bool = False, **changes: Any) -> Iterator[Runs]:
    """A fresh data folder, ledger and Dagster instance on a sandbox.

    The instance keeps its runs and events in memory, which takes half the time; with `keeps_events` they lie in the
    folder `dagster`, for tests that read them there.
    """
    before = dict(os.environ)
    os.environ.update(sandbox.environ)
    os.environ["GIGYA_CHEETAH_DATA"] = str(folder / "data")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with _on_disk(folder / "dagster") if keeps_events else dg.DagsterInstance.ephemeral() as instance:
            yield Runs(sandbox, folder, sync_content(sandbox, folder, **changes), instance)
    finally:
        os.environ.clear()
        os.environ.update(before)


def _on_disk(folder: Path) -> dg.DagsterInstance:
    folder.mkdir(parents=True)
    return dg.DagsterInstance.local_temp(str(folder), {"telemetry": {"enabled": False}})
