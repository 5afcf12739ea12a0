"""The asset `opt_out_clock`: what of people's opt-outs has not reached the other side yet, looked at every hour.

Dagster reads the annotations of the function at run time, so they are not postponed here.
"""

from datetime import UTC, datetime

import dagster as dg

from gigya_cheetah_assets.assets.names import CONSENT, key
from gigya_cheetah_assets.clock.waiting import ClockReading, by_kind, read_clock
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.failures import as_failures
from gigya_cheetah_assets.metadata import Metadata, markdown
from gigya_cheetah_assets.resources import Connections

_WARNS, _FAILS = 0.5, 0.9
_MOST_SHOWN = 25


def clock_asset(sync: Sync) -> dg.AssetsDefinition:
    """The asset of one sync."""
    own = key(sync, "opt_out_clock")
    upstream = ["staged_import_files", *(["gigya_account_updates"] if sync.inbound_files else [])]

    @dg.asset(
        key=own,
        deps=[key(sync, name) for name in upstream],
        group_name=CONSENT,
        kinds={"consent"},
        check_specs=[
            dg.AssetCheckSpec(
                "in_time",
                asset=own,
                description="Each opt-out reaches the other side in time: a warning at half of `opt_out_deadlines`, "
                "an error at nine tenths, before the due time.",
            )
        ],
        description="The clock of opt-outs: each one that the other side does not have yet, and each file, window and "
        "daily feed that may hold some.",
    )
    def opt_out_clock(connections: Connections) -> dg.MaterializeResult:
        with as_failures(), connections.ledger() as ledger:
            reading = read_clock(sync, ledger, data=connections.data, now=datetime.now(UTC))
        return dg.MaterializeResult(metadata=_metadata(reading), check_results=[_check(reading)])

    return opt_out_clock


def _metadata(reading: ClockReading) -> Metadata:
    lines = [
        [entry.what, entry.where, f"{entry.since:%Y-%m-%d %H:%M}", f"{entry.due:%Y-%m-%d %H:%M}"]
        for entry in reading.waiting[:_MOST_SHOWN]
    ]
    return {
        "open": len(reading.waiting),
        "oldest_open_hours": round(reading.oldest_seconds / 3600, 2),
        "share_of_time_used": round(reading.spent, 3),
        **{f"open: {what}": count for what, count in by_kind(reading.waiting).items()},
        **{f"closed_last_day: {side}": count for side, count in reading.closed.items()},
        **{f"slowest_hours: {side}": round(s / 3600, 2) for side, s in reading.slowest_seconds.items()},
        "earliest_due": markdown(["what", "where", "since (UTC)", "due (UTC)"], lines),
    }


def _check(reading: ClockReading) -> dg.AssetCheckResult:
    late = reading.spent >= _FAILS
    return dg.AssetCheckResult(
        check_name="in_time",
        passed=reading.spent < _WARNS,
        severity=dg.AssetCheckSeverity.ERROR if late else dg.AssetCheckSeverity.WARN,
        metadata={"share_of_time_used": round(reading.spent, 3), "open": len(reading.waiting)},
    )
