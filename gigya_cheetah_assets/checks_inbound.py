"""Checks of the inbound assets: their names, whether they block, and how summaries become results.

What blocks does so within one run; the step that calls Gigya looks at the brakes again itself.
"""

from __future__ import annotations

import dagster as dg

from gigya_cheetah_assets import checks, metadata
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.inbound.change_counts import ChangeSetSummary, brakes_of
from gigya_cheetah_assets.inbound.read import InboundRead
from gigya_cheetah_assets.inbound.updates import UpdatesSummary
from gigya_cheetah_assets.ledger import Ledger

ROWS = {"count_identity": "rows = events + rejected + ignored."}
ROWS_WARN = {
    "rejects": "Rows that may not go on, by column and reason; they are kept beside the events.",
    "value_errors": "Values that broke their type, date or length, by column and reason; they say nothing.",
    "columns": "The file has no column that nobody reads, as it has after CheetahMail changed its export.",
}

CHANGES = {
    "reject_share": "Rejects stay within `limits.max_reject_share`.",
    "opt_out_share": "Opt-outs stay within `limits.max_opt_out_share` of all people known.",
    "opt_in_share": "Opt-ins after an opt-out stay within `limits.max_opt_in_share` of all people known.",
    "blank_share": "Emptied values stay within `limits.max_blank_share` of all people known.",
    "created": "New accounts stay within `limits.max_created`; none unless `create_accounts` says so.",
    "count_identity": "events = planned + rejected + parked + ignored.",
}
CHANGES_WARN = {
    "rejects": "Rows that may not go on, by column and reason; they are kept beside the changes.",
}
UPDATES = {"count_identity": "accounts = applied + unchanged + rejected + parked."}
UPDATES_WARN = {
    "rejects": "Accounts that Gigya refused to change, by its field and code.",
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


def of_brakes(ledger: Ledger, sync: Sync, partition: str, made: ChangeSetSummary) -> list[dg.AssetCheckResult]:
    """The brakes of a change set; one that a person released passes and says so."""
    found = {partition: brakes_of(made, sync.limits)}
    return checks.of_brakes(found, lambda file, brake: ledger.is_released(sync.name, file, brake))


def of_change_set(made: ChangeSetSummary) -> dg.AssetCheckResult:
    """Whether no row vanished between reading and merging."""
    ignored = sum(made.ignored.values())
    return dg.AssetCheckResult(
        check_name="count_identity",
        passed=made.events == made.planned + made.rejected + made.parked + ignored,
        metadata={
            "events": made.events,
            "planned": made.planned,
            "rejected": made.rejected,
            "parked": made.parked,
            "ignored": ignored,
        },
    )


def of_updates(done: UpdatesSummary) -> dg.AssetCheckResult:
    """Whether each account has a fate."""
    fates = {
        "applied": done.applied,
        "unchanged": done.unchanged,
        "rejected": done.rejected,
        "parked": done.parked,
    }
    return dg.AssetCheckResult(
        check_name="count_identity",
        passed=done.items == sum(fates.values()),
        metadata={"accounts": done.items, **fates},
    )
