"""Rows of a file about people who were deleted: none of them brings anybody back.

The UID's tombstone is final. Of an address only what was decided before its deletion is stopped: with it somebody may
have registered anew. An opt-out goes on wherever there is an account for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gigya_cheetah_assets.inbound.feeds import Feed
from gigya_cheetah_assets.inbound.person import Row, only_opt_outs, opt_outs_of
from gigya_cheetah_assets.ledger import Deleted
from gigya_cheetah_assets.ledger.consents import OPT_IN

DELETED = "deleted"


class Sorted(NamedTuple):
    """Rows that go on, and rows that are rejects."""

    living: list[Row]
    deleted: list[Row]


def of_accounts(feed: Feed, rows: Sequence[Row], found: Deleted) -> Sorted:
    """Rows whose account exists: of those that a tombstone stops the opt-outs go on."""
    living: list[Row] = []
    gone: list[Row] = []
    for row in rows:
        if not _stopped(feed, row, found):
            living.append(row)
        elif opt_outs_of(feed, row):
            living.append(only_opt_outs(feed, row))
        else:
            gone.append(row)
    return Sorted(living, gone)


def of_nobody(rows: Sequence[Row], found: Deleted) -> Sorted:
    """Rows that no account is known for."""
    gone = [row for row in rows if found.holds(row["uid"], row["email"])]
    return Sorted([row for row in rows if not found.holds(row["uid"], row["email"])], gone)


def opt_outs_after(feed: Feed, rows: Sequence[Row]) -> list[tuple[str, int | None]]:
    """Address and time of the opt-outs among rows of people who were deleted."""
    return [(row["email"], row["at"]) for row in rows if row["email"] and opt_outs_of(feed, row)]


def _stopped(feed: Feed, row: Row, found: Deleted) -> bool:
    if row["uid"] in found.people:
        return True
    stone = found.at(row["email"])
    if stone is None or not any(row.get(name) == OPT_IN for name in feed.subscriptions):
        return False
    return row["at"] is None or row["at"] <= stone.opt_ins_after
