"""What each step of a segment counted, written as `summary.json` beside its data and shown as metadata in the UI."""

from __future__ import annotations

import msgspec

from gigya_cheetah_assets.cheetahmail import Manifest
from gigya_cheetah_assets.store.summary import Reasons


class MembersSummary(msgspec.Struct, kw_only=True, frozen=True):
    """What `segment_members` found; read = members + filtered + rejected.

    Attributes:
        segment: Its name.
        as_of: When the accounts were read, epoch ms.
        where: The filter as the sync file has it.
        conditions: Its top-level conditions.
        queries: What the site was asked; dates are filled in.
        read: Distinct accounts that the site gave.
        members: Accounts that satisfy the filter and can be told to CheetahMail.
        filtered: Accounts that do not satisfy it (near misses, and what only here could be decided), and those whom the
            record filter leaves out.
        rejected: Accounts that satisfy it and can not be told, by `reasons[column][reason]`.
        joins: Members who were none by the last delivery.
        leaves: Members of the last delivery who are none any more.
        join_reasons: Joins by the condition that began to hold.
        leave_reasons: Leaves by the condition that ceased to hold.
        size_before: Members by the last delivery; None before the first.
        delivered_as_of: When the members of the last delivery were read, epoch ms; None before the first.
        delivery: The revision that the next delivery will have.
        sample_size: Set in sample mode.
    """

    segment: str
    as_of: int
    where: str
    conditions: list[str]
    queries: list[str]
    read: int
    members: int
    filtered: int
    rejected: int
    reasons: Reasons
    joins: int
    leaves: int
    join_reasons: dict[str, int]
    leave_reasons: dict[str, int]
    size_before: int | None
    delivered_as_of: int | None
    delivery: int
    sample_size: int | None


class SegmentFileSummary(msgspec.Struct, kw_only=True, frozen=True):
    """What `staged_segment_file` delivered; read = delivered + unchanged + filtered + rejected.

    Attributes:
        delivered: Joins, or all members of a segment that is delivered in full.
        unchanged: Members whom CheetahMail knows as such already.
        leaves: Members of the delivery before who are none any more; they are not among those who were read.
        size: Members after it.
        overlaps: Members that each other segment of the sync shares, by its name.
        files: Their manifests; none where only the flag column tells.
        revision: Running number of the segment's deliveries.
    """

    segment: str
    as_of: int
    read: int
    delivered: int
    unchanged: int
    filtered: int
    rejected: int
    leaves: int
    size: int
    overlaps: dict[str, int]
    files: list[Manifest]
    revision: int
