"""Sensors: the inbox becomes partitions and runs, deliveries become observations of CheetahMail's list.

What a look at the inbox means is decided in `inbound.inbox`. A listing that fails is a failed tick with its reason.
https://docs.dagster.io/guides/automate/sensors
"""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

from gigya_cheetah_assets import metadata_inbound
from gigya_cheetah_assets.assets.names import key
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.config.files import InboundFiles
from gigya_cheetah_assets.failures import as_failures
from gigya_cheetah_assets.inbound.inbox import Look, look
from gigya_cheetah_assets.partitions import inbound_partitions
from gigya_cheetah_assets.resources import Connections

DELIVERY_SECONDS = 15
MOST_DELIVERIES = 100


def inbox_sensor(sync: Sync, files: InboundFiles, job: dg.UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """Requests a run for each file that stands ready in the inbox."""
    partitions = inbound_partitions(sync)

    @dg.sensor(
        name=f"{sync.name}_inbox_sensor",
        job=job,
        minimum_interval_seconds=files.defaults.look_seconds,
        default_status=_status(sync),
        description=f"Looks into {sync.staging.inbox}: a file that is complete becomes a partition and a run.",
    )
    def sensor(context: dg.SensorEvaluationContext, connections: Connections) -> dg.SensorResult:
        with as_failures(), connections.staging(sync) as staging:
            seen = look(staging, sync, files, context.cursor, data=connections.data, now=datetime.now(UTC))
        context.log.info(metadata_inbound.told(seen))
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=offer.run_key, partition_key=offer.partition) for offer in seen.offers],
            dynamic_partitions_requests=[partitions.build_add_request([offer.partition for offer in seen.offers])]
            if seen.offers
            else [],
            asset_events=_events(sync, seen),
            cursor=seen.cursor,
            skip_reason=None if seen.offers else dg.SkipReason(metadata_inbound.told(seen)),
        )

    return sensor


def _events(sync: Sync, seen: Look) -> list[dg.AssetMaterialization | dg.AssetObservation]:
    """A materialization of the extract for each new file, an observation for what is odd."""
    extract = key(sync, "cheetahmail_extract")
    arrived = [
        dg.AssetMaterialization(extract, metadata=metadata_inbound.of_offer(offer), description="a file in the inbox")
        for offer in seen.fresh
    ]
    if not seen.decision.oddities:
        return [*arrived]
    return [*arrived, dg.AssetObservation(extract, metadata=metadata_inbound.of_oddities(seen.decision))]


def delivery_sensor(sync: Sync) -> dg.SensorDefinition:
    """Reports each delivery on CheetahMail's list, since that is where the files go next."""
    delivered = key(sync, "staged_import_files")

    @dg.sensor(
        name=f"{sync.name}_delivery_sensor",
        minimum_interval_seconds=DELIVERY_SECONDS,
        default_status=_status(sync),
        description="Reports what staged_import_files delivered as observations of cheetahmail_subscribers.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        # Not @asset_sensor: that sees the latest materialization only, and a backfill makes many between two ticks.
        found = context.instance.fetch_materializations(
            dg.AssetRecordsFilter(asset_key=delivered, after_storage_id=int(context.cursor or 0)),
            limit=MOST_DELIVERIES,
            ascending=True,
        ).records
        if not found:
            return dg.SensorResult(skip_reason=dg.SkipReason("nothing was delivered since the last look"))
        materialized = [(record.partition_key, record.asset_materialization) for record in found]
        return dg.SensorResult(
            asset_events=[
                dg.AssetObservation(
                    key(sync, "cheetahmail_subscribers"),
                    description=f"window {window} was delivered for its import",
                    metadata=metadata_inbound.of_delivered(window, event.metadata),
                )
                for window, event in materialized
                if event is not None
            ],
            cursor=str(found[-1].storage_id),
        )

    return sensor


def _status(sync: Sync) -> dg.DefaultSensorStatus:
    running = sync.automation == "running"
    return dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED
