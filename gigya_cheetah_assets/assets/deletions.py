"""The assets of deletions: `gigya_deletions` -> `staged_deletion_file`, a partition a window.

Dagster reads the annotations of the functions at run time, so they are not postponed here.
"""

import time
from datetime import UTC, datetime

import dagster as dg

from gigya_cheetah_assets import checks, checks_deletions
from gigya_cheetah_assets.assets.names import DELETIONS, key
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.deletions.brake import deletion_share
from gigya_cheetah_assets.deletions.deliver import DeletionDelivery
from gigya_cheetah_assets.deletions.find import find_deletions
from gigya_cheetah_assets.failures import NETWORK_RETRIES, as_failures
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound.window import window_of
from gigya_cheetah_assets.partitions import window_partitions, windows_of
from gigya_cheetah_assets.resources import Connections


def deletion_assets(sync: Sync) -> list[dg.AssetsDefinition]:
    """The two assets of one sync."""
    table = FieldTable.from_sync(sync)
    return [_deletions(sync, table), _file(sync, table)]


def _deletions(sync: Sync, table: FieldTable) -> dg.AssetsDefinition:
    own = key(sync, "gigya_deletions")

    @dg.asset(
        key=own,
        deps=[key(sync, "gigya_accounts")],
        group_name=DELETIONS,
        kinds={"gigya", "parquet"},
        partitions_def=window_partitions(sync.windows),
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=NETWORK_RETRIES,
        check_specs=checks.specs(own, checks_deletions.FOUND, checks_deletions.FOUND_WARN),
        metadata={"dagster/column_schema": checks_deletions.COLUMNS},
        description="Accounts that were deleted in a window and do not exist any more: UID, when and how. An account "
        "that exists again is none of them.",
    )
    def gigya_deletions(context: dg.AssetExecutionContext, connections: Connections) -> dg.MaterializeResult:
        now = time.time_ns() // 1_000_000
        with as_failures(), connections.gigya(sync) as client, connections.ledger() as ledger:
            summaries = [
                find_deletions(client, sync, table, window, ledger=ledger, data=connections.data, now=now)
                for window in windows_of(context, sync)
            ]
            stamps = {s.window: window_of(sync.windows, s.window, now=datetime.now(UTC)).stamp for s in summaries}
            braked = checks.of_brakes(
                {s.window: [deletion_share(s, sync.limits)] for s in summaries},
                lambda window, brake: ledger.is_released(sync.name, stamps[window], brake),
            )
        for summary in summaries:
            shown = checks_deletions.of_found(summary)
            context.add_asset_metadata(shown, asset_key=own, partition_key=summary.window)
        return dg.MaterializeResult(
            check_results=[
                *checks.of_problems({s.window: s.problems for s in summaries}),
                *braked,
                checks_deletions.found_identity(summaries),
                checks.of_reasons("rejects", [s.reasons for s in summaries]),
            ]
        )

    return gigya_deletions


def _file(sync: Sync, table: FieldTable) -> dg.AssetsDefinition:
    own = key(sync, "staged_deletion_file")

    @dg.asset(
        key=own,
        deps=[key(sync, "gigya_deletions")],
        group_name=DELETIONS,
        kinds={sync.staging.type, "csv"},
        partitions_def=window_partitions(sync.windows),
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=NETWORK_RETRIES,
        pool=f"{sync.name}_ledger",
        check_specs=checks.specs(own, checks_deletions.FILE),
        description="The suppression file in the outbox: whom CheetahMail has to forget. A tombstone in the ledger "
        "keeps each of them from coming back by a late file.",
    )
    def staged_deletion_file(context: dg.AssetExecutionContext, connections: Connections) -> dg.MaterializeResult:
        with as_failures(), connections.staging(sync) as staging, connections.ledger() as ledger:
            summaries = [
                DeletionDelivery(sync, table, window, ledger, data=connections.data).run(staging)
                for window in windows_of(context, sync)
            ]
        for summary in summaries:
            shown = checks_deletions.of_delivery(summary)
            context.add_asset_metadata(shown, asset_key=own, partition_key=summary.window)
        return dg.MaterializeResult(check_results=[checks_deletions.delivery_identity(summaries)])

    return staged_deletion_file
