"""What the ledger knew of a batch of people, aligned with their UIDs. Comparing with it is in `compare`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from gigya_cheetah_assets.ledger import earlier
from gigya_cheetah_assets.ledger.arrow import Digests, Flags, Mask, Numbers, Texts, mask, pc
from gigya_cheetah_assets.ledger.consents import decode_consents
from gigya_cheetah_assets.ledger.digests import DIGEST_BYTES
from gigya_cheetah_assets.ledger.lookup import People
from gigya_cheetah_assets.ledger.row_text import cell

_KEPT: dict[str, Any] = {
    "digest": pa.binary(DIGEST_BYTES),
    "updated": pa.int64(),
    "mapping": pa.int64(),
    "consents": pa.string(),
    "row_text": pa.string(),
}


@dataclass(frozen=True)
class Baseline:
    """The agreed state of some people, one entry a UID in the order asked for; null where nothing is known.

    Attributes:
        known: Whether the ledger knows the person.
        digest: Digest of row text and consents, 16 bytes.
        updated: The source's last update, epoch ms.
        mapping: Which of `mappings` wrote the row text.
        consents: The decisions, as `consents.encode_consents` writes them.
        row_text: The row last delivered, as `row_text.encode` writes it; null when only consents are known.
        mappings: Column names by mapping id.
        any_known: Whether anybody is known at all, or has a past.
        past: What this same window delivered in its earlier runs, one state of each person an entry, aligned as this.
    """

    known: Flags
    digest: Digests
    updated: Numbers
    mapping: Numbers
    consents: Texts
    row_text: Texts
    mappings: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    any_known: bool = True
    past: tuple[Baseline, ...] = ()

    @classmethod
    def empty(cls, length: int) -> Baseline:
        """Nobody of so many people is known."""
        nulls: dict[str, Any] = {name: pa.nulls(length, kind) for name, kind in _KEPT.items()}
        return cls(known=pa.repeat(False, length), **nulls, any_known=False)

    @property
    def delivered_before(self) -> Mask:
        """Of whom this same window has delivered a row already."""
        return np.logical_or.reduce([np.zeros(len(self.known), np.bool_), *(mask(one.known) for one in self.past)])

    @property
    def known_count(self) -> int:
        """How many of the people are known."""
        return int(pc.sum(self.known).as_py() or 0)

    def take(self, positions: Numbers) -> Baseline:
        """The people at some positions."""
        if not self.any_known:
            return Baseline.empty(len(positions))
        taken: dict[str, Any] = {name: getattr(self, name).take(positions) for name in _KEPT}
        past = tuple(state.take(positions) for state in self.past)
        return replace(self, known=self.known.take(positions), past=past, **taken)

    def cells(self, column: str) -> Texts:
        """One column of the rows last delivered, read by name whatever mapping wrote it."""
        cells = pa.nulls(len(self.known), pa.string())
        if not self.any_known:
            return cells
        for mapping in pc.unique(self.mapping.drop_null()).to_pylist():
            theirs = pc.fill_null(pc.equal(self.mapping, mapping), False)
            texts = pc.if_else(theirs, self.row_text, None)
            cells = pc.coalesce(cells, cell(texts, self.mappings[mapping], column))
        return cells

    def consent(self, subscription: str) -> tuple[Texts, Numbers]:
        """State and time (epoch ms) of one subscription; null where none is known."""
        if not self.any_known:
            return pa.nulls(len(self.known), pa.string()), pa.nulls(len(self.known), pa.int64())
        return decode_consents(self.consents, subscription)


def read_superseded(people: People, uids: Texts, slots: Sequence[int], updated: Numbers, window: str) -> Flags:
    """Of which UIDs the ledger has a state newer than `updated` (epoch ms), put there by another window."""
    found = people.find(slots, "uid, updated, delivery")
    others = [(uid, when) for uid, when, delivery in found if delivery != window]
    names = pa.array([uid for uid, _ in others], pa.string())
    stored = pa.array([when for _, when in others], pa.int64()).take(pc.index_in(uids, value_set=names))
    return pc.fill_null(pc.greater(stored, updated), False)


def read_baseline(
    people: People,
    uids: Texts,
    slots: Sequence[int],
    mappings: Mapping[int, tuple[str, ...]],
    window: str,
) -> Baseline:
    """The agreed state of some UIDs; of those that `window` itself delivered, what stood before, and those states."""
    before = [f"CASE WHEN delivery = {people.mark} THEN previous_{name} ELSE {name} END" for name in _KEPT]
    found = people.find(slots, ", ".join(["uid", *before]), [window] * len(_KEPT))
    if not found:
        return Baseline.empty(len(uids))
    past: list[Baseline] = []
    if earlier.was_delivered(people.connection, people.sync, window):
        own = [
            (uid, *kept)
            for uid, delivery, *kept in people.find(slots, ", ".join(["uid", "delivery", *_KEPT]))
            if delivery == window
        ]
        kept = earlier.read(people.connection, people.sync, window, uids.drop_null().to_pylist())
        states = [own, *(list(level.values()) for level in kept)]
        past = [_aligned(uids, state, mappings) for state in states if state]
    baseline = _aligned(uids, found, mappings)
    return replace(baseline, past=tuple(past), any_known=baseline.any_known or bool(past))


def _aligned(uids: Texts, found: Sequence[earlier.State], mappings: Mapping[int, tuple[str, ...]]) -> Baseline:
    found_uids, *columns = zip(*found, strict=True)
    where = pc.index_in(uids, value_set=pa.array(found_uids, pa.string()))
    kept: dict[str, Any] = {
        name: pa.array(column, kind).take(where) for column, (name, kind) in zip(columns, _KEPT.items(), strict=True)
    }
    # No digest: this very window delivered the person first, and before it nothing was known.
    known = pc.is_valid(kept["digest"])
    return Baseline(known=known, **kept, mappings=mappings, any_known=bool(pc.any(known).as_py()))
