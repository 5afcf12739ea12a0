"""Mail that came back for good: whose it was, who is mailed again, and what it explains in files that only show states.

It is a state of the mailbox and no decision of the person, whose consent in Gigya stays as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from gigya_cheetah_assets.inbound.feeds import Feed
from gigya_cheetah_assets.inbound.rules import EVENTS
from gigya_cheetah_assets.ledger.consents import OPT_IN, OPT_OUT
from gigya_cheetah_assets.ledger.undeliverable import Ended

Row = dict[str, Any]
People = Mapping[str, Sequence[Row]]


def ended(people: People, source: str) -> Iterator[Ended]:
    """The subscriptions on which mail to people (rows by UID) ended, as unsubscribes with that reason tell."""
    for uid, rows in people.items():
        for row in rows:
            for name in filter(None, (row.get("ended") or "").split(",")):
                yield Ended(uid, name, row["at"], source)


def mailed_again(feed: Feed, people: People) -> Iterator[tuple[str, str]]:
    """Who is subscribed, by UID and subscription."""
    for uid, rows in people.items():
        for name in feed.subscriptions:
            if any(row.get(name) == OPT_IN for row in rows):
                yield uid, name


def without_returned_mail(feed: Feed, row: Row, undeliverable: Collection[str]) -> Row:
    """The row of a file that only shows states, without the states that mail which came back explains."""
    if feed.kind in EVENTS:
        return row
    explained = {name for name in feed.subscriptions if row.get(name) == OPT_OUT and name in undeliverable}
    return {name: None if name in explained else value for name, value in row.items()} if explained else row
