"""One person of one file: rows, account and agreed state become the item of the change set. No server, no file."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

from gigya_cheetah_assets.inbound import addresses
from gigya_cheetah_assets.inbound.accounts import Account
from gigya_cheetah_assets.inbound.addresses import FOREIGN_ADDRESS
from gigya_cheetah_assets.inbound.feeds import Feed
from gigya_cheetah_assets.inbound.mailboxes import without_returned_mail
from gigya_cheetah_assets.inbound.rules import cell_of, events_of
from gigya_cheetah_assets.ledger import Base, Change, Decision, Event, FieldRule, Item, ParkedOptOut, fold, merge
from gigya_cheetah_assets.ledger.consents import OPT_IN, OPT_OUT

CONTRADICTORY = "contradictory"
UNKNOWN_UID, UNKNOWN_ADDRESS = "unknown_uid", "unknown_address"
Row = dict[str, Any]


@dataclass(frozen=True)
class Planned:
    """What one person's rows became.

    Attributes:
        item: For the ledger.
        rejects: Line, column and reason of what may not go on.
        rows: Rows that the item speaks for.
        doubtful: Other people whose address CheetahMail has given to this one: they are told to it anew.
    """

    item: Item
    rejects: tuple[tuple[int, str, str], ...]
    rows: int
    doubtful: tuple[str, ...] = ()


def planned(
    feed: Feed,
    rules: Mapping[str, FieldRule],
    rows: Sequence[Row],
    account: Account,
    bases: Mapping[str, Base],
    *,
    parked: Sequence[ParkedOptOut] = (),
    holders: Mapping[str, AbstractSet[str]] | None = None,
    undeliverable: Collection[str] = (),
) -> Planned:
    """Merges one person's rows with the account.

    Args:
        feed: The file's feed.
        rules: By column.
        rows: The person's rows of the file.
        account: As it is now.
        bases: What was agreed on, by column.
        parked: Opt-outs that waited on the account's address.
        holders: UIDs and keys of all who have an address, by address in lower case.
        undeliverable: Subscriptions on which mail to the person came back for good.
    """
    good, foreign = _own(rows, account, feed, holders or {})
    good = [without_returned_mail(feed, row, undeliverable) for row in good]
    events = [*events_of(feed, good), *(_event(opt_out) for opt_out in parked)]
    folded = fold(events, rules)
    decisions = merge(rules, bases, account.sides(), folded.sides)
    moved = addresses.decided(feed, good, foreign, account, decisions.get(feed.table.email.cheetahmail))
    decisions = {**_unheard(feed, rows, account, holders or {}), **decisions, **moved.decisions}
    changes = tuple(
        Change.of(
            column,
            decision,
            before=account.states[column][0] if rules[column].subscription else account.cells[column],
            subscription=rules[column].subscription,
            cell=cell_of(feed.table, column, decision.value) if rules[column].subscription else None,
        )
        for column, decision in decisions.items()
    )
    line = min((row["line"] for row in rows), default=None)
    rejects = [(row["line"], feed.table.email.cheetahmail, FOREIGN_ADDRESS) for row in foreign]
    rejects += [(line or 0, column, CONTRADICTORY) for column in folded.contradictory]
    rejects += moved.rejects
    doubtful = {uid for row in foreign for uid in (holders or {}).get(spoken_address(row), ())} - {account.uid}
    doubtful = doubtful if moved.claimed else set()
    return Planned(Item(account.uid, changes, line), tuple(rejects), len(good), tuple(sorted(doubtful)))


def spoken_address(row: Row) -> str:
    """The address that a row names, as addresses are compared."""
    return (row.get("email") or "").strip().lower()


def opt_outs_of(feed: Feed, row: Row) -> list[str]:
    """The subscriptions that a row opts out of."""
    return [name for name in feed.subscriptions if row.get(name) == OPT_OUT]


def only_opt_outs(feed: Feed, row: Row) -> Row:
    """The row without anything but its opt-outs."""
    kept = {"line", "uid", "email", "at", *opt_outs_of(feed, row)}
    return {name: value if name in kept else None for name, value in row.items()}


def _own(
    rows: Sequence[Row], account: Account, feed: Feed, holders: Mapping[str, AbstractSet[str]]
) -> tuple[list[Row], list[Row]]:
    """Rows that go on, and those whose address is another account's: of them only the opt-outs do.

    The UID says who opted out; that the address is somebody else's makes an opt-in or a value doubtful, and never an
    opt-out.
    """
    good: list[Row] = []
    foreign: list[Row] = []
    for row in rows:
        if not _is_foreign(row, account, holders):
            good.append(row)
        elif opt_outs_of(feed, row):
            good.append(only_opt_outs(feed, row))
        else:
            foreign.append(row)
    return good, foreign


def _is_foreign(row: Row, account: Account, holders: Mapping[str, AbstractSet[str]]) -> bool:
    return not holders.get(spoken_address(row), {account.uid}) <= {account.uid}


def _unheard(
    feed: Feed, rows: Sequence[Row], account: Account, holders: Mapping[str, AbstractSet[str]]
) -> dict[str, Decision]:
    """The opt-ins at an address that the person has left to somebody else: CheetahMail is told what stands.

    Its subscriber may have moved along with her, and the opt-in too. At an address that she shares nobody can tell
    whose opt-in it is.
    """
    own = (account.cells.get(feed.table.email.cheetahmail) or "").lower()
    there = [row for row in rows if _is_foreign(row, account, holders) and spoken_address(row) != own]
    return {
        name: Decision(state, False, FOREIGN_ADDRESS, True, OPT_IN, at, row["line"])
        for row in there
        for name, (state, at) in account.states.items()
        if row.get(name) == OPT_IN and state != OPT_IN
    }


def _event(opt_out: ParkedOptOut) -> Event:
    return Event(opt_out.line or 0, {opt_out.subscription: OPT_OUT}, opt_out.decided_at)


def merged_items(first: Item, second: Item) -> Item:
    """One item of two for the same account: an opt-out of either stands."""
    of_first = {change.column: change for change in first.changes}
    more = [
        c for c in second.changes if c.column not in of_first or (c.subscription and c.value == OPT_OUT and c.write)
    ]
    return replace(first, changes=tuple({**of_first, **{change.column: change for change in more}}.values()))
