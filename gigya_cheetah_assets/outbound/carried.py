"""What an earlier run of a window told and this one does not: carried over into its new files while it still holds.

A window that runs again replaces its files. Its query no longer returns who has moved on to a later window, and whom a
later one has delivered counts as unchanged; but CheetahMail may not have imported the older files. So the rows that
were made before are looked through. Where this run says nothing, what the ledger has agreed on is compared with what
stood before the window (`ledger.told`): no opt-out and no change of address is lost, and nothing leaves that was taken
back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.config.files import KINDS_IN_ORDER, Kind
from gigya_cheetah_assets.ledger import (
    Baseline,
    Ledger,
    ParkedOptOut,
    RowShape,
    Tombstones,
    compare,
    compare_rejected,
    told,
)
from gigya_cheetah_assets.ledger.arrow import Mask, Texts, column, mask, places
from gigya_cheetah_assets.ledger.digests import DIGEST_BYTES, encode_rows
from gigya_cheetah_assets.ledger.import_results import imported_kinds
from gigya_cheetah_assets.ledger.lists import LIST_ID, MOVED, REASON
from gigya_cheetah_assets.outbound import deleted, parked
from gigya_cheetah_assets.outbound.encodings import FileEncodings
from gigya_cheetah_assets.outbound.near import Near
from gigya_cheetah_assets.outbound.window import Window
from gigya_cheetah_assets.store.batches import LazyParquet, read_batches
from gigya_cheetah_assets.store.keys import Keys

UNSUBSCRIBES, ADDRESS_CHANGES, PROFILES, SUBSCRIBES = KINDS_IN_ORDER
_SMALL: tuple[Kind, ...] = (UNSUBSCRIBES, ADDRESS_CHANGES, SUBSCRIBES)
_LISTED: tuple[Kind, ...] = (UNSUBSCRIBES, SUBSCRIBES)


def file_of(kind: Kind) -> str:
    """Where the carried rows of a kind lie, in the folder of the window's rows."""
    return f"carried_{kind}.parquet"


