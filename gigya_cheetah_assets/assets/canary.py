"""The asset `canary`, for syncs that name one: today's value is written once a day, its return looked at every hour.

Dagster reads the annotations of the function at run time, so they are not postponed here.
"""

from datetime import UTC, datetime

import dagster as dg

from gigya_cheetah_assets.assets.names import CONSENT, key
from gigya_cheetah_assets.clock import canary as flights
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.config.files import Canary
from gigya_cheetah_assets.failures import NETWORK_RETRIES, as_failures
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.resources import Connections


def canary_asset(sync: Sync, canary: Canary) -> dg.AssetsDefinition:
    """The asset of one sync."""
    own = key(sync, "canary")
    table = FieldTable.from_sync(sync)

    @dg.asset(
        key=own,
        group_name=CONSENT,
        kinds={"gigya"},
        retry_policy=NETWORK_RETRIES,
        check_specs=[
            dg.AssetCheckSpec(
                "returns",
                asset=own,
                description="What was written came back from CheetahMail within 48 hours: both directions move.",
            )
        ],
        description="A test person of our own whose value changes every day. It takes the way of every change, out and "
        "back, so its return tells a feed without events from a feed that does not come.",
    )
    def canary_flight(connections: Connections) -> dg.MaterializeResult:
        now = datetime.now(UTC)
        with as_failures(), connections.gigya(sync) as client:
            flight = flights.send(client, sync, canary, table, data=connections.data, now=now)
        moments = {"returned": flight.returned, "sent": max(flight.sent.values(), default=None)}
        return dg.MaterializeResult(
            metadata={
                "out": len(flight.sent),
                **{name: dg.MetadataValue.timestamp(at) for name, at in moments.items() if at is not None},
            },
            check_results=[dg.AssetCheckResult(check_name="returns", passed=not flight.lost(now))],
        )

    return canary_flight
