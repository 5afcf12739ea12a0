"""How the columns of a feed are merged and what its rows say: from the sync file to the merge's own terms."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from gigya_cheetah_assets.config import FieldConfig
from gigya_cheetah_assets.inbound.feeds import Feed
from gigya_cheetah_assets.inbound.kinds import COMMON, KINDS
from gigya_cheetah_assets.ledger import Event, FieldRule, canonical_date, canonical_text
from gigya_cheetah_assets.ledger.sides import Canonical
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.mapping.dates import DATE_FORMAT, DATETIME_FORMAT
from gigya_cheetah_assets.mapping.reverse import is_writable

log = logging.getLogger(__name__)
# Rows of these tell that something happened; those of the others only that it is so.
EVENTS = ("unsubscribes", "subscribes", "address_changes")


def rules_of(feed: Feed) -> dict[str, FieldRule]:
    """By column how it is merged. What cannot be written back belongs to Gigya, whatever the sync file says."""
    return {field.cheetahmail: _rule(field, feed) for field in feed.table.fields if not field.key}


def lite_rules_of(feed: Feed) -> dict[str, FieldRule]:
    """The rules of lite accounts. Their address belongs to Gigya: another address would be another lite account."""
    rules, email = rules_of(feed), feed.table.email.cheetahmail
    return {**rules, email: replace(rules[email], owner="gigya")}


def _rule(field: FieldConfig, feed: Feed) -> FieldRule:
    subscription = field.type == "subscription"
    if subscription and field.owner == "gigya":
        log.warning("%s: owner is gigya, so CheetahMail's opt-outs of it are never written", field.cheetahmail)
    writable = subscription or is_writable(field)
    return FieldRule(
        owner=field.owner if writable else "gigya",
        subscription=subscription,
        canonical=_canonical(field),
        blank_erases=field.cheetahmail in feed.config.blank_erases,
    )


def _canonical(field: FieldConfig) -> Canonical:
    if field.type == "date":
        return canonical_date(field.format or DATE_FORMAT)
    if field.type == "datetime":
        return canonical_date(field.format or DATETIME_FORMAT)
    return canonical_text


def cell_of(table: FieldTable, column: str, state: str | None) -> str | None:
    """The cell that outbound writes for a subscription's state."""
    field = next(field for field in table.fields if field.cheetahmail == column)
    return field.cells.get(state, field.default) if state is not None else field.default


def events_of(feed: Feed, rows: Iterable[Mapping[str, Any]]) -> list[Event]:
    """Rows of one person as events of the merge; null says nothing, an empty text is an empty cell."""
    if feed.kind == "address_changes":
        email = feed.table.email.cheetahmail
        return [Event(row["line"], {email: row["email"]}, row["at"]) for row in rows]
    own = {name for name, _ in (*COMMON, *KINDS[feed.kind].own)}
    return [
        Event(
            row["line"],
            {name: cell or None for name, cell in row.items() if name not in own and cell is not None},
            row["at"],
            first_party=bool(row.get("first_party")),
            event=feed.kind in EVENTS,
        )
        for row in rows
    ]
