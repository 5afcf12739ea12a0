"""The inbound direction as tests drive it: files into the inbox, looks of the sensor, runs of Dagster's job."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from gigya_cheetah_assets.outbound.window import last_ended
from gigya_cheetah_assets.resources import Connections
from gigya_cheetah_assets_tests.integration.runs import QUIET, Runs


class Inbound(Runs):
    """The loop on one sandbox: outbound as ever, inbound by the sensor."""

    cursor: str | None = None

    def drop(self, name: str, text: str) -> Path:
        path = self.folder / "staging" / "fromcheetah" / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    def tick(self) -> dg.SensorResult:
        sensor = self.definitions.resolve_sensor_def("sandbox_inbox_sensor")
        context = dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, resources={"connections": Connections()}
        )
        with context:
            result: Any = sensor(context)
        self.cursor = result.cursor
        for request in result.dynamic_partitions_requests:
            self.instance.add_dynamic_partitions("sandbox_inbound_file", list(request.partition_keys))
        return result  # type: ignore[no-any-return] - it is one

    def arrive(self) -> list[dg.ExecuteInProcessResult]:
        """Two ticks, then the requested runs."""
        self.tick()
        return [self.read(request.partition_key) for request in self.tick().run_requests or ()]

    def read(self, partition: str | None) -> dg.ExecuteInProcessResult:
        job = self.definitions.resolve_job_def("sandbox_inbound")
        return job.execute_in_process(
            partition_key=partition, instance=self.instance, run_config=QUIET, raise_on_error=False
        )

    def account(self, uid: str) -> dict[str, Any]:
        return self.sandbox.site.account(uid)

    def newest(self) -> str:
        return last_ended(self.sync.windows, datetime.now(UTC)) or ""
