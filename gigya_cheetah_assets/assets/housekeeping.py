"""The asset `retention`: personal data on this disk that has become too old is removed, once a day.

Dagster reads the annotations of the function at run time, so they are not postponed here.
"""

from datetime import UTC, datetime

import dagster as dg

from gigya_cheetah_assets.assets.names import HOUSEKEEPING, key
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.failures import as_failures
from gigya_cheetah_assets.metadata import Metadata, markdown
from gigya_cheetah_assets.resources import Connections
from gigya_cheetah_assets.retention import RetentionReport, remove_expired

_MB = 1_000_000


def retention_asset(sync: Sync) -> dg.AssetsDefinition:
    """The asset of one sync."""
    own = key(sync, "retention")

    @dg.asset(
        key=own,
        group_name=HOUSEKEEPING,
        kinds={"parquet"},
        # Never while a delivery or an update of this sync reads what might be removed.
        pool=f"{sync.name}_ledger",
        check_specs=[
            dg.AssetCheckSpec(
                "nothing_overdue",
                asset=own,
                description="No window and no inbound file is older than `retention_days` and has not come to its end.",
            )
        ],
        description=f"Local copies and Parquet of personal data older than {sync.retention_days} days "
        "(`retention_days`), removed unless a window or a file that has not come to its end needs them.",
    )
    def retention(connections: Connections) -> dg.MaterializeResult:
        with as_failures(), connections.ledger() as ledger:
            report = remove_expired(sync, data=connections.data, ledger=ledger, now=datetime.now(UTC))
        return dg.MaterializeResult(metadata=_metadata(report), check_results=[_check(report)])

    return retention


def _metadata(report: RetentionReport) -> Metadata:
    lines = [
        [asset, gone.partitions, gone.size.files, f"{gone.size.bytes / _MB:.1f}"]
        for asset, gone in report.removed.items()
    ]
    return {
        "partitions": sum(gone.partitions for gone in report.removed.values()),
        "files": sum(gone.size.files for gone in report.removed.values()),
        "megabytes": round(sum(gone.size.bytes for gone in report.removed.values()) / _MB, 1),
        "written_before": f"{report.before:%Y-%m-%d %H:%M} UTC",
        "removed": markdown(["asset", "partitions", "files", "MB"], lines),
        **{f"kept: {reason}": count for reason, count in sorted(report.kept.items())},
    }


def _check(report: RetentionReport) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name="nothing_overdue",
        passed=report.overdue == 0,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"overdue": report.overdue},
    )
