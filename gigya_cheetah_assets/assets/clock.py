"""The asset `opt_out_clock`: what of people's opt-outs has not reached the other side yet, looked at every hour.

Dagster reads the annotations of the function at run time, so they are not postponed here.
"""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from gigya_cheetah_assets.assets.names import CONSENT, key
from gigya_cheetah_assets.clock.table import NOW
from gigya_cheetah_assets.clock.taking import take_reading
from gigya_cheetah_assets.clock.waiting import ClockReading, by_kind
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.failures import as_failures
from gigya_cheetah_assets.metadata import Metadata, markdown
from gigya_cheetah_assets.resources import Connections
from gigya_cheetah_assets.store import folders

WARNS, FAILS = 0.5, 0.9
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
        "daily feed that may hold some. Plotted over time: `open`, how many; `oldest_open_hours`, the age of the "
        "oldest; `share_of_time_used`, what the most pressing one has used of its time (1 is due, more is overdue).",
    )
    def opt_out_clock(connections: Connections) -> dg.MaterializeResult:
        target = folders.asset_folder(connections.data, sync.name, folders.CLOCK, NOW)
        with as_failures(), connections.ledger() as ledger, folders.building(target) as folder:
            reading = take_reading(sync, ledger, folder, data=connections.data, now=datetime.now(UTC))
        return dg.MaterializeResult(metadata=_metadata(reading, target), check_results=[check_of(reading)])

    return opt_out_clock


def _metadata(reading: ClockReading, table: Path) -> Metadata:
    lines = [
        [entry.what, entry.where, f"{entry.since:%Y-%m-%d %H:%M}", f"{entry.due:%Y-%m-%d %H:%M}"]
        for entry in reading.waiting[:_MOST_SHOWN]
    ]
    return {
        **_figures(reading),
        **{f"open: {what}": count for what, count in by_kind(reading.waiting).items()},
        **{f"open_of_people: {side}": count for side, count in reading.open.items()},
        "table": dg.MetadataValue.path(str(table)),
        **{f"closed_last_day: {side}": count for side, count in reading.closed.items()},
        **{f"slowest_hours: {side}": round(s / 3600, 2) for side, s in reading.slowest_seconds.items()},
        "earliest_due": markdown(["what", "where", "since (UTC)", "due (UTC)"], lines),
    }


def _figures(reading: ClockReading) -> Metadata:
    """What is plotted over time, on the asset and on its check."""
    return {
        "open": reading.open.total() + sum(entry.what != "opt_out" for entry in reading.waiting),
        "oldest_open_hours": round(reading.oldest_seconds / 3600, 2),
        "share_of_time_used": round(reading.spent, 3),
    }


def check_of(reading: ClockReading) -> dg.AssetCheckResult:
    """The check: a warning from `WARNS` of the time on, an error from `FAILS` on."""
    late = reading.spent >= FAILS
    return dg.AssetCheckResult(
        check_name="in_time",
        passed=reading.spent < WARNS,
        severity=dg.AssetCheckSeverity.ERROR if late else dg.AssetCheckSeverity.WARN,
        metadata=_figures(reading),
    )
