"""A window's profiles, batch by batch: mapped, checked, compared with the ledger; each row goes where it belongs.

What becomes of a row is decided in the modules that are called here. Which files there are is in `rows_writer`, a
window as a whole in `rows`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets import schemas
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.ledger import (
    Baseline,
    Changes,
    InboundState,
    Ledger,
    RowShape,
    Tombstones,
    compare,
    compare_rejected,
    told_again,
    without_those_told,
)
from gigya_cheetah_assets.ledger.given import as_given
from gigya_cheetah_assets.ledger.leaving import not_recorded_there
from gigya_cheetah_assets.ledger.neighbours import Neighbours
from gigya_cheetah_assets.mapping import FieldTable, Mapped, map_profiles
from gigya_cheetah_assets.outbound import deleted, parked, shared_emails
from gigya_cheetah_assets.outbound.carried import Carrying
from gigya_cheetah_assets.outbound.encodings import FileEncodings
from gigya_cheetah_assets.outbound.lite_keys import Following
from gigya_cheetah_assets.outbound.near import Near
from gigya_cheetah_assets.outbound.rows_writer import RowsWriter
from gigya_cheetah_assets.outbound.window import Window
from gigya_cheetah_assets.segments.flags import Flags
from gigya_cheetah_assets.store.batches import read_batches


@dataclass
class Counts:
    """What was counted of a window: profiles, and value errors and flips by column."""

    read: int = 0
    unchanged: int = 0
    filtered: int = 0
    rejected: int = 0
    known: int = 0
    unaddressable: int = 0
    value_errors: Counter[tuple[str, str]] = field(default_factory=Counter)
    flips: dict[str, Counter[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


class RowsMaker:
    """Takes the profiles of a window batch by batch; `leave` ends it.

    Attributes:
        counts: What was counted so far.
        following: Lite accounts that registered.
        carrying: What earlier runs of the window told, and this one does not.
    """

    def __init__(
        self,
        sync: Sync,
        table: FieldTable,
        window: Window,
        ledger: Ledger,
        writer: RowsWriter,
        *,
        profiles: Path,
    ) -> None:
        self.table = table
        self.counts = Counts()
        self._sync = sync.name
        self._encodings = FileEncodings(sync, table)
        self._window = window
        self._ledger = ledger
        self._writer = writer
        self._shared = shared_emails.read(profiles)
        self._left: list[pa.Table] = []
        self._near = Near(ledger, sync.name, table, window, profiles)
        self._schema = schemas.rows_schema(table)
        self._shape = RowShape.of(table.fields)
        self.following = Following(ledger, sync.name, table)
        self._stones = Tombstones(ledger, sync.name)
        self._parked = InboundState(ledger, sync.name, self._shape).parked()
        self._flags = Flags(sync, ledger, self._shape.key)
        self.carrying = Carrying(
            ledger, sync.name, window, self._shape, self._near, self._encodings, self._parked, self._stones
        )

    def mapped(self, batches: Iterable[pa.Table]) -> Iterator[tuple[pa.Table, Mapped]]:
        """Batches of good profiles with what becomes of them; depends on nothing else, so a thread may be ahead."""
        for profiles in batches:
            yield profiles, map_profiles(self.table, profiles.drop_columns(["repeat"]))

    def add(self, profiles: pa.Table, mapped: Mapped) -> None:
        """Compares a batch of good profiles."""
        counts = self.counts
        self.following.follow(profiles)
        standing = self.following.standing(mapped.rows)
        counts.unchanged += len(mapped.rows) - len(standing)
        rows, withheld, shared = self._shared.withhold(self._flags.set(standing), self._given, self._shape.key)
        rows, waiting, waits = parked.withhold(rows, self._parked, self._shape)
        rows, buried, graves = deleted.withhold(rows, self._stones, self._shape)
        breaches = schemas.validate(self._schema, rows)
        counts.problems += breaches.problems
        good, unwritable, lines = self._encodings.split(breaches.good)
        for rejects in (
            mapped.rejects,
            shared,
            waits,
            graves,
            breaches.rejects,
            lines,
        ):
            self._writer.rejects.add(rejects)
        counts.read += len(profiles)
        counts.filtered += len(mapped.filtered)
        self._filtered(mapped.filtered)
        counts.value_errors += mapped.value_errors
        repeats = profiles["UID"].filter(profiles["repeat"])
        self._compare(good, repeats)
        held = pa.concat_tables([withheld, waiting, buried])
        self._rejected(_without(held, self._shape.key, repeats), held=True)
        rejected = pa.concat_tables([mapped.rejected, breaches.bad, unwritable])
        self._rejected(_without(rejected, self._shape.key, repeats))
        counts.rejected += len(rejected) + len(held)

    def _given(self, rows: pa.Table) -> pa.Table:
        """Rows with the times at which people gave their opt-ins, of those who may have to wait for others."""
        uids = self._shared.among(rows[self._shape.key])
        return as_given(rows, self._ledger.written_opt_ins(self._sync, uids), self._shape) if uids else rows

    def add_rejected(self, profiles: pa.Table) -> None:
        """Lets the opt-outs of profiles that were rejected already still leave."""
        self.following.follow(profiles)
        mapped: Mapped = map_profiles(self.table, profiles)
        self.counts.read += len(profiles)
        self.counts.rejected += len(profiles)
        self._rejected(pa.concat_tables([mapped.rows, mapped.rejected]))

    def leave(self) -> None:
        """Writes what is left at addresses; opt-ins that this window takes off its own people it tells again."""
        if not self._left:
            return
        left, profiles = pa.concat_tables(self._left), self._writer.kinds["profiles"]
        profiles.close()
        taken, key = left.filter(left["again"]), self._shape.key
        for batch in read_batches(profiles.path) if len(taken) else ():
            rows = batch.filter(pc.is_in(batch[key], value_set=taken["uid"].combine_chunks())).combine_chunks()
            baseline = self._ledger.baseline(self._sync, rows[key], window=self._window.stamp)
            self._writer.kinds["subscribes"].add(told_again(rows, baseline, taken, self._shape, self._near))
            left = without_those_told(left, rows[key])
        self._writer.left.add(left)

    def _compare(self, rows: pa.Table, repeats: pa.ChunkedArray) -> None:
        fresh = _without(rows, self._shape.key, repeats)
        self.counts.unchanged += len(rows) - len(fresh)
        if not len(fresh):
            return
        baseline = self._ledger.baseline(self._sync, fresh[self._shape.key], window=self._window.stamp)
        changes: Changes = compare(fresh, baseline, self._shape, self._near)
        self.counts.unchanged += changes.unchanged
        self.counts.known += changes.known
        self.counts.unaddressable += changes.unaddressable
        for column, flips in changes.flips.items():
            turned = {"opt_out": flips.lost, "opt_in": flips.gained}
            self.counts.flips.setdefault(column, Counter()).update(turned)
        self._writer.seen.add(changes.seen)
        self._left.append(changes.left)
        if changes.withheld is not None and changes.withheld_for is not None:
            self._withheld(changes.withheld, changes.withheld_for)
        for kind, writer in self._writer.kinds.items():
            writer.add(getattr(changes, kind))

    def _withheld(self, rows: pa.Table, around: Neighbours) -> None:
        """Rows that an opt-out of their address holds back: rejects, whose old address is left all the same."""
        for name, blocked in around.blocked.items():
            self._writer.rejects.add(parked.rejects(rows.filter(pa.array(blocked)), name, self._shape))
        self.counts.rejected += len(rows)
        baseline = self._ledger.baseline(self._sync, rows[self._shape.key], window=self._window.stamp)
        self._let_opt_outs_leave(rows, baseline, around, held=True)

    def _filtered(self, rows: pa.Table) -> None:
        """Whom the record filter leaves out now but CheetahMail knows: their opt-outs still leave."""
        if len(rows):
            baseline = self._ledger.baseline(self._sync, rows[self._shape.key], window=self._window.stamp)
            self._rejected(rows.filter(baseline.known))

    def _rejected(self, rows: pa.Table, *, held: bool = False) -> None:
        rows = self.following.standing(rows)
        # Of who was deleted nothing leaves any more, and the ledger shall not hear of her again.
        rows = deleted.without(rows, self._stones, self._shape.key)
        if not len(rows):
            return
        baseline = self._ledger.baseline(self._sync, rows[self._shape.key], window=self._window.stamp)
        around = self._near((rows if held else self._at_home(rows, baseline)).combine_chunks(), baseline)
        self._left.append(around.left)
        self._let_opt_outs_leave(rows, baseline, around, held=held)

    def _at_home(self, rows: pa.Table, baseline: Baseline) -> pa.Table:
        """Rejected rows with the address that the ledger knows: that of the row is not believed."""
        place = rows.schema.get_field_index(self._shape.email)
        return rows.set_column(place, self._shape.email, baseline.cells(self._shape.email))

    def _let_opt_outs_leave(self, rows: pa.Table, baseline: Baseline, around: Neighbours, *, held: bool) -> None:
        self.carrying.held_back.add(rows[self._shape.key].combine_chunks())
        rows = self._encodings.without_unwritable(rows)
        changes = compare_rejected(rows, baseline, self._shape, around=around, held=held)
        self.counts.unaddressable += changes.unaddressable
        self._writer.kinds["unsubscribes"].add(changes.unsubscribes)
        self._writer.consents.add(changes.consents)
        self._left.append(not_recorded_there(rows.combine_chunks(), baseline, self._shape))


def _without(rows: pa.Table, key: str, uids: pa.ChunkedArray) -> pa.Table:
    return rows.filter(pc.invert(pc.is_in(rows[key], value_set=uids.combine_chunks()))) if len(uids) else rows
