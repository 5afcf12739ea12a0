"""The outbound assets: `gigya_profiles` -> `cheetahmail_rows` -> `staged_import_files`, a partition a window.

One run may cover many windows (a backfill): neighbouring windows are read by one query. Dagster reads the annotations
of the functions at run time, so they are not postponed here.
"""

import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import dagster as dg

from gigya_cheetah_assets import checks, metadata
from gigya_cheetah_assets.assets.names import OUTBOUND, key
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.failures import NETWORK_RETRIES, as_failures
from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.metadata import Metadata
from gigya_cheetah_assets.outbound import brakes
from gigya_cheetah_assets.outbound.corrections import wanted
from gigya_cheetah_assets.outbound.deliver import Delivery
from gigya_cheetah_assets.outbound.extract import extract
from gigya_cheetah_assets.outbound.history import brakes_of, earlier_reads
from gigya_cheetah_assets.outbound.ledger_age import ledger_brake
from gigya_cheetah_assets.outbound.rows import make_rows
from gigya_cheetah_assets.outbound.same_site import site_brake
from gigya_cheetah_assets.outbound.window import Window
from gigya_cheetah_assets.partitions import window_partitions, windows_of
from gigya_cheetah_assets.resources import Connections
from gigya_cheetah_assets.store import folders

# `backfill_policy` is marked beta by Dagster; it is what lets one query serve many windows.
warnings.filterwarnings("ignore", category=dg.BetaWarning, message=".*backfill_policy.*")


def outbound_assets(sync: Sync) -> list[dg.AssetsDefinition]:
    """The three assets of one sync."""
    table = FieldTable.from_sync(sync)
    return [_profiles(sync, table), _rows(sync, table), _files(sync, table)]


def _profiles(sync: Sync, table: FieldTable) -> dg.AssetsDefinition:
    own = key(sync, "gigya_profiles")

    @dg.asset(
        key=own,
        deps=[key(sync, "gigya_accounts")],
        group_name=OUTBOUND,
        kinds={"gigya", "parquet"},
        partitions_def=window_partitions(sync.windows),
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=NETWORK_RETRIES,
        check_specs=checks.specs(own, checks.PROFILES, checks.PROFILES_WARN),
        metadata={"dagster/column_schema": metadata.profile_columns(table)},
        code_version=table.version,
        description="Accounts that changed in a window, with their subscriptions: one row a UID, only the fields that "
        "the mapping needs.",
    )
    def gigya_profiles(context: dg.AssetExecutionContext, connections: Connections) -> dg.MaterializeResult:
        windows = windows_of(context, sync)
        with as_failures(), connections.gigya(sync) as client, connections.ledger() as ledger:
            corrections = wanted(ledger, sync, table, windows)
            summaries = extract(client, sync, table, windows, data=connections.data, corrections=corrections)
            found = {
                window.key: [brakes.volume(s.read, earlier_reads(connections.data, sync, window), sync.limits)]
                for window, s in zip(windows, summaries, strict=True)
            }
            results = checks.of_brakes(found, _released(ledger, sync, windows))
        _show(
            context, own, connections.data / sync.name / folders.PROFILES, windows, map(metadata.of_profiles, summaries)
        )
        return dg.MaterializeResult(
            check_results=[
                *checks.of_problems({s.window: s.problems for s in summaries}),
                *results,
                checks.of_reasons("records", [s.reasons for s in summaries]),
                checks.of_shared_emails(summaries),
            ],
        )

    return gigya_profiles


