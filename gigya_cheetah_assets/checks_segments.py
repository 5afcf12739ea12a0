"""Checks and metadata of segments: counts and conditions of the filter, never anything of a person."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg
import msgspec

from gigya_cheetah_assets import metadata
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.metadata import Metadata, markdown
from gigya_cheetah_assets.segments.brake import NAME
from gigya_cheetah_assets.segments.summary import MembersSummary, SegmentFileSummary

MEMBERS = {
    NAME: "Joins and leaves stay within `max_segment_change` of the members of the last delivery.",
    "count_identity": "read = members + filtered + rejected.",
}
MEMBERS_WARN = {"rejects": "Accounts that satisfy the filter but have no usable key or e-mail address, by reason."}
FILE = {"count_identity": "read = delivered + unchanged + filtered + rejected."}


def segment_table(sync: Sync) -> dg.MetadataValue:
    """The segments of a sync for people."""
    lines = [[s.name, f"`{s.where}`", s.deliver, s.every, s.flag_column or ""] for s in sync.segments]
    return markdown(["segment", "where", "deliver", "every", "flag column"], lines)


def of_members(found: MembersSummary) -> Metadata:
    """What `segment_members` shows of one segment."""
    return {
        "dagster/row_count": found.members,
        "size": found.members,
        "joins": found.joins,
        "leaves": found.leaves,
        "read": found.read,
        "filtered": found.filtered,
        "rejected": found.rejected,
        "as_of": _moment(found.as_of),
        "last_delivery_as_of": _moment(found.delivered_as_of) if found.delivered_as_of is not None else "never",
        "joins_by_condition": _by_condition(found.join_reasons),
        "leaves_by_condition": _by_condition(found.leave_reasons),
        **{f"joined: {reason}": count for reason, count in found.join_reasons.items()},
        **{f"left: {reason}": count for reason, count in found.leave_reasons.items()},
        "queries": markdown(["query"], [[f"`{query}`"] for query in found.queries]),
        **metadata.sample(found.sample_size),
    }


def of_delivery(delivered: SegmentFileSummary) -> Metadata:
    """What `staged_segment_file` shows of one segment."""
    files = [[f.name, f.rows, f.bytes, f"`{f.sha256}`"] for f in delivered.files]
    return {
        "dagster/row_count": delivered.size,
        "size": delivered.size,
        "delivered": delivered.delivered,
        "leaves": delivered.leaves,
        "unchanged": delivered.unchanged,
        "filtered": delivered.filtered,
        "rejected": delivered.rejected,
        "as_of": _moment(delivered.as_of),
        **{f"also in {name}": count for name, count in delivered.overlaps.items()},
        "files": markdown(["name", "rows", "bytes", "sha256"], files),
        "manifests": dg.MetadataValue.json([msgspec.to_builtins(manifest) for manifest in delivered.files]),
        "delivery": delivered.revision,
    }


def of_identity(counted: MembersSummary | SegmentFileSummary) -> dg.AssetCheckResult:
    """Whether nobody who was read vanished."""
    if isinstance(counted, MembersSummary):
        parts = {"members": counted.members}
    else:
        parts = {"delivered": counted.delivered, "unchanged": counted.unchanged}
    parts |= {"filtered": counted.filtered, "rejected": counted.rejected}
    return dg.AssetCheckResult(
        check_name="count_identity",
        passed=counted.read == sum(parts.values()),
        metadata={"read": counted.read, **parts},
    )


def _by_condition(reasons: dict[str, int]) -> dg.MetadataValue:
    return markdown(["condition", "accounts"], [[f"`{reason}`", count] for reason, count in reasons.items()])


def _moment(as_of: int) -> str:
    return f"{datetime.fromtimestamp(as_of / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
