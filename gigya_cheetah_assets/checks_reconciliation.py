"""Checks and metadata of `reconciliation`: counts of people and columns by verdict, never who."""

from __future__ import annotations

import dagster as dg

from gigya_cheetah_assets.metadata import Metadata, by_reason, markdown
from gigya_cheetah_assets.reconciliation.classify import AGREEING, CONFLICTING, MAILED_WITHOUT_OPT_IN
from gigya_cheetah_assets.reconciliation.run import ReconciliationSummary

WARN = {
    "mailed_without_opt_in": "Nobody is opted in at CheetahMail whose opt-in is not valid in Gigya.",
    "conflicts": "No column holds a value at CheetahMail that was never agreed on.",
    "subscribers_without_uid": "Each subscriber of the extract names a UID, and none stands twice.",
}


def metadata_of(found: ReconciliationSummary) -> Metadata:
    """What the asset shows."""
    people = sum(found.people.values())
    pairs = [[name, pair, count] for name, pairs in found.states.items() for pair, count in pairs.items()]
    return {
        "dagster/row_count": people,
        "accounts": found.accounts,
        "subscribers": found.subscribers,
        **found.people,
        "agreeing_share": round(found.people.get(AGREEING, 0) / people, 4) if people else 1.0,
        "full_extract": found.extract,
        "full_extract_read_at": found.extract_read_at,
        "states": markdown(["subscription", "Gigya / CheetahMail", "people"], pairs),
        "open_corrections": found.open_corrections,
        **{f"differs: {name}": count for name, count in by_reason(found.columns).items()},
    }


def results(found: ReconciliationSummary) -> list[dg.AssetCheckResult]:
    """The checks' results."""
    mailed = sum(verdicts.get(MAILED_WITHOUT_OPT_IN, 0) for verdicts in found.columns.values())
    conflicts = sum(verdicts.get(CONFLICTING, 0) for verdicts in found.columns.values())
    return [
        _result("mailed_without_opt_in", mailed, dg.AssetCheckSeverity.ERROR),
        _result("conflicts", conflicts, dg.AssetCheckSeverity.WARN),
        _result("subscribers_without_uid", found.without_uid + found.repeated, dg.AssetCheckSeverity.WARN),
    ]


def _result(name: str, count: int, severity: dg.AssetCheckSeverity) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(check_name=name, passed=not count, severity=severity, metadata={"found": count})
