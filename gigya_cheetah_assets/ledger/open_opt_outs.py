"""Opt-outs that came from CheetahMail and are not in Gigya yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import sqlalchemy as sa

from gigya_cheetah_assets.ledger.consents import OPT_OUT
from gigya_cheetah_assets.ledger.inbound_items import OPEN, Change
from gigya_cheetah_assets.ledger.store import Ledger
from gigya_cheetah_assets.ledger.tables import inbound_files, inbound_items

_WAITING = (*OPEN, "rejected")


@dataclass(frozen=True)
class WaitingOptOut:
    """One opt-out that Gigya does not have yet.

    Attributes:
        uid: Whose.
        subscription: Its column.
        decided_at: When the person opted out, epoch ms, if that is known.
        seen_at: When the file was first read, epoch ms.
        source: Name of the file.
        line: Its line.
        fate: `pending`, `sent` without an answer so far, or `rejected` by Gigya.
        country: The person's cell of the country column, as last agreed on.
    """

    uid: str
    subscription: str
    decided_at: int | None
    seen_at: int
    source: str
    line: int | None
    fate: str
    country: str | None


def waiting_opt_outs(ledger: Ledger, sync: str, country_column: str | None) -> list[WaitingOptOut]:
    """The opt-outs of inbound files that were not applied, without those that Gigya has by another way since."""
    with ledger.snapshot() as (connection, _):
        query = (
            sa.select(inbound_items.c.uid, inbound_items.c.fields, inbound_items.c.fate, inbound_files.c.name,
                      inbound_files.c.begun_at)
            .join(inbound_files, sa.and_(inbound_files.c.sync == inbound_items.c.sync,
                                         inbound_files.c.sha256 == inbound_items.c.sha256))
            .where(inbound_items.c.sync == sync, inbound_items.c.fate.in_(_WAITING))
        )  # fmt: skip
        found = [row for row in connection.execute(query) if any(_opts_out(change) for change in _changes(row.fields))]
    uids = sorted({row.uid for row in found})
    if not uids:
        return []
    baseline = ledger.baseline(sync, pa.array(uids, pa.string()), window="")
    countries = baseline.cells(country_column).to_pylist() if country_column else [None] * len(uids)
    country = dict(zip(uids, countries, strict=True))
    columns = {change.column for row in found for change in _changes(row.fields) if _opts_out(change)}
    out = {name: set(_opted_out(uids, baseline.consent(name)[0])) for name in columns}
    return [
        WaitingOptOut(
            row.uid, change.column, change.at, row.begun_at, row.name, change.line, row.fate, country[row.uid]
        )
        for row in found
        for change in _changes(row.fields)
        if _opts_out(change) and row.uid not in out[change.column]
    ]


def _changes(fields: list[dict[str, object]]) -> list[Change]:
    return [Change(**change) for change in fields]  # type: ignore[arg-type] # JSON of such changes


def _opts_out(change: Change) -> bool:
    return change.subscription and change.write and change.value == OPT_OUT


def _opted_out(uids: list[str], states: pa.Array) -> Iterator[str]:
    return (uid for uid, state in zip(uids, states.to_pylist(), strict=True) if state == OPT_OUT)
