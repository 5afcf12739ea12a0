"""The inbound assets: `inbound_rows` -> `inbound_change_set` -> `gigya_account_updates`, a partition an inbound file.

Dagster reads the annotations of the functions at run time, so they are not postponed here.
"""

from datetime import UTC, datetime

import dagster as dg

from gigya_cheetah_assets import checks, checks_inbound, metadata, metadata_inbound
from gigya_cheetah_assets.assets.names import INBOUND, key
from gigya_cheetah_assets.clock import canary
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.failures import NETWORK_RETRIES, as_failures
from gigya_cheetah_assets.inbound.change_counts import brakes_of
from gigya_cheetah_assets.inbound.change_set import make_change_set
from gigya_cheetah_assets.inbound.complete import complete, put_away_processed
from gigya_cheetah_assets.inbound.import_reports import import_results
from gigya_cheetah_assets.inbound.offers import read_offer
from gigya_cheetah_assets.inbound.take import take
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.partitions import inbound_partitions
from gigya_cheetah_assets.resources import Connections
from gigya_cheetah_assets.store import folders


def inbound_assets(sync: Sync) -> list[dg.AssetsDefinition]:
    """The three assets of one sync."""
    table = FieldTable.from_sync(sync)
    return [_rows(sync, table), _change_set(sync, table), _updates(sync, table)]


def _rows(sync: Sync, table: FieldTable) -> dg.AssetsDefinition:
    own = key(sync, "inbound_rows")

    @dg.asset(
        key=own,
        deps=[key(sync, "cheetahmail_extract")],
        group_name=INBOUND,
        kinds={sync.staging.type, "parquet"},
        partitions_def=inbound_partitions(sync),
        retry_policy=NETWORK_RETRIES,
        check_specs=checks.specs(own, checks_inbound.ROWS, checks_inbound.ROWS_WARN),
        metadata={"dagster/column_schema": metadata_inbound.event_columns(table)},
        code_version=table.version,
        description="One file of CheetahMail's: fetched, verified, unpacked, parsed and typed. The rejects lie beside "
        "it, by line, column and reason; a file that is refused as a whole moves to `rejected` in the inbox.",
    )
    def inbound_rows(context: dg.AssetExecutionContext, connections: Connections) -> dg.MaterializeResult:
        with as_failures(), connections.staging(sync) as staging, connections.ledger() as ledger:
            offer = read_offer(connections.data, sync, context.partition_key)
            read = take(staging, sync, table, offer, data=connections.data, ledger=ledger, now=datetime.now(UTC))
            canary.look_for(sync, context.partition_key, read.kind, data=connections.data, now=datetime.now(UTC))
            if read.kind == "import_reports":
                for result in import_results(sync, context.partition_key, data=connections.data, ledger=ledger):
                    context.log_event(metadata_inbound.observed(key(sync, "cheetahmail_subscribers"), result))
        return dg.MaterializeResult(
            metadata={**metadata_inbound.of_read(read), **_place(connections, sync, folders.INBOUND_ROWS, context)},
            check_results=[
                checks_inbound.of_read(read),
                checks.of_reasons("rejects", [read.reasons]),
                checks.of_reasons("value_errors", [read.value_errors]),
                checks_inbound.of_columns(read),
            ],
        )

    return inbound_rows


def _change_set(sync: Sync, table: FieldTable) -> dg.AssetsDefinition:
    own = key(sync, "inbound_change_set")

    @dg.asset(
        key=own,
        deps=[key(sync, "inbound_rows"), key(sync, "gigya_accounts")],
        group_name=INBOUND,
        kinds={"gigya", "parquet"},
        partitions_def=inbound_partitions(sync),
        retry_policy=NETWORK_RETRIES,
        pool=f"{sync.name}_ledger",
        check_specs=checks.specs(own, checks_inbound.CHANGES, checks_inbound.CHANGES_WARN),
        code_version=table.version,
        description="What has to change in Gigya, field by field: the file's rows merged with the accounts as they are "
        "now and with what both sides last agreed on. What was left out stands there with its reason.",
    )
    def inbound_change_set(context: dg.AssetExecutionContext, connections: Connections) -> dg.MaterializeResult:
        with as_failures(), connections.gigya(sync) as client, connections.ledger() as ledger:
            made = make_change_set(
                client, sync, table, context.partition_key,
                data=connections.data, ledger=ledger, report=context.log.info,
            )  # fmt: skip
            results = checks_inbound.of_brakes(ledger, sync, context.partition_key, made)
        return dg.MaterializeResult(
            metadata={
                **metadata_inbound.of_change_set(made, brakes_of(made, sync.limits)),
                **_place(connections, sync, folders.CHANGE_SET, context),
            },
            check_results=[
                *results,
                checks_inbound.of_change_set(made),
                checks.of_reasons("rejects", [made.reasons]),
            ],
        )

    return inbound_change_set


def _updates(sync: Sync, table: FieldTable) -> dg.AssetsDefinition:
    own = key(sync, "gigya_account_updates")

    @dg.asset(
        key=own,
        deps=[key(sync, "inbound_change_set")],
        group_name=INBOUND,
        kinds={"gigya"},
        partitions_def=inbound_partitions(sync),
        retry_policy=NETWORK_RETRIES,
        pool=f"{sync.name}_ledger",
        check_specs=checks.specs(own, checks_inbound.UPDATES, checks_inbound.UPDATES_WARN),
        code_version=table.version,
        description="The fate of each change: applied, unchanged, rejected with Gigya's code, or parked. Afterwards "
        "the file moves to `processed` in the inbox, beside a result file.",
    )
    def gigya_account_updates(context: dg.AssetExecutionContext, connections: Connections) -> dg.MaterializeResult:
        with as_failures(), connections.gigya(sync) as client, connections.ledger() as ledger:
            updates = complete(
                client, sync, table, context.partition_key,
                data=connections.data, ledger=ledger, report=context.log.info,
            )  # fmt: skip
        with as_failures(), connections.staging(sync) as staging:
            away = put_away_processed(staging, sync, context.partition_key, data=connections.data)
        return dg.MaterializeResult(
            metadata={
                **metadata_inbound.of_updates(updates),
                **metadata_inbound.of_put_away(away),
                **_place(connections, sync, folders.UPDATES, context),
            },
            check_results=[
                checks_inbound.of_updates(updates),
                checks.of_reasons("rejects", [updates.reasons]),
            ],
        )

    return gigya_account_updates


def _place(connections: Connections, sync: Sync, asset: str, context: dg.AssetExecutionContext) -> metadata.Metadata:
    return metadata.place(folders.asset_folder(connections.data, sync.name, asset, context.partition_key))
