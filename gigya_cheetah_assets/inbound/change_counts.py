"""What a change set counts, and its brakes: decisions by column and rule, conflicts, masked examples; never a value."""

from __future__ import annotations

from collections import Counter

import msgspec

from gigya_cheetah_assets.config import Limits
from gigya_cheetah_assets.inbound.newcomers import masked
from gigya_cheetah_assets.inbound.person import Planned
from gigya_cheetah_assets.inbound.read import InboundRead
from gigya_cheetah_assets.ledger.consents import OPT_IN, OPT_OUT
from gigya_cheetah_assets.outbound.brakes import Brake
from gigya_cheetah_assets.store import summary

_EXAMPLES = 10
_FEWEST_PEOPLE = 20


class ChangeSetSummary(msgspec.Struct, kw_only=True, frozen=True):
    """What one file asks of Gigya; events = planned + rejected + parked + ignored.

    Attributes:
        already_done: The same content was applied before, perhaps under another name: nothing is asked.
        planned: Rows that an account's item speaks for.
        rejected: Rows that may not go on.
        parked: Rows whose opt-outs wait on an address without an account.
        ignored: Rows by reason that ask nothing of an account.
        people: Accounts.
        changed: Accounts that have to be written.
        decisions: By column and rule.
        conflicts: By column.
        writes: By column, values that have to be written.
        opt_outs: Subscriptions that turn to opt-out in Gigya.
        opt_ins: Subscriptions that turn from opt-out to opt-in.
        blanks: Values that are emptied.
        mail_ended: Subscriptions on which mail came back for good: a state of the mailbox, no consent.
        created: Accounts that have to be made.
        creatable: Accounts that `create_accounts` would make of the rejected and parked rows.
        newcomers: Some of either: line, masked address, what the account would hold.
        told: Values of CheetahMail's that lost, and people whom it opted out by our order after they had come back;
            the next outbound window tells it what stands.
        read_rejected: Rows that were rejected before, while the file was read.
        rows: Rows of the file.
        population: People that the ledger knows.
        examples: Some decisions on subscriptions, with a masked UID.
    """

    partition: str
    name: str
    kind: str
    sha256: str
    already_done: bool
    rows: int
    read_rejected: int
    events: int
    planned: int
    rejected: int
    parked: int
    ignored: dict[str, int]
    people: int
    changed: int
    decisions: summary.Reasons
    conflicts: dict[str, int]
    writes: dict[str, int]
    opt_outs: int
    opt_ins: int
    blanks: int
    mail_ended: int = 0
    created: int = 0
    creatable: int = 0
    newcomers: list[tuple[int, str, str]] = msgspec.field(default_factory=list)
    told: int
    population: int
    reasons: summary.Reasons
    examples: list[tuple[str, str, str, str]]
    mapping_version: str


class Counts:
    """Adds up the items of a change set."""

    def __init__(self, subscriptions: tuple[str, ...]) -> None:
        self.planned = self.rejected = self.parked = self.people = self.changed = 0
        self.opt_outs = self.opt_ins = self.blanks = self.told = self.mail_ended = 0
        self.created = self.creatable = 0
        self.ignored: Counter[str] = Counter()
        self.decisions: Counter[tuple[str, str]] = Counter()
        self.conflicts: Counter[str] = Counter()
        self.writes: Counter[str] = Counter()
        self.reasons: Counter[tuple[str, str]] = Counter()
        self._newcomers: list[tuple[int, str, str]] = []
        self._examples: list[tuple[str, str, str, str]] = []
        self._subscriptions = subscriptions

    def add(self, done: Planned, *, rows: int) -> None:
        """Counts one person with so many rows."""
        self.people += 1
        self.planned += done.rows
        self.rejected += rows - done.rows
        self.changed += done.item.writes
        for change in done.item.changes:
            self.decisions[change.column, change.rule] += 1
            self.conflicts[change.column] += change.conflict
            self.writes[change.column] += change.write
            self.told += change.lost
            if not change.write:
                continue
            if change.subscription:
                self.opt_outs += change.value == OPT_OUT
                self.opt_ins += change.value == OPT_IN and change.before == OPT_OUT
                self._example(done.item.uid, change.column, f"{change.before or 'none'} -> {change.value}", change.rule)
            else:
                self.blanks += not change.value

    def newcomer(self, made: Planned, *, email: str, creates: bool) -> None:
        """Counts somebody of whom an account is made, or would be."""
        self.created += creates
        self.creatable += not creates
        if len(self._newcomers) < _EXAMPLES:
            changes = made.item.changes
            holds = [f"{c.column} {c.value}" if c.subscription else c.column for c in changes if c.write]
            address = next(change.value or "" for change in changes if change.column == email)
            self._newcomers.append((made.item.line or 0, masked(address), ", ".join(holds)))

    def _example(self, uid: str, column: str, step: str, rule: str) -> None:
        if len(self._examples) < _EXAMPLES:
            self._examples.append((f"{uid[:4]}…", column, step, rule))

    def summary(self, partition: str, read: InboundRead, *, already_done: bool, population: int) -> ChangeSetSummary:
        """The counts as they are kept."""
        return ChangeSetSummary(
            partition=partition,
            name=read.name,
            kind=read.kind,
            sha256=read.sha256,
            already_done=already_done,
            rows=read.rows,
            read_rejected=read.rejected,
            events=read.events,
            planned=self.planned,
            rejected=self.rejected,
            parked=self.parked,
            ignored=dict(self.ignored),
            people=self.people,
            changed=self.changed,
            decisions=summary.nested(self.decisions),
            conflicts=dict(+self.conflicts),
            writes=dict(+self.writes),
            opt_outs=self.opt_outs,
            opt_ins=self.opt_ins,
            blanks=self.blanks,
            created=self.created,
            creatable=self.creatable,
            newcomers=sorted(self._newcomers),
            told=self.told,
            mail_ended=self.mail_ended,
            population=population,
            reasons=summary.nested(self.reasons),
            examples=self._examples,
            mapping_version=read.mapping_version,
        )


def brakes_of(made: ChangeSetSummary, limits: Limits) -> list[Brake]:
    """The limits that stop a file before its first write.

    Opt-outs count too: a file that opts out a large share of all people is more often a wrong file than a true one,
    and a person who looks at it loses minutes, while one that is written by mistake cannot be taken back.
    """
    rejects = made.read_rejected + made.rejected
    share = rejects / made.rows if made.rows else 0.0
    text = f"{rejects} of {made.rows} rows rejected"
    few = made.rows < _FEWEST_PEOPLE
    return [
        Brake("reject_share", None if few else share, limits.max_reject_share, text),
        _turned("opt_out_share", made.opt_outs, made.population, limits.max_opt_out_share),
        _turned("opt_in_share", made.opt_ins, made.population, limits.max_opt_in_share),
        _turned("blank_share", made.blanks, made.population, limits.max_blank_share),
        Brake("created", made.created, limits.max_created, f"{made.created} new accounts", counts=True),
    ]


def _turned(name: str, turned: int, population: int, limit: float) -> Brake:
    if population < _FEWEST_PEOPLE:
        return Brake(name, None, limit, f"only {population} people known from before")
    return Brake(name, turned / population, limit, f"{turned} for {population} people known")