def _rows(sync: Sync, table: FieldTable) -> dg.AssetsDefinition:
    own = key(sync, "cheetahmail_rows")

    @dg.asset(
        key=own,
        deps=[key(sync, "gigya_profiles")],
        group_name=OUTBOUND,
        kinds={"pandas", "parquet"},
        partitions_def=window_partitions(sync.windows),
        backfill_policy=dg.BackfillPolicy.single_run(),
        check_specs=checks.specs(own, checks.ROWS, checks.ROWS_WARN),
        metadata={
            "dagster/column_schema": metadata.row_columns(table),
            "dagster/column_lineage": metadata.row_lineage(sync, table),
            "mapping": metadata.mapping_table(table),
        },
        code_version=table.version,
        description="The window's accounts as CheetahMail rows, mapped and checked; only those that differ from what "
        "CheetahMail has by the ledger. The rejects lie beside them.",
    )
    def cheetahmail_rows(context: dg.AssetExecutionContext, connections: Connections) -> dg.MaterializeResult:
        windows = windows_of(context, sync)
        with as_failures(), connections.ledger() as ledger:
            summaries = [make_rows(sync, table, window, ledger, data=connections.data) for window in windows]
            found = {
                s.window: [brakes.reject_share(s, sync.limits), *brakes.consent_shares(s, sync.limits)]
                for s in summaries
            }
            results = checks.of_brakes(found, _released(ledger, sync, windows))
        folder = connections.data / sync.name / folders.ROWS
        _show(context, own, folder, windows, map(metadata.of_rows, summaries))
        return dg.MaterializeResult(
            check_results=[
                *checks.of_problems({s.window: s.problems for s in summaries}),
                *results,
                checks.of_identity(summaries),
                checks.of_reasons("rejects", [s.reasons for s in summaries]),
                checks.of_reasons("value_errors", [s.value_errors for s in summaries]),
            ],
        )

    return cheetahmail_rows


def _files(sync: Sync, table: FieldTable) -> dg.AssetsDefinition:
    own = key(sync, "staged_import_files")

    @dg.asset(
        key=own,
        deps=[key(sync, "cheetahmail_rows")],
        group_name=OUTBOUND,
        kinds={sync.staging.type, "csv"},
        partitions_def=window_partitions(sync.windows),
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=NETWORK_RETRIES,
        pool=f"{sync.name}_ledger",
        check_specs=checks.specs(own, checks.FILES),
        metadata={"dagster/column_schema": metadata.row_columns(table)},
        code_version=table.version,
        description="The import files in the outbox, in the order unsubscribes, address changes, profiles, subscribes; "
        "an empty kind writes no file. A copy of each, with its manifest, lies beside the asset.",
    )
    def staged_import_files(context: dg.AssetExecutionContext, connections: Connections) -> dg.MaterializeResult:
        summaries, windows = [], windows_of(context, sync)
        told, data = _told_revision(context, own), connections.data
        with as_failures(), connections.staging(sync) as staging, connections.ledger() as ledger:
            for window in windows:
                known = ledger_brake(ledger, staging, sync, window, data=data, told=told)
                found = [known, site_brake(ledger, sync), *brakes_of(data, sync, window)]
                brakes.refuse_if_braked(ledger, sync.name, brakes.Partition(window.key, window.stamp), found)
                summaries.append(Delivery(sync, table, window, ledger, data=data).run(staging))
        folder = connections.data / sync.name / folders.FILES
        _show(context, own, folder, windows, map(metadata.of_delivery, summaries))
        return dg.MaterializeResult(check_results=[checks.of_identity(summaries)])

    return staged_import_files


def _show(
    context: dg.AssetExecutionContext, own: dg.AssetKey, folder: Path, windows: list[Window], shown: Iterable[Metadata]
) -> None:
    """What each window counted, and where its data lies."""
    for window, found in zip(windows, shown, strict=True):
        told = {**found, **metadata.place(folder / window.stamp)}
        context.add_asset_metadata(told, asset_key=own, partition_key=window.key)


def _told_revision(context: dg.AssetExecutionContext, files: dg.AssetKey) -> int:
    """The ledger's revision after the last delivery that Dagster knows of."""
    event = context.instance.get_latest_materialization_event(files)
    materialized = event.asset_materialization if event is not None else None
    found = materialized.metadata.get("ledger_revision") if materialized is not None else None
    return found.value if isinstance(found, dg.IntMetadataValue) and found.value is not None else 0


def _released(ledger: Ledger, sync: Sync, windows: list[Window]) -> Callable[[str, str], bool]:
    stamps = {window.key: window.stamp for window in windows}
    return lambda window, brake: ledger.is_released(sync.name, stamps[window], brake)
