"""What has to leave: rows of a batch compared with the ledger's state of the same people.

Pure functions on frames; reading the ledger is `Ledger.baseline`, and rejected rows are in `rejected`.

Rules. A profile leaves when row or consents differ from the agreed ones. A person must go from a list when the
state is opt_out and was not, known or not (a superfluous opt-out harms nobody), or when it was opt_in and is
anything else. A person joins a list when the state is opt_in and was not. An opt-out that is said once more changes
nothing, unless others at the address are opted in: their opt-ins are no longer the last word there. An address change
is another e-mail, letter case aside. Unsubscribes leave first, so they carry the address that CheetahMail knows, and
the new one in a second row. What others at these addresses mean is in `neighbours`. What this same window delivered
before and takes back now may have been imported meanwhile: its rows mend that too, whatever was agreed on before the
window.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from gigya_cheetah_assets.ledger.arrow import Mask, Texts, column, mask, pc, places, texts
from gigya_cheetah_assets.ledger.baseline import Baseline
from gigya_cheetah_assets.ledger.consents import OPT_IN, OPT_OUT
from gigya_cheetah_assets.ledger.digests import DIGEST_BYTES, encode_rows
from gigya_cheetah_assets.ledger.leaving import LEFT, MAY_BE_IN
from gigya_cheetah_assets.ledger.lists import (
    ABSENT,
    MOVED,
    OPTIN_DATE,
    OPTIN_SOURCE,
    OPTOUT_DATE,
    REASON,
    SOURCE,
    ListRows,
    address_changes,
)
from gigya_cheetah_assets.ledger.neighbours import Neighbours
from gigya_cheetah_assets.ledger.renewed import renewed_opt_outs, seen_again
from gigya_cheetah_assets.ledger.shape import UPDATED, RowShape, state_column

Near: TypeAlias = Callable[[pa.Table, Baseline], Neighbours]
"""Looks up who else is at the addresses of some changed rows, whose agreed state is given too."""


@dataclass(frozen=True)
class Flips:
    """How many known people changed one subscription: from opt_in to something else, and to opt_in."""

    lost: int = 0
    gained: int = 0


@dataclass(frozen=True)
class Changes:
    """What a batch of rows asks to be delivered, in the order of the rows; `_updated` ends the tables of lists.

    Attributes:
        profiles: The new and changed rows, as a frame of rows: to be delivered and then recorded.
        unsubscribes: E-mail, key, LIST_ID, OPTOUT_DATE, REASON (opt_out, pending or absent: the state now; moved:
            only the address leaves the list).
        address_changes: EMAIL_FROM, EMAIL_TO, key, CHANGED.
        subscribes: E-mail, key, LIST_ID, OPTIN_DATE, OPTIN_SOURCE.
        seen: Key and consent columns of unchanged rows that are newer than the ledger's: to be recorded as seen.
        unchanged: How many rows are as the ledger has them.
        known: How many of the people the ledger knows.
        flips: By subscription, among known people.
        unaddressable: Changes of a subscription that no address can carry. Their state is null in `profiles`, so
            that the ledger does not take them for delivered and they leave as soon as there is an address.
        withheld: Changed rows whose opt-in an opt-out of their address holds back: not in `profiles`.
        withheld_for: What holds them, aligned with them.
        left: What people left at addresses that others have too, a table of `leaving.LEFT`.
    """

    profiles: pa.Table
    unsubscribes: pa.Table
    address_changes: pa.Table
    subscribes: pa.Table
    seen: pa.Table
    unchanged: int
    known: int
    flips: Mapping[str, Flips] = field(default_factory=dict)
    unaddressable: int = 0
    withheld: pa.Table | None = None
    withheld_for: Neighbours | None = None
    left: pa.Table = field(default_factory=LEFT.empty_table)


def compare(rows: pa.Table, baseline: Baseline, shape: RowShape, near: Near | None = None) -> Changes:
    """Compares a batch of rows with the agreed state of the same people.

    Args:
        rows: A frame of rows, one row a UID, in stable order.
        baseline: `Ledger.baseline` of their UIDs.
        shape: Names of the columns.
        near: Looks up who else is at their addresses; without it nobody is.
    """
    rows = rows.combine_chunks()
    if not baseline.any_known:
        return _let_go(rows, baseline, shape, near)
    digests = pa.array(encode_rows(rows, shape).digests, pa.binary(DIGEST_BYTES))
    differs = ~mask(pc.equal(digests, baseline.digest)) | baseline.delivered_before
    later = ~differs & mask(pc.greater(column(rows, UPDATED), baseline.updated))
    if near is not None and later.any():
        where = places(later)
        differs[later] = _said_again_to_others(rows.take(where), baseline.take(where), shape, near)
    where, seen = places(differs), places(later & ~differs)
    changed = rows if len(where) == rows.num_rows else rows.take(where)
    changes = _let_go(changed, baseline.take(where), shape, near)
    return replace(
        changes,
        seen=seen_again(rows.take(seen), baseline.take(seen), shape),
        known=baseline.known_count,
        unchanged=rows.num_rows - changed.num_rows,
    )


def _said_again_to_others(rows: pa.Table, before: Baseline, shape: RowShape, near: Near) -> Mask:
    """Whose opt-out is renewed at an address where somebody else is opted in."""
    again = np.logical_or.reduce([np.zeros(rows.num_rows, np.bool_), *renewed_opt_outs(rows, before, shape).values()])
    if again.any():
        where = places(again)
        again[again] = np.logical_or.reduce([*near(rows.take(where), before.take(where)).inherited.values()])
    return again


def _let_go(rows: pa.Table, before: Baseline, shape: RowShape, near: Near | None) -> Changes:
    """The changes of those changed rows that their addresses do not hold back."""
    around = near(rows, before) if near is not None else Neighbours.nobody(rows.num_rows, shape)
    held = around.held
    if not held.any():
        return replace(_changes(rows, before, shape, around), left=around.left)
    goes = places(~held)
    changes = _changes(rows.take(goes), before.take(goes), shape, around.at(~held))
    return replace(changes, withheld=rows.take(places(held)), withheld_for=around.at(held), left=around.left)


def _changes(rows: pa.Table, before: Baseline, shape: RowShape, around: Neighbours) -> Changes:
    new = filled(rows, shape.email)
    old = empty_as_null(before.cells(shape.email))
    moved = mask(pc.not_equal(pc.utf8_lower(old), pc.utf8_lower(new)))
    others = other_addresses(before, shape, old, new)
    leaving = ListRows(rows, shape, OPTOUT_DATE, REASON)
    joining = ListRows(rows, shape, OPTIN_DATE, OPTIN_SOURCE)
    addresses = (pc.coalesce(old, new), pc.if_else(pa.array(moved), new, None), *others)
    known = mask(before.known)
    flips: dict[str, Flips] = {}
    unaddressed: dict[str, Mask] = {}
    for name in shape.subscriptions:
        now = column(rows, state_column(name))
        lost, gained, out = _steps(now, before.consent(name)[0])
        flips[name] = Flips(int((lost & known).sum()), int((gained & known).sum()))
        for state in before.past:
            delivered = mask(state.known)
            taken_back = [step & delivered for step in _steps(now, state.consent(name)[0])]
            lost, gained, out = (step | again for step, again in zip((lost, gained, out), taken_back, strict=True))
        nowhere = leaving.add(name, lost | out, addresses, pc.fill_null(now, ABSENT))
        stays_in = mask(pc.equal(now, OPT_IN)) & around.contested
        may_be_there = stays_in & mask(pc.is_in(before.consent(name)[0], value_set=MAY_BE_IN))
        leaving.add(name, may_be_there, (old, *others), pa.repeat(MOVED, len(now)))
        leaving.add(name, around.inherited[name] & ~(lost | out), (new,), pc.fill_null(now, ABSENT))
        nowhere |= joining.add(name, gained | stays_in, (new,), pa.repeat(SOURCE, len(now)))
        unaddressed[name] = nowhere
    return Changes(
        profiles=_not_taken_for_delivered(rows, unaddressed),
        unsubscribes=leaving.table(),
        address_changes=pa.concat_tables(
            [address_changes(rows, old, moved & ~around.contested, shape)]
            + [address_changes(rows, other, mask(pc.is_valid(other)) & ~around.contested, shape) for other in others]
        ),
        subscribes=joining.table(),
        seen=rows.select([shape.key, *shape.consent_columns]).slice(0, 0),
        unchanged=0,
        known=0,
        flips=flips,
        unaddressable=sum(int(nowhere.sum()) for nowhere in unaddressed.values()),
    )


def other_addresses(before: Baseline, shape: RowShape, *known: Texts) -> list[Texts]:
    """Addresses under which this same window has delivered people before, without those that are known."""
    found: list[Texts] = []
    for state in before.past:
        address = empty_as_null(state.cells(shape.email))
        for other in (*known, *found):
            same = pc.fill_null(pc.equal(pc.utf8_lower(address), pc.utf8_lower(other)), False)
            address = pc.if_else(same, None, address)
        if address.null_count < len(address):
            found.append(address)
    return found


def _steps(now: Texts, agreed: Texts) -> tuple[Mask, Mask, Mask]:
    """Who went from opt_in to something else, who came to opt_in, who came to opt_out."""
    is_in, is_out = mask(pc.equal(now, OPT_IN)), mask(pc.equal(now, OPT_OUT))
    was_in, was_out = mask(pc.equal(agreed, OPT_IN)), mask(pc.equal(agreed, OPT_OUT))
    return was_in & ~is_in, is_in & ~was_in, is_out & ~was_out


def _not_taken_for_delivered(rows: pa.Table, unaddressed: Mapping[str, Mask]) -> pa.Table:
    for name, nowhere in unaddressed.items():
        if nowhere.any():
            state = state_column(name)
            states = pc.if_else(pa.array(nowhere), None, column(rows, state))
            rows = rows.set_column(rows.schema.get_field_index(state), state, states)
    return rows


def filled(rows: pa.Table, name: str) -> Texts:
    """A column in which an empty cell is null."""
    return empty_as_null(texts(rows.column(name)))


def empty_as_null(cells: Texts) -> Texts:
    """The cells, null instead of ""."""
    return pc.if_else(pc.equal(cells, ""), None, cells)
