"""A change of address in a file: when it may be written, and what is told instead. No server, no file.

Only `profile.email` is written, and only where the field's `owner` is `cheetahmail` or `latest`: login identifiers and
verified addresses are independent of it and stay (Gigya: accounts.setAccountInfo). An address is who somebody is, so it
is never taken from one who has it, full account or lite, and never over a change that Gigya has seen since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gigya_cheetah_assets.inbound.accounts import Account
from gigya_cheetah_assets.inbound.feeds import Feed
from gigya_cheetah_assets.ledger import Decision

FOREIGN_ADDRESS = "address_of_another_account"
MOVED_ON = "address_changed_in_gigya_since"
# Rows of these feeds tell which address CheetahMail has; those of the others only name the person.
_TELL = ("address_changes", "profiles", "full_extract")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Moved:
    """What becomes of the address of one person.

    Attributes:
        decisions: Lays over the merge's, by column: CheetahMail has an address that does not stand, and is told so.
        rejects: Line, column and reason.
        claimed: Whether CheetahMail has given the person an address that is somebody else's.
    """

    decisions: dict[str, Decision] = field(default_factory=dict)
    rejects: list[tuple[int, str, str]] = field(default_factory=list)
    claimed: bool = False


def decided(
    feed: Feed, good: Sequence[Row], foreign: Sequence[Row], account: Account, decision: Decision | None
) -> Moved:
    """The refusals of a person's change of address.

    Args:
        feed: The file's feed.
        good: The person's rows whose address is nobody else's.
        foreign: Those whose address is another one's.
        account: As it is now.
        decision: The merge's about the address, of the good rows; None where they say nothing of it.
    """
    column = feed.table.email.cheetahmail
    now = account.cells.get(column)
    if decision is None and foreign and feed.kind in _TELL:
        last = max(foreign, key=lambda row: (row["at"] or 0, row["line"]))
        lost = Decision(now, False, FOREIGN_ADDRESS, True, last["email"], account.updated, last["line"])
        return Moved({column: lost}, claimed=True)
    if decision is None or not decision.write or not decision.conflict:
        return Moved()
    if (now or "").lower() in {(row.get("email_old") or "").strip().lower() for row in good}:
        return Moved()
    refused = replace(decision, value=now, write=False, rule=MOVED_ON, loser=decision.value, at=account.updated)
    return Moved({column: refused}, [(decision.line or 0, column, MOVED_ON)])
