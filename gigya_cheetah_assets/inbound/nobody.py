"""Rows that no account is known for: opt-outs wait on their address, newcomers become accounts, others are rejects.

An account is made only where the sync says so; otherwise those of whom one would be made are counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from gigya_cheetah_assets.inbound import deleted
from gigya_cheetah_assets.inbound.change_counts import Counts
from gigya_cheetah_assets.inbound.everybody import Everybody
from gigya_cheetah_assets.inbound.feeds import Feed
from gigya_cheetah_assets.inbound.newcomers import Newcomers, by_reason, is_new, key_of, newcomer
from gigya_cheetah_assets.inbound.parse import REJECTS
from gigya_cheetah_assets.inbound.person import Row, opt_outs_of
from gigya_cheetah_assets.inbound.read import InboundRead
from gigya_cheetah_assets.inbound.rejects import LineRejects
from gigya_cheetah_assets.inbound.rules import rules_of
from gigya_cheetah_assets.ledger import InboundState, Item, ParkedOptOut, Tombstones
from gigya_cheetah_assets.store import steps


class Nobody:
    """Takes such rows of one file.

    Args:
        feed: The file's feed.
        everybody: Knows who has an address.
        counts: Of the change set.
        rejects: Of the change set.
        state: The inbound side of the ledger.
        stones: Knows who was deleted.
        read: The file.
    """

    def __init__(
        self,
        feed: Feed,
        everybody: Everybody,
        counts: Counts,
        rejects: LineRejects,
        *,
        state: InboundState,
        stones: Tombstones,
        read: InboundRead,
    ) -> None:
        self._feed, self._everybody, self._counts, self._rejects = feed, everybody, counts, rejects
        self._state, self._stones, self._read = state, stones, read
        self._rules = rules_of(feed)
        self._email = feed.table.email.cheetahmail
        self._newcomers: Newcomers | None = None
        # Accounts that a killed run was making, and perhaps has made.
        sent = state.items(read.sha256, fate="sent")
        self._begun = {item.uid for item in sent if is_new(item.uid)}

    def gathers_in(self, folder: Path) -> None:
        """Newcomers are gathered in a folder from now on."""
        self._newcomers = Newcomers(folder, self._feed, self._read.events)

    def is_begun(self, row: Row) -> bool:
        """Whether a killed run was making an account of a row: then whoever has its address may be that."""
        return bool(self._begun) and bool(row["email"]) and key_of(row["email"], self._read.sha256) in self._begun

    def add(self, rows: Sequence[Row], reason: str) -> None:
        """Takes rows without an account, with the reason of their rejects.

        Of who was deleted nothing is kept: the tombstone remembers that there was an opt-out.
        """
        stones = self._stones.of((row["uid"] for row in rows), (row["email"] for row in rows))
        rows, gone = deleted.of_nobody(rows, stones)
        self._stones.note_opt_outs(deleted.opt_outs_after(self._feed, gone))
        self.refuse(gone, deleted.DELETED)
        new = [] if self._newcomers is None else [row for row in rows if self._newcomers.takes(row)]
        if self._newcomers is not None and new:
            self._newcomers.add(new, reason)
        else:
            self._park_or_refuse(rows, reason)

    def newcomers(self) -> Iterator[list[Item]]:
        """The items that make accounts, some at a time; what makes none is parked or rejected."""
        for people in self._newcomers.by_address() if self._newcomers is not None else ():
            yield self._items(people)

    def refuse(self, rows: Sequence[Row], reason: str) -> None:
        """Makes rows rejects."""
        self._counts.rejected += len(rows)
        self.reject([(row["line"], "", reason) for row in rows])

    def reject(self, lines: Sequence[tuple[int, str, str]]) -> None:
        """Writes rejects: line, column, reason."""
        if lines:
            rows = [{"line": line, "column": column or None, "reason": reason} for line, column, reason in lines]
            self._rejects.add(pa.Table.from_pylist(rows, schema=REJECTS))

    def _items(self, people: dict[str, list[Row]]) -> list[Item]:
        impossible = self._impossible(people)
        parked: dict[str, list[ParkedOptOut]] = {}
        for opt_out in self._state.parked(people):
            parked.setdefault(opt_out.address, []).append(opt_out)
        items = []
        for address, rows in sorted(people.items()):
            reasons = by_reason(rows)
            if address not in impossible:
                waiting = parked.get(address, ())
                made = newcomer(self._feed, self._rules, rows, waiting, file=self._read.sha256)
                self._counts.newcomer(made, email=self._email, creates=self._feed.creates)
                if self._feed.creates:
                    self.reject(made.rejects)
                    self._counts.add(made, rows=len(rows))
                    items.append(made.item)
                    continue
            for reason, theirs in reasons.items():
                self._park_or_refuse(theirs, reason)
        return items

    def _impossible(self, people: dict[str, list[Row]]) -> set[str]:
        """Addresses that somebody has, or whose rows name an account that is gone."""
        uids = {row["uid"] for rows in people.values() for row in rows if row["uid"]}
        gone = {uid for uid, bases in self._state.bases(sorted(uids)).items() if bases}
        taken = self._everybody.holders(people)
        return {
            address
            for address, rows in people.items()
            if not self.is_begun(rows[0]) and (address in taken or any(row["uid"] in gone for row in rows))
        }

    def _park_or_refuse(self, rows: Sequence[Row], reason: str) -> None:
        parked = [
            ParkedOptOut(row["email"], name, row["at"], self._read.name, row["line"])
            for row in rows
            if row["email"]
            for name in opt_outs_of(self._feed, row)
        ]
        self._state.park(parked)
        steps.reached(steps.OPT_OUTS_PARKED)
        kept = {opt_out.line for opt_out in parked}
        self._counts.parked += len(kept)
        self.refuse([row for row in rows if row["line"] not in kept], reason)
