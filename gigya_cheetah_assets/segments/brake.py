"""The brake on a sudden change of a segment, before its file is written; how brakes work is in `outbound.brakes`."""

from __future__ import annotations

from gigya_cheetah_assets.config import Limits, Segment
from gigya_cheetah_assets.outbound.brakes import Brake, Partition
from gigya_cheetah_assets.segments.summary import MembersSummary

NAME = "segment_change"
_FEWEST_MEMBERS = 20


def segment_change(summary: MembersSummary, segment: Segment, limits: Limits) -> Brake:
    """Joins and leaves beside the size that the last delivery left; the first delivery is compared with nothing."""
    limit = limits.max_segment_change if segment.max_segment_change is None else segment.max_segment_change
    before = summary.size_before
    if before is None or before < _FEWEST_MEMBERS:
        known = "nothing was delivered before" if before is None else f"only {before} members before"
        return Brake(NAME, None, limit, known)
    text = f"{summary.joins} joins and {summary.leaves} leaves, {before} members before"
    return Brake(NAME, min(1.0, (summary.joins + summary.leaves) / before), limit, text)


def partition(segment: str, delivery: int) -> Partition:
    """What is braked and released: the next delivery of a segment, and no later one."""
    return Partition(segment, f"segment {segment} {delivery}")
