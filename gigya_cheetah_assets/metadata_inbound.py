"""Metadata of the inbound direction for the UI, made from offers, looks and summaries: counts, names of files, rules.

Names come from outside and are shown escaped. No cell of a person ever gets here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from gigya_cheetah_assets.inbound.change_counts import ChangeSetSummary
from gigya_cheetah_assets.inbound.import_reports import ImportResult
from gigya_cheetah_assets.inbound.inbox import Look
from gigya_cheetah_assets.inbound.listing import Decision
from gigya_cheetah_assets.inbound.names import shown
from gigya_cheetah_assets.inbound.offers import Offer
from gigya_cheetah_assets.inbound.put_away import PutAway
from gigya_cheetah_assets.inbound.read import InboundRead
from gigya_cheetah_assets.inbound.updates import UpdatesSummary
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.metadata import Metadata, by_reason, markdown
from gigya_cheetah_assets.outbound.brakes import Brake

_MOST_NAMES = 50


def told(seen: Look) -> str:
    """One look in one line, for the list of ticks."""
    decision = seen.decision
    parts = [
        f"{len(seen.fresh)} ready",
        f"{len(seen.repeated)} again",
        f"{decision.waiting} waiting",
        f"{decision.odd} odd ({len(decision.oddities)} new)",
        f"{decision.ignored} ignored",
    ]
    return "inbox: " + ", ".join(parts)


def of_offer(offer: Offer) -> Metadata:
    """What `cheetahmail_extract` shows of one file."""
    return {
        "file": shown(offer.name),
        "kind": offer.kind,
        "bytes": offer.size,
        "modified": offer.modified.isoformat(),
        "inbound_file": offer.partition,
    }


def of_oddities(decision: Decision) -> Metadata:
    """What `cheetahmail_extract` shows of entries that are not read."""
    found = decision.oddities[:_MOST_NAMES]
    return {
        "odd_entries": decision.odd,
        "new": markdown(["entry", "reason"], [[f"`{oddity.name}`", oddity.reason] for oddity in found]),
    }


def of_delivered(window: str | None, metadata: Mapping[str, Any]) -> Metadata:
    """What `cheetahmail_subscribers` shows of one delivery."""
    kept = ("files", "delivered", "bytes", "ledger_revision")
    return {"window": window or "", **{name: metadata[name] for name in kept if name in metadata}}


def observed(subscribers: dg.AssetKey, result: ImportResult) -> dg.AssetObservation:
    """CheetahMail's result for one delivered file, as an observation of its list."""
    again = {"opt_outs_told_anew": result.told_anew} if result.told_anew else {}
    counts = {"rows_read": result.rows_read, "rows_loaded": result.rows_loaded, "rows_rejected": result.rows_rejected}
    return dg.AssetObservation(
        subscribers,
        description="CheetahMail reports the import of a file",
        metadata={
            "file": shown(result.file),
            "window": result.window or "none of ours",
            **{name: count for name, count in counts.items() if count is not None},
            **again,
        },
    )


def of_read(read: InboundRead) -> Metadata:
    """What `inbound_rows` shows of one file."""
    return {
        "dagster/row_count": read.events,
        "file": shown(read.name),
        "kind": read.kind,
        "rows": read.rows,
        "events": read.events,
        "rejected": read.rejected,
        "ignored": sum(read.ignored.values()),
        "without_a_uid": read.unresolved,
        "blank_lines": read.blank_lines,
        "bytes": read.size,
        "sha256": read.sha256,
        "packing": read.packing,
        "encoding": read.encoding,
        "delimiter": repr(read.delimiter),
        "states": markdown(
            ["subscription", "state", "rows"],
            [[column, state, n] for column, states in read.states.items() for state, n in states.items()],
        ),
        "columns_that_nobody_reads": len(read.unknown_columns),
        "columns_of_the_sync_that_it_lacks": ", ".join(read.absent_columns) or "none",
        **({"first_event": _moment(read.first_at), "last_event": _moment(read.last_at)} if read.first_at else {}),
        **{f"rejected: {name}": count for name, count in by_reason(read.reasons).items()},
        **{f"ignored: {name}": count for name, count in read.ignored.items()},
        "mapping_version": read.mapping_version,
    }


def event_columns(table: FieldTable) -> dg.TableSchema:
    """The columns of `inbound_rows` that every kind has, and those of the field table."""
    common = [
        ("line", "integer", "Line of the file"),
        ("uid", "text", "Gigya's UID; empty where only the address is known"),
        ("email", "text", "The address that the row names"),
        ("at", "time in ms", "When it happened"),
    ]
    own = [(f.cheetahmail, f.type, "As the file has it; of a subscription its state") for f in table.fields]
    return dg.TableSchema([dg.TableColumn(name, type=kind, description=text) for name, kind, text in [*common, *own]])


def of_change_set(made: ChangeSetSummary, brakes: Sequence[Brake]) -> Metadata:
    """What `inbound_change_set` shows of one file; `brakes` are those that its updates have to pass."""
    decisions = [
        [column, rule, n, made.conflicts.get(column, 0)]
        for column, rules in made.decisions.items()
        for rule, n in rules.items()
    ]
    return {
        "dagster/row_count": made.changed,
        "file": shown(made.name),
        "kind": made.kind,
        "events": made.events,
        "accounts": made.people,
        "accounts_to_write": made.changed,
        "rejected": made.rejected,
        "parked": made.parked,
        "ignored": sum(made.ignored.values()),
        "opt_outs": made.opt_outs,
        "opt_ins_after_opt_out": made.opt_ins,
        "blanks": made.blanks,
        "conflicts": sum(made.conflicts.values()),
        "accounts_to_create": made.created,
        "accounts_that_create_accounts_would_make": made.creatable,
        "newcomers": markdown(["line", "address", "account"], made.newcomers),
        "to_be_told_to_cheetahmail": made.told,
        "mail_came_back_for_good": made.mail_ended,
        "same_content_as_before": made.already_done,
        "decisions": markdown(["column", "rule", "accounts", "conflicts in column"], decisions),
        "examples": markdown(["account", "subscription", "step", "rule"], made.examples),
        "brakes": markdown(
            ["brake", "found", "limit", "figures"],
            [[b.name, "-" if b.found is None else f"{b.found:.1%}", f"{b.limit:.1%}", b.explanation] for b in brakes],
        ),
        **{f"writes: {column}": count for column, count in made.writes.items()},
        **{f"rejected: {name}": count for name, count in by_reason(made.reasons).items()},
    }


def of_updates(done: UpdatesSummary) -> Metadata:
    """What `gigya_account_updates` shows of one file."""
    return {
        "dagster/row_count": done.applied,
        "accounts": done.items,
        "applied": done.applied,
        "unchanged": done.unchanged,
        "rejected": done.rejected,
        "parked": done.parked,
        "worked_on_by_this_run": done.calls,
        **{f"written: {column}": count for column, count in done.written.items()},
        **{f"rejected: {name}": count for name, count in by_reason(done.reasons).items()},
    }


def of_put_away(away: PutAway) -> Metadata:
    """Where the file went."""
    name = "it was gone from the inbox already" if away.name is None else shown(away.name)
    return {"moved_to": away.folder, "moved_as": name, "result_file": away.result}


def _moment(at: int | None) -> dg.MetadataValue:
    return dg.MetadataValue.timestamp((at or 0) / 1000)
