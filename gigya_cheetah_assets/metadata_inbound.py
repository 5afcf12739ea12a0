"""Metadata of the inbound direction for the UI, made from offers, looks and summaries: counts, names of files, rules.

Names come from outside and are shown escaped. No cell of a person ever gets here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from gigya_cheetah_assets.inbound.inbox import Look
from gigya_cheetah_assets.inbound.listing import Decision
from gigya_cheetah_assets.inbound.names import shown
from gigya_cheetah_assets.inbound.offers import Offer
from gigya_cheetah_assets.inbound.read import InboundRead
from gigya_cheetah_assets.metadata import Metadata, by_reason, markdown

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


def _moment(at: int | None) -> dg.MetadataValue:
    return dg.MetadataValue.timestamp((at or 0) / 1000)
