"""The whole system on one page: for each sync file one set of assets, a job and a schedule.

A sync whose environment variables are missing is shown but cannot be materialized: nothing begins that could not
be finished, and the other syncs are not held up.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import dagster as dg

from gigya_cheetah_assets import pace
from gigya_cheetah_assets.assets.canary import canary_asset
from gigya_cheetah_assets.assets.clock import clock_asset
from gigya_cheetah_assets.assets.deletions import deletion_assets
from gigya_cheetah_assets.assets.external import external_assets
from gigya_cheetah_assets.assets.feeds import feed_checks
from gigya_cheetah_assets.assets.housekeeping import retention_asset
from gigya_cheetah_assets.assets.inbound import inbound_assets
from gigya_cheetah_assets.assets.outbound import outbound_assets
from gigya_cheetah_assets.assets.reconciliation import reconciliation_asset
from gigya_cheetah_assets.assets.segments import segment_assets
from gigya_cheetah_assets.config import Sync, load_syncs, missing_variables
from gigya_cheetah_assets.config.files import Canary, InboundFiles
from gigya_cheetah_assets.resources import Connections
from gigya_cheetah_assets.schedules import (
    asset_job,
    daily_schedule,
    deletions_job,
    feeds_job,
    hourly_schedule,
    inbound_job,
    outbound_job,
    segment_job,
    segment_schedules,
    window_schedule,
)
from gigya_cheetah_assets.sensors import delivery_sensor, inbox_sensor

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
    missing = missing_variables(sync)
    parts = [
        _outbound(sync),
        _housekeeping(sync),
        *([] if sync.deletions.source == "none" else [_deletions(sync)]),
        *([_inbound(sync, sync.inbound_files)] if sync.inbound_files else []),
        *([_segments(sync)] if sync.segments else []),
        *([_canary(sync, sync.inbound_files.canary)] if sync.inbound_files and sync.inbound_files.canary else []),
    ]
    whole = dg.Definitions.merge(dg.Definitions(assets=external_assets(sync)), *parts)
    if not missing:
        return whole
    log.error("sync %s cannot run: set the environment variables %s", sync.name, ", ".join(missing))
    return dg.Definitions(assets=[_shown_only(asset, missing) for asset in whole.assets or []])


def _outbound(sync: Sync) -> dg.Definitions:
    """From Gigya's accounts to files in the outbox, and the clock of opt-outs."""
    assets, clock = outbound_assets(sync), clock_asset(sync)
    job, clock_job = outbound_job(sync, assets), asset_job(sync, "opt_out_clock", clock)
    return dg.Definitions(
        assets=[*assets, clock],
        jobs=[job, clock_job],
        schedules=[window_schedule(sync, job), hourly_schedule(sync, clock_job, minute=40)],
        sensors=[delivery_sensor(sync)],
    )


def _deletions(sync: Sync) -> dg.Definitions:
    """From accounts that are deleted in Gigya to the suppression file in the outbox."""
    assets = deletion_assets(sync)
    job = deletions_job(sync, assets)
    return dg.Definitions(assets=assets, jobs=[job], schedules=[window_schedule(sync, job, later=10)])


def _inbound(sync: Sync, files: InboundFiles) -> dg.Definitions:
    """From the files of the inbox to Gigya's accounts, and both sides compared."""
    assets, reconciliation, feeds = inbound_assets(sync), reconciliation_asset(sync), feed_checks(sync, files)
    job, look = inbound_job(sync, assets), feeds_job(sync, feeds)
    return dg.Definitions(
        assets=[*assets, reconciliation],
        asset_checks=[feeds],
        jobs=[job, look, asset_job(sync, "reconciliation", reconciliation)],
        schedules=[hourly_schedule(sync, look, minute=50)],
        sensors=[inbox_sensor(sync, files, job)],
    )


def _segments(sync: Sync) -> dg.Definitions:
    """From filters to segment files in the outbox."""
    assets = segment_assets(sync)
    job = segment_job(sync, assets)
    return dg.Definitions(assets=assets, jobs=[job], schedules=segment_schedules(sync, job))


def _canary(sync: Sync, canary: Canary) -> dg.Definitions:
    """What tells a feed without events from a feed that does not come."""
    asset = canary_asset(sync, canary)
    job = asset_job(sync, "canary", asset)
    return dg.Definitions(assets=[asset], jobs=[job], schedules=[hourly_schedule(sync, job, minute=30)])


def _housekeeping(sync: Sync) -> dg.Definitions:
    """What keeps the data folder from growing, and personal data from staying."""
    asset = retention_asset(sync)
    job = asset_job(sync, "retention", asset)
    return dg.Definitions(assets=[asset], jobs=[job], schedules=[daily_schedule(sync, job, hour=3)])


def _shown_only(asset: object, missing: list[str]) -> dg.AssetSpec:
    """The asset without its function: visible, with the reason, but not to be materialized."""
    spec = asset.get_asset_spec() if isinstance(asset, dg.AssetsDefinition) else asset
    if not isinstance(spec, dg.AssetSpec):
        raise TypeError(f"expected an asset, found {type(spec).__name__}")
    if not isinstance(asset, dg.AssetsDefinition):
        return spec
    reason = f"**Cannot run: these environment variables are not set: {', '.join(missing)}.**"
    return spec.replace_attributes(description=f"{reason}\n\n{spec.description}")


defs = build_definitions(syncs=load_syncs())
pace.working()
