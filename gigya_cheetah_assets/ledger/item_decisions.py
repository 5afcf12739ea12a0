"""What an item of an inbound file decided, as entries of the consent log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gigya_cheetah_assets.ledger.consent_log import ConsentEntry
from gigya_cheetah_assets.ledger.inbound_items import Item


def decisions(items: Sequence[Item], source: str) -> Iterator[ConsentEntry]:
    """The decisions of items that changed a subscription, or refused a claim to; `source` is the file's name."""
    for item in items:
        yield from _decisions(item, source)


def _decisions(item: Item, source: str) -> Iterator[ConsentEntry]:
    for change in item.changes:
        if not change.subscription:
            continue
        done = change.write and item.fate == "applied"
        if done or change.conflict or item.fate in ("rejected", "parked"):
            after = change.value if done else change.before
            rule = change.rule if item.fate in ("applied", "unchanged") else f"{item.fate}: {change.rule}"
            line = change.line if change.line is not None else item.line
            yield ConsentEntry(
                item.uid, change.column, change.before, after, change.at, "cheetahmail", source, line, rule
            )
