"""The segment assets: `segment_members` -> `staged_segment_file`, a partition a segment.

Dagster reads the annotations of the functions at run time, so they are not postponed here.
"""

from datetime import UTC, datetime

import dagster as dg

from gigya_cheetah_assets import checks, checks_segments, metadata
from gigya_cheetah_assets.assets.names import SEGMENTS, key
from gigya_cheetah_assets.config import Segment, Sync
from gigya_cheetah_assets.failures import NETWORK_RETRIES, as_failures
from gigya_cheetah_assets.outbound import brakes
from gigya_cheetah_assets.outbound.same_site import site_brake
from gigya_cheetah_assets.partitions import segment_partitions
from gigya_cheetah_assets.resources import Connections
from gigya_cheetah_assets.segments.brake import partition, segment_change
from gigya_cheetah_assets.segments.deliver import SegmentDelivering
from gigya_cheetah_assets.segments.members import find_members
from gigya_cheetah_assets.store import folders


def segment_assets(sync: Sync) -> list[dg.AssetsDefinition]:
    """The two assets of one sync, which has segments."""
    by_name = {segment.name: segment for segment in sync.segments}
    return [_members(sync, by_name), _file(sync, by_name)]


def _members(sync: Sync, by_name: dict[str, Segment]) -> dg.AssetsDefinition:
    own = key(sync, "segment_members")

    @dg.asset(
        key=own,
        deps=[key(sync, "gigya_accounts")],
        group_name=SEGMENTS,
        kinds={"gigya", "parquet"},
        partitions_def=segment_partitions(sync),
        retry_policy=NETWORK_RETRIES,
        check_specs=checks.specs(own, checks_segments.MEMBERS, checks_segments.MEMBERS_WARN),
        metadata={"segments": checks_segments.segment_table(sync)},
        description="The accounts that satisfy a segment's filter now, and who joined and left since its last "
        "delivery, each with the condition that flipped. Rejects and near misses lie beside them.",
    )
    def segment_members(context: dg.AssetExecutionContext, connections: Connections) -> dg.MaterializeResult:
        segment = by_name[context.partition_key]
        with as_failures(), connections.gigya(sync) as client, connections.ledger() as ledger:
            found = find_members(client, sync, segment, ledger, data=connections.data, now=datetime.now(UTC))
            brake = segment_change(found, segment, sync.limits)
            released = ledger.is_released(sync.name, partition(segment.name, found.delivery).stamp, brake.name)
        return dg.MaterializeResult(
            metadata={
                **checks_segments.of_members(found),
                **_place(connections, sync, folders.SEGMENT_MEMBERS, segment),
            },
            check_results=[
                *checks.of_brakes({segment.name: [brake]}, lambda *_: released),
                checks_segments.of_identity(found),
                checks.of_reasons("rejects", [found.reasons]),
            ],
        )

    return segment_members


def _file(sync: Sync, by_name: dict[str, Segment]) -> dg.AssetsDefinition:
    own = key(sync, "staged_segment_file")

    @dg.asset(
        key=own,
        deps=[key(sync, "segment_members")],
        group_name=SEGMENTS,
        kinds={sync.staging.type, "csv"},
        partitions_def=segment_partitions(sync),
        retry_policy=NETWORK_RETRIES,
        pool=f"{sync.name}_ledger",
        check_specs=checks.specs(own, checks_segments.FILE),
        description="Joins and leaves since the last delivery, or all members, in the outbox; or, of a segment with a "
        "flag column alone, who has to be told by the next window. A copy of the file lies beside the asset.",
    )
    def staged_segment_file(context: dg.AssetExecutionContext, connections: Connections) -> dg.MaterializeResult:
        segment = by_name[context.partition_key]
        with as_failures(), connections.ledger() as ledger:
            delivering = SegmentDelivering(sync, segment, ledger, data=connections.data)
            braked = partition(segment.name, delivering.found.delivery)
            found = [site_brake(ledger, sync), segment_change(delivering.found, segment, sync.limits)]
            brakes.refuse_if_braked(ledger, sync.name, braked, found)
            delivered = delivering.run(lambda: connections.staging(sync))
        return dg.MaterializeResult(
            metadata={
                **checks_segments.of_delivery(delivered),
                **_place(connections, sync, folders.SEGMENT_FILE, segment),
            },
            check_results=[checks_segments.of_identity(delivered)],
        )

    return staged_segment_file


def _place(connections: Connections, sync: Sync, asset: str, segment: Segment) -> metadata.Metadata:
    return metadata.place(folders.asset_folder(connections.data, sync.name, asset, segment.name))
