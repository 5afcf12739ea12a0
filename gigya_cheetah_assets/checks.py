"""Asset checks: their names, whether they block, and how summaries become results.

A blocking check stops what comes after it in the same run; the step that delivers looks at the brakes again
itself, since blocking does not hold from one run to the next.
https://docs.dagster.io/guides/test/asset-checks
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import dagster as dg

from gigya_cheetah_assets import metadata
from gigya_cheetah_assets.outbound.brakes import Brake
from gigya_cheetah_assets.outbound.summary import DeliverySummary, ProfilesSummary, RowsSummary
from gigya_cheetah_assets.schemas import DUPLICATE_KEYS
from gigya_cheetah_assets.store.summary import Reasons, merged

Summary = TypeVar("Summary", ProfilesSummary, RowsSummary, DeliverySummary)

PROFILES = {
    "columns": "The profiles have exactly the columns of the field table, with their types.",
    "keys": "Each profile has a UID, and none stands twice.",
    "volume": "The window did not shrink beyond `limits.max_volume_drop`.",
}
PROFILES_WARN = {
    "records": "Accounts that break the profiles' schema, by column and reason.",
    "shared_emails": "Accounts that share an e-mail address, which CheetahMail knows people by.",
}
ROWS = {
    "columns": "The rows have exactly the columns of the field table.",
    "keys": "Each row has a key, and none stands twice.",
    "reject_share": "Rejects stay within `limits.max_reject_share`.",
    "opt_out_share": "Known people who turned to opt-out stay within `limits.max_opt_out_share`.",
    "opt_in_share": "Known people who turned to opt-in stay within `limits.max_opt_in_share`.",
    "count_identity": "read = delivered + unchanged + filtered + rejected.",
}
ROWS_WARN = {
    "rejects": "Records that may not go on, by column and reason; they are kept beside the rows.",
    "value_errors": "Values that broke their type, date or length, by column and reason.",
}
FILES = {"count_identity": "read = delivered + unchanged + filtered + rejected."}


def specs(
    asset: dg.AssetKey, blocking: dict[str, str], warning: dict[str, str] | None = None
) -> list[dg.AssetCheckSpec]:
    """The checks of one asset."""
    return [
        *(dg.AssetCheckSpec(n, asset=asset, blocking=True, description=text) for n, text in blocking.items()),
        *(dg.AssetCheckSpec(n, asset=asset, description=text) for n, text in (warning or {}).items()),
    ]


def of_problems(problems: dict[str, list[str]]) -> list[dg.AssetCheckResult]:
    """`columns` and `keys`: what the schema said of the whole frame, by window."""
    lines = [(window, text) for window, texts in problems.items() for text in texts]
    keys = [line for line in lines if line[1].startswith(DUPLICATE_KEYS)]
    columns = [line for line in lines if line not in keys]
    found = {"columns": columns, "keys": keys}
    return [
        dg.AssetCheckResult(
            check_name=name,
            passed=not bad,
            metadata={"found": len(bad), "problems": metadata.listed([f"{window}: {text}" for window, text in bad])},
        )
        for name, bad in found.items()
    ]


def of_brakes(brakes: dict[str, list[Brake]], released: Callable[[str, str], bool]) -> list[dg.AssetCheckResult]:
    """One result a brake over all windows of the run; a brake that a person released passes and says so."""
    names = dict.fromkeys(brake.name for found in brakes.values() for brake in found)
    return [_brake(name, brakes, released) for name in names]


def _brake(name: str, brakes: dict[str, list[Brake]], released: Callable[[str, str], bool]) -> dg.AssetCheckResult:
    found = [(window, brake) for window, all_of_it in brakes.items() for brake in all_of_it if brake.name == name]
    broken = [(window, brake) for window, brake in found if not brake.holds]
    still = [window for window, _ in broken if not released(window, name)]
    measured = [brake.found for _, brake in found if brake.found is not None]
    return dg.AssetCheckResult(
        check_name=name,
        passed=not still,
        metadata={
            "figures": metadata.listed([f"{window}: {brake.explanation}" for window, brake in found]),
            "limit": found[0][1].limit,
            "released_by_a_person": len(broken) - len(still),
            **({"found": max(measured)} if measured else {}),
        },
    )


def of_identity(summaries: Sequence[RowsSummary] | Sequence[DeliverySummary]) -> dg.AssetCheckResult:
    """Whether no record vanished."""
    wrong = [s.window for s in summaries if s.read != _gone_on(s) + s.unchanged + s.filtered + s.rejected]
    return dg.AssetCheckResult(
        check_name="count_identity",
        passed=not wrong,
        metadata={
            "read": sum(s.read for s in summaries),
            "delivered": sum(map(_gone_on, summaries)),
            "unchanged": sum(s.unchanged for s in summaries),
            "filtered": sum(s.filtered for s in summaries),
            "rejected": sum(s.rejected for s in summaries),
            "windows_that_do_not_add_up": metadata.listed(wrong),
        },
    )


def _gone_on(summary: RowsSummary | DeliverySummary) -> int:
    return summary.changed if isinstance(summary, RowsSummary) else summary.delivered


def of_reasons(name: str, reasons: Sequence[Reasons]) -> dg.AssetCheckResult:
    """A warning with counts by column and reason; passed when there are none."""
    total = merged(*reasons)
    count = sum(sum(counts.values()) for counts in total.values())
    return dg.AssetCheckResult(
        check_name=name,
        passed=not count,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"records": count, **metadata.by_reason(total)},
    )


def of_shared_emails(summaries: Sequence[ProfilesSummary]) -> dg.AssetCheckResult:
    """A warning with the number of accounts that share an address."""
    count = sum(summary.shared_emails for summary in summaries)
    return dg.AssetCheckResult(
        check_name="shared_emails",
        passed=not count,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"accounts": count, "where": "shared_emails.parquet beside the profiles (UIDs only)"},
    )
