"""Partition definitions: windows of time, in UTC; inbound files, which the inbox sensor adds one by one; segments.

https://docs.dagster.io/guides/build/partitions-and-backfills/partitioning-assets
"""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

from gigya_cheetah_assets.config import Sync, Windows
from gigya_cheetah_assets.outbound.window import KEY_FORMAT, Window, window_of


def window_partitions(windows: Windows) -> dg.TimeWindowPartitionsDefinition:
    """One partition a window, from the first one to the last that has ended."""
    kind = dg.HourlyPartitionsDefinition if windows.every == "hour" else dg.DailyPartitionsDefinition
    return kind(start_date=windows.start.strftime(KEY_FORMAT[windows.every]), timezone="UTC")


def inbound_partitions(sync: Sync) -> dg.DynamicPartitionsDefinition:
    """One partition an inbound file; its key is made from the file's name and a digest."""
    return dg.DynamicPartitionsDefinition(name=f"{sync.name}_inbound_file")


def segment_partitions(sync: Sync) -> dg.StaticPartitionsDefinition:
    """One partition a segment: a line in the sync file is all it takes."""
    return dg.StaticPartitionsDefinition([segment.name for segment in sync.segments])


def windows_of(context: dg.AssetExecutionContext, sync: Sync) -> list[Window]:
    """The windows that this run is about, oldest first."""
    now = datetime.now(UTC)
    windows = [window_of(sync.windows, key, now=now) for key in context.partition_keys]
    return sorted(windows, key=lambda window: window.start)
