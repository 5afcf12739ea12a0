"""Checks of the inbound assets: their names, whether they block, and how summaries become results.

What blocks does so within one run; the step that calls Gigya looks at the brakes again itself.
"""

from __future__ import annotations

import dagster as dg

from gigya_cheetah_assets import metadata
from gigya_cheetah_assets.inbound.read import InboundRead

ROWS = {"count_identity": "rows = events + rejected + ignored."}
ROWS_WARN = {
    "rejects": "Rows that may not go on, by column and reason; they are kept beside the events.",
    "value_errors": "Values that broke their type, date or length, by column and reason; they say nothing.",
    "columns": "The file has no column that nobody reads, as it has after CheetahMail changed its export.",
}


def of_read(read: InboundRead) -> dg.AssetCheckResult:
    """Whether no row of the file vanished."""
    ignored = sum(read.ignored.values())
    return dg.AssetCheckResult(
        check_name="count_identity",
        passed=read.rows == read.events + read.rejected + ignored,
        metadata={"rows": read.rows, "events": read.events, "rejected": read.rejected, "ignored": ignored},
    )


def of_columns(read: InboundRead) -> dg.AssetCheckResult:
    """A warning when the file's columns have drifted from those of the sync. Unknown names stay unnamed."""
    return dg.AssetCheckResult(
        check_name="columns",
        passed=not read.unknown_columns,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "columns_that_nobody_reads": len(read.unknown_columns),
            "columns_of_the_sync_that_it_lacks": metadata.listed(read.absent_columns),
        },
    )
