"""Checks and metadata of deletions: counts of accounts by what became of them, never who."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg
import msgspec

from gigya_cheetah_assets.deletions.summary import DeletionFileSummary, DeletionsSummary
from gigya_cheetah_assets.metadata import Metadata, by_reason, listed, markdown

FOUND = {
    "columns": "The deletions have exactly their columns, with their types.",
    "keys": "Each deletion has a UID, and none stands twice.",
    "deletion_share": "Known people who were deleted stay within `limits.max_deletion_share`.",
    "count_identity": "read = failed + nameless + repeated + alive + rejected + erased + deleted.",
}
FOUND_WARN = {"rejects": "Records whose UID is none, by reason; they are kept beside the deletions."}
FILE = {"count_identity": "read = delivered + never delivered + told before."}
_COLUMNS = {
    "uid": ("text", "UID of the account, or token of a lite account"),
    "deleted_at": ("time in ms", "when it was deleted; of the stream, which tells no time, when that was found"),
    "reason": ("text", "the method that deleted it, or the stream"),
    "successor": ("text", "UID of the account that has its address now"),
    "taken": ("list of int64", "hashes of former addresses of hers that somebody else has now"),
}
COLUMNS = dg.TableSchema(
    columns=[dg.TableColumn(name=name, type=kind, description=text) for name, (kind, text) in _COLUMNS.items()]
)
_FOUND_PARTS = ("failed", "nameless", "repeated", "alive", "rejected", "erased", "deleted")
_FILE_PARTS = ("delivered", "never_delivered", "told_before")


def of_found(found: DeletionsSummary) -> Metadata:
    """What `gigya_deletions` shows of one window."""
    return {
        "dagster/row_count": found.deleted,
        **{name: getattr(found, name) for name in ("read", *_FOUND_PARTS)},
        "known_to_cheetahmail": found.known,
        "people_known": found.population,
        "source": found.source,
        "query": found.query,
        **by_reason(found.reasons),
    }


def of_delivery(told: DeletionFileSummary) -> Metadata:
    """What `staged_deletion_file` shows of one window."""
    files = [[file.name, file.rows, file.bytes, file.sha256[:12]] for file in told.files]
    return {
        "dagster/row_count": told.delivered + told.former_addresses,
        **{name: getattr(told, name) for name in ("read", *_FILE_PARTS, "former_addresses", "readdressed")},
        "files": markdown(["name", "rows", "bytes", "sha256"], files),
        "manifests": dg.MetadataValue.json([msgspec.to_builtins(manifest) for manifest in told.files]),
        "ledger_revision": told.revision,
    }


def found_identity(summaries: Sequence[DeletionsSummary]) -> dg.AssetCheckResult:
    """Whether no record of the source vanished."""
    return _identity(summaries, _FOUND_PARTS)


def delivery_identity(summaries: Sequence[DeletionFileSummary]) -> dg.AssetCheckResult:
    """Whether no deletion vanished."""
    return _identity(summaries, _FILE_PARTS)


def _identity(
    summaries: Sequence[DeletionsSummary] | Sequence[DeletionFileSummary], parts: Sequence[str]
) -> dg.AssetCheckResult:
    wrong = [s.window for s in summaries if s.read != sum(getattr(s, name) for name in parts)]
    return dg.AssetCheckResult(
        check_name="count_identity",
        passed=not wrong,
        metadata={
            **{name: sum(getattr(s, name) for s in summaries) for name in ("read", *parts)},
            "windows_that_do_not_add_up": listed(wrong),
        },
    )
