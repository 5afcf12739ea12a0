"""What a window has told of people, turned back into what stood before it: so that `compare` tells it once more.

Once a later delivery has overtaken a person, the ledger no longer knows what stood before the window. The rows that the
window delivered are left to tell it: who was taken off a list was on it, who was put on one was not, who was moved had
the address of before. Compared with that, what is agreed now gives the rows that still hold, and no others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import pyarrow as pa

from gigya_cheetah_assets.ledger.arrow import Mask, Texts, column, mask, pc
from gigya_cheetah_assets.ledger.baseline import Baseline
from gigya_cheetah_assets.ledger.consents import OPT_IN, OPT_OUT, format_consents, parse_consents
from gigya_cheetah_assets.ledger.digests import DIGEST_BYTES
from gigya_cheetah_assets.ledger.lists import EMAIL_FROM, EMAIL_TO, LIST_ID, MOVED, OPTOUT_DATE, REASON
from gigya_cheetah_assets.ledger.row_text import encode
from gigya_cheetah_assets.ledger.shape import UPDATED, RowShape, at_column, state_column

Step: TypeAlias = Literal["left", "joined", "moved"]
"""What told rows say of their people: off a list, on a list, to another address."""
_ASSUMED = {"left": OPT_IN, "joined": OPT_OUT}
_MAPPING = 0


@dataclass(frozen=True)
class Told:
    """What the rows of one small file say of one person.

    Attributes:
        uid: The person.
        address: That of her first row: the one that CheetahMail had before the window.
        updated: The source's last update that her rows carry, epoch ms.
        lists: The subscriptions that they are about.
    """

    uid: str
    address: str | None
    updated: int
    lists: tuple[str, ...] = ()


def people_of(rows: pa.Table) -> list[Told]:
    """The people of a table of unsubscribes, address changes or subscribes, in its order."""
    uids, addresses = uids_of(rows).to_pylist(), rows.column(0).to_pylist()
    lists = rows[LIST_ID].to_pylist() if LIST_ID in rows.column_names else [None] * len(uids)
    found: dict[str, Told] = {}
    for uid, address, name, updated in zip(uids, addresses, lists, rows[UPDATED].to_pylist(), strict=True):
        known = found.get(uid, Told(uid, address, updated))
        found[uid] = known if name is None else replace(known, lists=(*known.lists, name))
    return [*found.values()]


def uids_of(rows: pa.Table) -> Texts:
    """Whom the rows of such a table are about; by place, since the key may have had another name then."""
    return column(rows, rows.column_names[2 if EMAIL_FROM in rows.column_names else 1])


def agreed_rows(people: Sequence[Told], now: Baseline, shape: RowShape) -> pa.Table:
    """What is agreed with some people, as a frame of rows that carry the last update of the told ones.

    Args:
        people: The people, aligned with `now`.
        now: `Ledger.baseline` of them.
        shape: Names of the columns.
    """
    columns = {name: now.cells(name) for name in shape.columns}
    columns[shape.key] = pa.array([one.uid for one in people], pa.string())
    columns[UPDATED] = pa.array([one.updated for one in people], pa.int64())
    for name in shape.subscriptions:
        columns[state_column(name)], columns[at_column(name)] = now.consent(name)
    return pa.table({name: columns[name] for name in (*shape.columns, *shape.consent_columns)})


def stood_before(step: Step, people: Sequence[Told], now: Baseline, shape: RowShape) -> Baseline:
    """What stood before the window, as far as its rows matter: aligned with `now`.

    Who joined a list has the address of today: a change of it is told by rows of its own.
    """
    addresses = now.cells(shape.email) if step == "joined" else pa.array([one.address for one in people], pa.string())
    consents = [
        _consents(known or "", one.lists, _ASSUMED.get(step), shape)
        for one, known in zip(people, now.consents.to_pylist(), strict=True)
    ]
    return Baseline(
        known=pa.repeat(True, len(people)),
        digest=pa.nulls(len(people), pa.binary(DIGEST_BYTES)),
        updated=now.updated,
        mapping=pa.repeat(pa.scalar(_MAPPING, pa.int64()), len(people)),
        consents=pa.array(consents, pa.string()),
        row_text=encode(pa.table({shape.email: addresses}), (shape.email,)),
        mappings={_MAPPING: (shape.email,)},
    )


def _consents(known: str, lists: Sequence[str], assumed: str | None, shape: RowShape) -> str:
    states: dict[str, tuple[str, int | None]] = parse_consents(known)
    if assumed is not None:
        states |= {name: (assumed, None) for name in lists if name in shape.subscriptions}
    return format_consents(states)


def holds(rows: pa.Table, now: Baseline, shape: RowShape) -> Mask:
    """Which rows of a table of unsubscribes, address changes or subscribes are still what is agreed on.

    Args:
        rows: The table.
        now: `Ledger.baseline` of its people, aligned with it.
        shape: Names of the columns.
    """
    address = pc.utf8_lower(now.cells(shape.email))
    if EMAIL_TO in rows.column_names:
        return mask(pc.equal(pc.utf8_lower(column(rows, EMAIL_TO)), address))
    here = mask(pc.equal(pc.utf8_lower(column(rows, shape.email)), address))
    lists, opted_in = column(rows, LIST_ID), ~mask(now.known)
    for name in shape.subscriptions:
        opted_in |= mask(pc.equal(lists, name)) & mask(pc.equal(now.consent(name)[0], OPT_IN))
    if OPTOUT_DATE in rows.column_names:
        moved = mask(pc.equal(column(rows, REASON), MOVED))
        return mask(now.known) & (~opted_in | (moved & ~here))
    return mask(now.known) & opted_in & here
