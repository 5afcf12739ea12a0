"""Two memberships side by side: who joins, who leaves, and which condition flipped.

Plain functions on frames of some people, the same in each frame. A reason is a condition of the filter, or one of the
constants here where no condition tells.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.segments.filter import MOST_CONDITIONS

MEMBERS = pa.schema([("uid", pa.string()), ("email", pa.string()), ("new", pa.bool_())])
"""Who satisfies the filter: the key, the address, whether the account was created since the last delivery."""
WATCHED = pa.schema([("uid", pa.string()), ("held", pa.int64())])
"""Who nearly does: a bit for each condition that holds; all of them for somebody who could not be delivered, with
`OUTSIDE` for somebody whom the record filter leaves out."""
CHANGES = pa.schema([("uid", pa.string()), ("email", pa.string()), ("reason", pa.string())])
FIRST = "first delivery"
NEW = "new account"
FILTER = "the filter changed"
SEVERAL = "several conditions"
UNUSABLE = "key or e-mail address"
RECORD_FILTER = "record_filter"
GONE = "account gone, or outside of gigya.where"
UNTOLD = "not told apart"
BETWEEN = "; "
"""Between several conditions that flipped together."""
OUTSIDE = 1 << MOST_CONDITIONS
"""The bit beside those of the conditions."""


@dataclass(frozen=True)
class Reasons:
    """Says which condition flipped.

    Attributes:
        conditions: The top-level conditions of the filter, as bits from the lowest.
        first: Whether nothing was delivered before.
        same_filter: Whether the last delivery had these conditions.
        watched: Whether near misses of the last delivery are known.
    """

    conditions: tuple[str, ...]
    first: bool
    same_filter: bool
    watched: bool

    @property
    def everything(self) -> int:
        """The bits of somebody of whom all conditions hold."""
        return (1 << len(self.conditions)) - 1

    def of_join(self, held_before: int | None, *, new: bool) -> str:
        """Which conditions began to hold.

        Args:
            held_before: What held by the last delivery; None where it is not known.
            new: Whether the account was created since.
        """
        if self.first:
            return FIRST
        if held_before is not None and held_before & OUTSIDE:
            return RECORD_FILTER
        if held_before is not None and self.same_filter:
            return UNUSABLE if held_before == self.everything else self._failing(held_before)
        if new or not self.same_filter:
            return NEW if new else FILTER
        return self._of_somebody_unwatched()

    def of_leave(self, held_now: int | None) -> str:
        """Which conditions ceased to hold; None for an account that the site does not have any more."""
        if held_now is None:
            return GONE
        if held_now & OUTSIDE:
            return RECORD_FILTER
        return self._failing(held_now) if held_now != self.everything else UNTOLD

    def _of_somebody_unwatched(self) -> str:
        """Had only one condition of several failed, it would be known."""
        if len(self.conditions) == 1:
            return self.conditions[0]
        if not self.watched:
            return UNTOLD
        return BETWEEN.join(self.conditions) if len(self.conditions) == 2 else SEVERAL

    def _failing(self, held: int) -> str:
        return BETWEEN.join(text for place, text in enumerate(self.conditions) if not held >> place & 1)


def joins(members: pa.Table, before: pa.Table, watched_before: pa.Table, reasons: Reasons) -> pa.Table:
    """Members who were none, as a table of `CHANGES`.

    Args:
        members: Now, a table of `MEMBERS`.
        before: By the last delivery: uid and email.
        watched_before: Near misses by the last delivery, a table of `WATCHED`.
        reasons: Names the conditions.
    """
    joined = members.filter(pc.invert(_among(members["uid"], before["uid"])))
    held = _held(joined["uid"], watched_before)
    told = [reasons.of_join(bits, new=new) for bits, new in zip(held, joined["new"].to_pylist(), strict=True)]
    return _changes(joined["uid"], joined["email"], told)


def leaves(
    members: pa.Table,
    before: pa.Table,
    watched: pa.Table,
    reasons: Reasons,
    held_by_key: Callable[[Sequence[str]], pa.Table],
) -> pa.Table:
    """Members of the last delivery who are none any more, as a table of `CHANGES`.

    Args:
        members: Now, a table of `MEMBERS`.
        before: By the last delivery: uid and email.
        watched: Near misses now, a table of `WATCHED`.
        reasons: Names the conditions.
        held_by_key: Reads those who are no near misses either: a table of `WATCHED` without those who are gone.
    """
    left = before.filter(pc.invert(_among(before["uid"], members["uid"])))
    near = _held(left["uid"], watched)
    far = [uid for uid, bits in zip(left["uid"].to_pylist(), near, strict=True) if bits is None]
    read = _held(left["uid"], held_by_key(far)) if far else near
    told = [
        UNUSABLE if bits == reasons.everything else reasons.of_leave(other if bits is None else bits)
        for bits, other in zip(near, read, strict=True)
    ]
    return _changes(left["uid"], left["email"], told)


def _held(uids: pa.ChunkedArray, watched: pa.Table) -> list[int | None]:
    at = pc.index_in(uids, value_set=watched["uid"].combine_chunks())
    found: list[int | None] = watched["held"].take(at).to_pylist()
    return found


def _among(uids: pa.ChunkedArray, others: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.is_in(uids, value_set=others.combine_chunks())


def _changes(uids: pa.ChunkedArray, emails: pa.ChunkedArray, told: list[str]) -> pa.Table:
    return pa.table([uids, emails, pa.array(told, pa.string())], schema=CHANGES)
