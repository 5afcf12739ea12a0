"""Schedules: one a sync, in UTC, which requests the window that has just ended.

https://docs.dagster.io/guides/automate/schedules
"""

from __future__ import annotations

import dagster as dg

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.outbound.window import last_ended


def outbound_job(sync: Sync, assets: list[dg.AssetsDefinition]) -> dg.UnresolvedAssetJobDefinition:
    """The whole outbound flow of a sync as one job."""
    return dg.define_asset_job(
        f"{sync.name}_outbound",
        selection=dg.AssetSelection.assets(*assets),
        description=f"Accounts of {sync.name} that changed in a window, from Gigya to files in the outbox.",
        tags={"sync": sync.name},
    )


def outbound_schedule(sync: Sync, job: dg.UnresolvedAssetJobDefinition) -> dg.ScheduleDefinition:
    """Requests each window once it has ended and Gigya's search has had its delay to catch up."""
    running = sync.automation == "running"
    minute = sync.windows.delay_minutes
    cron = f"{minute} * * * *" if sync.windows.every == "hour" else f"{minute} 0 * * *"

    @dg.schedule(
        name=f"{sync.name}_outbound_schedule",
        job=job,
        cron_schedule=cron,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING if running else dg.DefaultScheduleStatus.STOPPED,
        description=f"Every {sync.windows.every}, {minute} minutes after the window's end.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        key = last_ended(sync.windows, context.scheduled_execution_time)
        if key is None:
            return dg.SkipReason(f"the first window, from {sync.windows.start:%Y-%m-%d %H:%M} UTC, has not ended yet")
        return dg.RunRequest(run_key=key, partition_key=key)

    return schedule
