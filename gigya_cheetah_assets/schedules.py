"""Jobs and schedules of a sync: each window once it has ended, in UTC, and every hour a look at the feeds.

The runs of inbound files are requested by `sensors`.

https://docs.dagster.io/guides/automate/schedules
"""

from __future__ import annotations

import dagster as dg

from gigya_cheetah_assets.config import Segment, Sync
from gigya_cheetah_assets.outbound.window import last_ended


def outbound_job(sync: Sync, assets: list[dg.AssetsDefinition]) -> dg.UnresolvedAssetJobDefinition:
    """The whole outbound flow of a sync as one job."""
    return dg.define_asset_job(
        f"{sync.name}_outbound",
        selection=dg.AssetSelection.assets(*assets),
        description=f"Accounts of {sync.name} that changed in a window, from Gigya to files in the outbox.",
        tags={"sync": sync.name},
    )


def inbound_job(sync: Sync, assets: list[dg.AssetsDefinition]) -> dg.UnresolvedAssetJobDefinition:
    """The whole way of one inbound file as one job."""
    return dg.define_asset_job(
        f"{sync.name}_inbound",
        selection=dg.AssetSelection.assets(*assets),
        description=f"One file of CheetahMail's, from the inbox of {sync.name} to the accounts in Gigya.",
        tags={"sync": sync.name},
    )


def deletions_job(sync: Sync, assets: list[dg.AssetsDefinition]) -> dg.UnresolvedAssetJobDefinition:
    """The way of a window's deletions as one job."""
    return dg.define_asset_job(
        f"{sync.name}_deletions",
        selection=dg.AssetSelection.assets(*assets),
        description=f"Accounts of {sync.name} that were deleted in a window, from Gigya to the suppression file.",
        tags={"sync": sync.name},
    )


def feeds_job(sync: Sync, feeds: dg.AssetChecksDefinition) -> dg.UnresolvedAssetJobDefinition:
    """The look whether all feeds arrive."""
    return dg.define_asset_job(
        f"{sync.name}_feeds",
        selection=dg.AssetSelection.checks(feeds),
        description=f"Whether the feeds that CheetahMail sends to {sync.name} arrive when they must.",
        tags={"sync": sync.name},
    )


def asset_job(sync: Sync, name: str, asset: dg.AssetsDefinition) -> dg.UnresolvedAssetJobDefinition:
    """One asset as a job of its own."""
    return dg.define_asset_job(
        f"{sync.name}_{name}", selection=dg.AssetSelection.assets(asset), tags={"sync": sync.name}
    )


def hourly_schedule(sync: Sync, job: dg.UnresolvedAssetJobDefinition, *, minute: int) -> dg.ScheduleDefinition:
    """Runs a job every hour, so that what stays away shows on the same day."""
    return dg.ScheduleDefinition(
        name=f"{job.name}_schedule",
        job=job,
        cron_schedule=f"{minute} * * * *",
        execution_timezone="UTC",
        default_status=_status(sync),
        description="Every hour.",
    )


def daily_schedule(sync: Sync, job: dg.UnresolvedAssetJobDefinition, *, hour: int) -> dg.ScheduleDefinition:
    """Runs a job once a day, at twenty past an hour (UTC)."""
    return dg.ScheduleDefinition(
        name=f"{job.name}_schedule",
        job=job,
        cron_schedule=f"20 {hour} * * *",
        execution_timezone="UTC",
        default_status=_status(sync),
        description="Every day.",
    )


def segment_job(sync: Sync, assets: list[dg.AssetsDefinition]) -> dg.UnresolvedAssetJobDefinition:
    """One segment from its filter to its file."""
    return dg.define_asset_job(
        f"{sync.name}_segments",
        selection=dg.AssetSelection.assets(*assets),
        description=f"A segment of {sync.name}: its members now, and joins and leaves to the outbox.",
        tags={"sync": sync.name},
    )


def segment_schedules(sync: Sync, job: dg.UnresolvedAssetJobDefinition) -> list[dg.ScheduleDefinition]:
    """A schedule for each segment, by its `every`."""
    return [_segment_schedule(sync, segment, job) for segment in sync.segments]


def _segment_schedule(sync: Sync, segment: Segment, job: dg.UnresolvedAssetJobDefinition) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"{sync.name}_segment_{segment.name}_schedule",
        job=job,
        cron_schedule=segment.cron,
        execution_timezone="UTC",
        default_status=_status(sync),
        description=f"Segment {segment.name}, {segment.every}.",
    )
    def schedule() -> dg.RunRequest:
        return dg.RunRequest(partition_key=segment.name)

    return schedule


def window_schedule(sync: Sync, job: dg.UnresolvedAssetJobDefinition, *, later: int = 0) -> dg.ScheduleDefinition:
    """Requests each window once it has ended and Gigya's search has had its delay to catch up.

    Args:
        sync: Whose windows.
        job: What is run for each.
        later: Minutes after the outbound windows, within the same hour.
    """
    minute = min(sync.windows.delay_minutes + later, 59)
    cron = f"{minute} * * * *" if sync.windows.every == "hour" else f"{minute} 0 * * *"

    @dg.schedule(
        name=f"{job.name}_schedule",
        job=job,
        cron_schedule=cron,
        execution_timezone="UTC",
        default_status=_status(sync),
        description=f"Every {sync.windows.every}, {minute} minutes after the window's end.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        key = last_ended(sync.windows, context.scheduled_execution_time)
        if key is None:
            return dg.SkipReason(f"the first window, from {sync.windows.start:%Y-%m-%d %H:%M} UTC, has not ended yet")
        return dg.RunRequest(run_key=key, partition_key=key)

    return schedule


def _status(sync: Sync) -> dg.DefaultScheduleStatus:
    running = sync.automation == "running"
    return dg.DefaultScheduleStatus.RUNNING if running else dg.DefaultScheduleStatus.STOPPED