def told_rows(folder: Path, kind: Kind, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """What a window tells of a kind, in the order of its file: the rows that it made, then those that it carries."""
    for name in (f"{kind}.parquet", file_of(kind)):
        yield from read_batches(folder / name, columns)


@dataclass
class Carrying:
    """Looks through what a window made before.

    Attributes:
        ledger: Read only.
        sync: Name of the sync.
        window: The window.
        shape: Names of the columns.
        near: Who else is at people's addresses.
        encodings: What the files can hold.
        waiting: Opt-outs that wait on addresses.
        stones: Who was deleted.
        held_back: Those whom this run read and whose rows may not leave; of them no opt-in is carried.
    """

    ledger: Ledger
    sync: str
    window: Window
    shape: RowShape
    near: Near
    encodings: FileEncodings
    waiting: list[ParkedOptOut]
    stones: Tombstones
    held_back: Keys = field(default_factory=Keys)
    _said: Keys = field(default_factory=Keys)

    def carry(self, earlier: Path, made: Path) -> dict[str, int]:
        """Writes the carried rows beside those of this run; returns how many there are of each kind.

        Nothing of a file is carried that CheetahMail has reported as imported.

        Args:
            earlier: The folder of the window's rows as they were made before.
            made: The folder of those made now, finished but for these.
        """
        deliveries = self.ledger.deliveries(self.sync, self.window.stamp)
        if not deliveries:
            return {}
        for kind in KINDS_IN_ORDER:
            for rows in read_batches(made / f"{kind}.parquet"):
                for either_way in _LISTED if kind in _LISTED else (kind,):
                    self._said.add(*self._subjects(either_way, rows))
        imported = imported_kinds(self.ledger, self.sync, deliveries[-1])
        writers = {kind: LazyParquet(made / file_of(kind)) for kind in KINDS_IN_ORDER}
        for kind in KINDS_IN_ORDER:
            for rows in self._unsaid(earlier, kind) if kind not in imported else ():
                for found in self._carried(kind, rows):
                    self._write(found, writers)
        for writer in writers.values():
            writer.close()
        return {kind: writer.rows for kind, writer in writers.items() if writer.rows}

    def _unsaid(self, earlier: Path, kind: Kind) -> Iterator[pa.Table]:
        """What was told and what was carried before, without what this run tells itself."""
        for rows in told_rows(earlier, kind):
            # Without a UID there is nobody in the ledger to hold it against.
            named = rows if kind == PROFILES else rows.filter(pc.is_valid(told.uids_of(rows)))
            yield named.filter(pa.array(~self._said.has(*self._subjects(kind, named))))

    def _subjects(self, kind: Kind, rows: pa.Table) -> tuple[Texts, ...]:
        """Whom and what rows are about."""
        uids = column(rows, self.shape.key) if kind == PROFILES else told.uids_of(rows)
        lists = column(rows, LIST_ID) if kind in _LISTED else pa.repeat("", len(rows))
        return uids, lists, pa.repeat(kind, len(rows))

    def _write(self, found: dict[Kind, pa.Table], writers: dict[Kind, LazyParquet]) -> None:
        """Writes what is not said yet; from then on it is."""
        for kind, rows in found.items():
            fresh = ~self._said.has(*self._subjects(kind, rows))
            if kind in (PROFILES, SUBSCRIBES):
                fresh &= ~self.held_back.has(column(rows, self.shape.key))
            new = rows.filter(pa.array(fresh))
            writers[kind].add(new)
            self._said.add(*self._subjects(kind, new))

    def _carried(self, kind: Kind, rows: pa.Table) -> Iterator[dict[Kind, pa.Table]]:
        if kind == PROFILES:
            yield {kind: self._profiles(rows)}
            return
        if kind != ADDRESS_CHANGES:
            yield {kind: self._again("left" if kind == UNSUBSCRIBES else "joined", rows)[kind]}
        if kind != SUBSCRIBES:
            # Who went from the lists of an address that others have moves with it once it is nobody else's.
            yield self._again("moved", rows if kind == ADDRESS_CHANGES else rows.filter(pc.equal(rows[REASON], MOVED)))

    def _profiles(self, rows: pa.Table) -> pa.Table:
        """Profiles that are what the ledger has: no later delivery told another one."""
        if set(rows.column_names) != {*self.shape.columns, *self.shape.consent_columns}:
            return rows.slice(0, 0)
        agreed = self._agreed(rows[self.shape.key])
        digests = pa.array(encode_rows(rows, self.shape).digests, pa.binary(DIGEST_BYTES))
        rows = rows.filter(pc.fill_null(pc.equal(digests, agreed.digest), False)).combine_chunks()
        goes, _ = self._sorted_out(rows, Baseline.empty(len(rows)))
        return self.encodings.split(rows.filter(pa.array(goes)))[0]

    def _again(self, step: told.Step, rows: pa.Table) -> dict[Kind, pa.Table]:
        """What leaves if what the ledger has is compared with what told rows say of before."""
        people = told.people_of(rows)
        now = self._agreed(pa.array([one.uid for one in people], pa.string()))
        known = places(mask(now.known))
        people, now = [people[place] for place in known.to_pylist()], now.take(known)
        agreed = told.agreed_rows(people, now, self.shape)
        before = told.stood_before(step, people, now, self.shape)
        goes, held = self._sorted_out(agreed, before)
        agreed = self.encodings.without_unwritable(agreed)
        changes = compare(agreed.take(places(goes)), before.take(places(goes)), self.shape, self.near)
        rows, theirs = agreed.take(places(held)), before.take(places(held))
        opt_outs = compare_rejected(rows, theirs, self.shape, around=self.near(rows, theirs), held=True)
        found: dict[Kind, pa.Table] = {kind: getattr(changes, kind) for kind in _SMALL}
        return found | {UNSUBSCRIBES: pa.concat_tables([changes.unsubscribes, opt_outs.unsubscribes])}

    def _agreed(self, uids: pa.Array | pa.ChunkedArray) -> Baseline:
        return self.ledger.baseline(self.sync, uids, window="")

    def _sorted_out(self, rows: pa.Table, before: Baseline) -> tuple[Mask, Mask]:
        """Whose rows may leave as they are, and of whom only opt-outs may; of who was deleted nothing does."""
        uids = column(rows, self.shape.key)
        there = deleted.without(rows, self.stones, self.shape.key)
        free, _, _ = deleted.withhold(parked.withhold(there, self.waiting, self.shape)[0], self.stones, self.shape)
        goes = mask(pc.is_in(uids, value_set=column(free, self.shape.key))) & ~self.near(rows, before).held
        return goes, mask(pc.is_in(uids, value_set=column(there, self.shape.key))) & ~goes
