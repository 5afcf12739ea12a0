"""The tables that the demo prints: counts, names of files, rules; never a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.table import Table

from gigya_cheetah_assets.clock.opt_outs import OptOut, OptOuts
from gigya_cheetah_assets.config import Sync, data_folder
from gigya_cheetah_assets.inbound.change_counts import ChangeSetSummary
from gigya_cheetah_assets.inbound.offers import Offer, all_offers
from gigya_cheetah_assets.inbound.updates import UpdatesSummary
from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.ledger.consents import OPT_IN
from gigya_cheetah_assets.sandbox import second_opinion
from gigya_cheetah_assets.sandbox.both_sides import Expectation
from gigya_cheetah_assets.sandbox.cheetahmail.subscriber import Subscriber
from gigya_cheetah_assets.sandbox.gigya.site import Site
from gigya_cheetah_assets.segments.summary import MembersSummary
from gigya_cheetah_assets.store import folders, summary

if TYPE_CHECKING:
    from gigya_cheetah_assets.sandbox.demo import Round


def counts(rounds: Sequence[Round]) -> Table:
    """Accounts by window."""
    table = Table(title="accounts by window", title_justify="left")
    for name in ("window", "what", "read", "delivered", "unchanged", "filtered", "rejected", "seconds"):
        table.add_column(name, justify="left" if name in ("window", "what") else "right")
    for r in rounds:
        d = r.delivery
        counts = (d.read, d.delivered, d.unchanged, d.filtered, d.rejected)
        table.add_row(r.window.key, r.title, *map(str, counts), f"{r.seconds:.1f}")
    return table


def rejects(rounds: Sequence[Round]) -> Table:
    """Rejects by column and reason."""
    table = Table(title="rejected, by column and reason", title_justify="left")
    for name in ("window", "column", "reason", "records"):
        table.add_column(name)
    for r in rounds:
        for column, reasons in r.rows.reasons.items():
            for reason, count in reasons.items():
                table.add_row(r.window.key, column, reason, str(count))
    return table


def files(rounds: Sequence[Round]) -> Table:
    """The delivered files."""
    table = Table(title="files in the outbox", title_justify="left")
    for name in ("kind", "name", "rows", "bytes", "sha256"):
        table.add_column(name, overflow="fold")
    newest = {f.name: f for r in rounds for f in r.delivery.files}
    for f in newest.values():
        table.add_row(f.kind, f.name, str(f.rows), str(f.bytes), f.sha256[:16])
    return table


def inbound(sync: Sync) -> Table:
    """The inbound files and what became of their rows and accounts."""
    table = Table(title="files from CheetahMail", title_justify="left")
    names = ("kind", "file", "rows", "rejected", "parked", "ignored", "accounts", "applied", "unchanged", "refused")
    for name in names:
        table.add_column(name, justify="left" if name in ("kind", "file") else "right", overflow="fold")
    for offer, made, done in _finished(sync):
        ignored = made.rows - made.read_rejected - made.planned - made.rejected - made.parked
        rejected = made.read_rejected + made.rejected
        numbers = (made.rows, rejected, made.parked, ignored, done.items, done.applied, done.unchanged, done.rejected)
        table.add_row(offer.kind, offer.name, *map(str, numbers))
    return table


def refused_rows(sync: Sync) -> Counter[str]:
    """Rows of the inbound files that may not go on, by reason."""
    found: Counter[str] = Counter()
    for _, made, _ in _finished(sync):
        for reasons in made.reasons.values():
            found.update(reasons)
    return found


def refused(sync: Sync) -> Table:
    """Those rows as a table."""
    table = Table(title="rows of those files that may not go on", title_justify="left")
    for name in ("reason", "rows"):
        table.add_column(name, justify="right" if name == "rows" else "left")
    for reason, count in sorted(refused_rows(sync).items()):
        table.add_row(reason, str(count))
    return table


def moves(members: MembersSummary) -> str:
    """Who joined and left a segment, by the condition that flipped."""
    return (
        f"{members.joins} join{_by_condition(members.join_reasons)}, "
        f"{members.leaves} leave{_by_condition(members.leave_reasons)}, {members.members} are members"
    )


def _by_condition(reasons: Mapping[str, int]) -> str:
    told = ", ".join(f"{count}: {condition}" for condition, count in sorted(reasons.items()))
    return f" ({told})" if told else ""


def decisions(sync: Sync) -> Table:
    """How the fields of the inbound files were decided."""
    table = Table(title="decisions, by column and rule", title_justify="left")
    for name in ("column", "rule", "accounts"):
        table.add_column(name, justify="right" if name == "accounts" else "left")
    total: Counter[tuple[str, str]] = Counter()
    for _, made, _ in _finished(sync):
        for column, rules in made.decisions.items():
            total.update({(column, rule): count for rule, count in rules.items()})
    for (column, rule), count in sorted(total.items()):
        if rule not in ("agree", "says_nothing"):
            table.add_row(column, rule, str(count))
    return table


def opt_outs(sync: Sync) -> Table:
    """Each way that opt-outs went, with their age and their due time; the slowest of those who were opted in before."""
    table = Table(title="opt-outs on their way to the other side", title_justify="left")
    for name in ("came up in", "fate", "opt-outs", "slowest way", "first due (UTC)"):
        table.add_column(name, justify="right" if name in ("opt-outs", "slowest way") else "left")
    ways: dict[tuple[str, str], list[OptOut]] = {}
    now = datetime.now(UTC)
    with Ledger.open() as ledger:
        for found in OptOuts(sync, ledger, data_folder()).since(0):
            for one in found:
                ways.setdefault((one.side, one.fate), []).append(one)
    for (side, fate), found in sorted(ways.items()):
        turned = [one for one in found if one.before == OPT_IN or one.reached_at is None]
        longest = max(((one.reached_at or now.timestamp() * 1000) - one.since for one in turned), default=None)
        first = min((one.due for one in turned), default=None)
        table.add_row(
            side,
            fate,
            str(len(found)),
            "-" if longest is None else f"{longest / 1000:,.0f} s",
            "-" if first is None else f"{datetime.fromtimestamp(first / 1000, UTC):%Y-%m-%d %H:%M}",
        )
    return table


def stories(expected: Sequence[Expectation]) -> dict[str, int]:
    """How many people have which story."""
    return dict(Counter(one.story for one in expected))


def broken_expectations(site: Site, subscribers: Sequence[Subscriber], expected: Sequence[Expectation]) -> list[str]:
    """Which stories did not come out as they must, on either side."""
    documents = {document["UID"]: document for document in site.accounts() if document.get("UID")}
    theirs = {subscriber.uid: subscriber for subscriber in subscribers}
    found = []
    for one in expected:
        state = second_opinion.state(documents[one.uid], one.column)
        mailed = theirs[one.uid].lists.get(one.column) == "in"
        if state != one.state or mailed != (one.state == "opt_in"):
            found.append(f"{one.uid} {one.story}: expected {one.state}, found {state} in Gigya, mailed: {mailed}")
    return found


def _finished(sync: Sync) -> Iterator[tuple[Offer, ChangeSetSummary, UpdatesSummary]]:
    """The files whose way is over, in the order in which they were found."""
    for offer in sorted(all_offers(data_folder(), sync), key=lambda offer: (offer.offered_at, offer.name)):
        made = folders.asset_folder(data_folder(), sync.name, folders.CHANGE_SET, offer.partition)
        done = folders.asset_folder(data_folder(), sync.name, folders.UPDATES, offer.partition)
        if (done / folders.SUMMARY).is_file():
            yield offer, summary.read(made, ChangeSetSummary), summary.read(done, UpdatesSummary)
