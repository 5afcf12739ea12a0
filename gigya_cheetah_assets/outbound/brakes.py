"""Brakes: limits whose breach stops a window or an inbound file before anything is written.

A person releases a brake for one of them, with `gigya-cheetah release SYNC PARTITION BRAKE`. The figures of a window
are here, in `ledger_age` and in `same_site`, those of an inbound file in `inbound.change_counts`, those of a segment in
`segments.brake`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gigya_cheetah_assets.config import Limits
from gigya_cheetah_assets.errors import StopSync
from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.outbound.summary import ProfilesSummary, RowsSummary

BRAKES = (
    "ledger",
    "site",
    "volume",
    "reject_share",
    "opt_out_share",
    "opt_in_share",
    "blank_share",
    "created",
    "deletion_share",
    "segment_change",
)
WINDOWS_COMPARED = 24
_FEWEST_WINDOWS = 3
_SMALLEST_NORMAL = 20
_FEWEST_PEOPLE = 20


class Partition(NamedTuple):
    """A window, inbound file or segment: its key as a person types it, and its stamp, under which releases are kept."""

    key: str
    stamp: str


@dataclass(frozen=True)
class Brake:
    """One limit and what was found.

    Attributes:
        name: One of `BRAKES`.
        found: The share that was found, or None where there is nothing to compare with.
        limit: The share that may not be exceeded.
        explanation: The figures in words.
        counts: Whether both are numbers of records and no shares.
    """

    name: str
    found: float | None
    limit: float
    explanation: str
    counts: bool = False

    @property
    def holds(self) -> bool:
        """Whether the window may go on."""
        return self.found is None or self.found <= self.limit

    def __str__(self) -> str:
        """What was found and what is allowed."""
        form = "g" if self.counts else ".1%"
        return f"{self.name} {self.found or 0:{form}} is over its limit {self.limit:{form}} ({self.explanation})"


def refuse_if_braked(ledger: Ledger, sync: str, partition: Partition, found: Sequence[Brake]) -> None:
    """Stops before anything is written when a limit is exceeded and nobody released it.

    Args:
        ledger: Knows the releases.
        sync: Name of the sync.
        partition: What is braked.
        found: Its brakes.

    Raises:
        StopSync: Names each exceeded limit, its figures and the command that releases it.
    """
    broken = [b for b in found if not b.holds and not ledger.is_released(sync, partition.stamp, b.name)]
    if broken:
        raise StopSync(
            f"{sync}, {partition.key}: " + "; ".join(map(str, broken)),
            next_step="look at the rejects and checks; if they are right, run: "
            + " && ".join(f"gigya-cheetah release {sync} {partition.key} {b.name}" for b in broken),
        )


def volume(read: int, earlier: Sequence[int], limits: Limits) -> Brake:
    """How far the number of accounts fell below the smallest of the windows before.

    The smallest, because a night is quieter than a day: only less than ever seen is a sign of a broken feed.

    Args:
        read: Accounts read in this window.
        earlier: Accounts read in the windows before it, at most `WINDOWS_COMPARED`.
        limits: The sync's limits.
    """
    smallest = min(earlier, default=0)
    if len(earlier) < _FEWEST_WINDOWS or smallest < _SMALLEST_NORMAL:
        return Brake("volume", None, limits.max_volume_drop, "too few earlier windows to compare with")
    drop = max(0.0, 1 - read / smallest)
    text = f"{read} accounts, the smallest of the {len(earlier)} windows before had {smallest}"
    return Brake("volume", drop, limits.max_volume_drop, text)


def reject_share(summary: RowsSummary, limits: Limits) -> Brake:
    """Share of the accounts read that became rejects."""
    share = summary.rejected / summary.read if summary.read else 0.0
    text = f"{summary.rejected} of {summary.read} accounts rejected"
    return Brake("reject_share", share, limits.max_reject_share, text)


def consent_shares(summary: RowsSummary, limits: Limits) -> list[Brake]:
    """Shares of the known people whose consent turned, by the column where it turned most."""
    pairs = (("opt_out", limits.max_opt_out_share), ("opt_in", limits.max_opt_in_share))
    return [_turned(summary, direction, limit) for direction, limit in pairs]


def of_rows(profiles: ProfilesSummary, rows: RowsSummary, earlier: Sequence[int], limits: Limits) -> list[Brake]:
    """All brakes of one window, as they are looked at again before anything is delivered."""
    return [
        volume(profiles.read, earlier, limits),
        reject_share(rows, limits),
        *consent_shares(rows, limits),
    ]


def _turned(summary: RowsSummary, direction: str, limit: float) -> Brake:
    name = f"{direction}_share"
    if summary.known < _FEWEST_PEOPLE:
        return Brake(name, None, limit, f"only {summary.known} people known from before")
    turned, column = max(((flips.get(direction, 0), col) for col, flips in summary.flips.items()), default=(0, "-"))
    text = f"{turned} of {summary.known} known people turned to {direction} in {column}"
    return Brake(name, turned / summary.known, limit, text)
