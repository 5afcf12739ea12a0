"""The whole system on one page: for each sync file one set of assets, a job and a schedule.

A sync whose environment variables are missing is shown but cannot be materialized: nothing begins that could not
be finished, and the other syncs are not held up.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import dagster as dg

from gigya_cheetah_assets.assets.external import external_assets
from gigya_cheetah_assets.assets.outbound import outbound_assets
from gigya_cheetah_assets.config import Sync, load_syncs, missing_variables
from gigya_cheetah_assets.resources import Connections
from gigya_cheetah_assets.schedules import outbound_job, outbound_schedule

log = logging.getLogger(__name__)


def build_definitions(*, syncs: Sequence[Sync], connections: Connections | None = None) -> dg.Definitions:
    """Wires the syncs; tests and the UI use the same wiring."""
    parts = [_sync_definitions(sync) for sync in syncs]
    common = dg.Definitions(
        resources={"connections": connections or Connections()},
        # One process a run: a step takes less time than the start of a process of its own.
        executor=dg.in_process_executor,
    )
    return dg.Definitions.merge(common, *parts)


def _sync_definitions(sync: Sync) -> dg.Definitions:
    assets = outbound_assets(sync)
    missing = missing_variables(sync)
    if missing:
        log.error("sync %s cannot run: set the environment variables %s", sync.name, ", ".join(missing))
        return dg.Definitions(assets=[*external_assets(sync), *(_shown_only(asset, missing) for asset in assets)])
    job = outbound_job(sync, assets)
    return dg.Definitions(
        assets=[*external_assets(sync), *assets],
        jobs=[job],
        schedules=[outbound_schedule(sync, job)],
    )


def _shown_only(asset: dg.AssetsDefinition, missing: list[str]) -> dg.AssetSpec:
    """The asset without its function: visible, with the reason, but not to be materialized."""
    spec = asset.get_asset_spec()
    reason = f"**Cannot run: these environment variables are not set: {', '.join(missing)}.**"
    return spec.replace_attributes(description=f"{reason}\n\n{spec.description}")


defs = build_definitions(syncs=load_syncs())
