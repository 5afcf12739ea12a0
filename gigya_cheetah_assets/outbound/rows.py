"""Profiles of a window -> the rows that CheetahMail does not have yet, by kind of file, and the rejects.

Leaves in the window's folder: `profiles.parquet`, `unsubscribes.parquet`, `address_changes.parquet`,
`subscribes.parquet` (each only if it has a row), `rejected_consents.parquet` (what the ledger has to remember of
rejected people's opt-outs), `left.parquet` (what people left at addresses that others have too), `seen.parquet`
(unchanged people whom Gigya touched since the ledger saw them), `carried_<kind>.parquet` (`carried`),
`rejects.parquet`, `rejects.csv` and `summary.json`.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets import schemas
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.config.files import KINDS_IN_ORDER, Kind
from gigya_cheetah_assets.errors import StopSync
from gigya_cheetah_assets.gigya import prefetched
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
from gigya_cheetah_assets.ledger.leaving import not_recorded_there
from gigya_cheetah_assets.ledger.neighbours import Neighbours
from gigya_cheetah_assets.mapping import FieldTable, Mapped, map_profiles
from gigya_cheetah_assets.outbound import deleted, parked, shared_emails
from gigya_cheetah_assets.outbound.carried import Carrying
from gigya_cheetah_assets.outbound.encodings import FileEncodings
from gigya_cheetah_assets.outbound.lite_keys import Following
from gigya_cheetah_assets.outbound.near import Near
from gigya_cheetah_assets.outbound.summary import ProfilesSummary, RowsSummary
from gigya_cheetah_assets.outbound.window import Window
from gigya_cheetah_assets.segments.flags import Flags
from gigya_cheetah_assets.store import folders, summary
from gigya_cheetah_assets.store.batches import LazyParquet, read_batches
from gigya_cheetah_assets.store.rejects import RejectsWriter

log = logging.getLogger(__name__)


@dataclass
class _Counts:
    read: int = 0
    unchanged: int = 0
    filtered: int = 0
    rejected: int = 0
    known: int = 0
    unaddressable: int = 0
    value_errors: Counter[tuple[str, str]] = field(default_factory=Counter)
    flips: dict[str, Counter[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def make_rows(sync: Sync, table: FieldTable, window: Window, ledger: Ledger, *, data: Path) -> RowsSummary:
    """Maps, checks and compares one window whose profiles are finished; replaces its rows as a whole.

    Args:
        sync: The sync.
        table: Its field table.
        window: The window; what its own earlier delivery told the ledger does not count as known.
        ledger: Written only to follow lite accounts that registered.
        data: The folder of all data.

    Raises:
        StopSync: The profiles are not there, or were read with other fields than the sync file has now.
        LedgerBusy: A lite account registered, and another run writes this sync's ledger.
    """
    profiles = folders.finished(folders.asset_folder(data, sync.name, folders.PROFILES, window.stamp))
    extracted = summary.read(profiles, ProfilesSummary)
    _refuse_other_mapping(sync, window, extracted, table)
    revision = ledger.revision(sync.name)
    target = folders.asset_folder(data, sync.name, folders.ROWS, window.stamp)
    with folders.building(target) as building, _RowsWriter(building) as writer:
        maker = _RowsMaker(sync, table, window, ledger, writer, profiles=profiles)
        with closing(prefetched(maker.mapped(read_batches(profiles / "profiles.parquet")), depth=1)) as batches:
            for batch, mapped in batches:
                maker.add(batch, mapped)
        for batch in read_batches(profiles / "rejected.parquet"):
            maker.add_rejected(batch)
        maker.leave()
        writer.close()
        made = _summary(window, extracted, maker, writer, revision + maker.following.revisions)
        carried = maker.carrying.carry(target, building)
        result = msgspec.structs.replace(made, carried=carried, seen_at=_first_seen(target))
        summary.write(building, result)
    log.info("window %s: %d changed of %d accounts", window.key, result.changed, result.read)
    return result


def _first_seen(target: Path) -> int:
    """When rows of the window were first made: what an earlier run of it noted, else now."""
    if (target / folders.SUMMARY).is_file() and (seen := summary.read(target, RowsSummary).seen_at):
        return seen
    return time.time_ns() // 1_000_000


def _refuse_other_mapping(sync: Sync, window: Window, extracted: ProfilesSummary, table: FieldTable) -> None:
    if extracted.mapping_version != table.version:
        raise StopSync(
            f"{sync.name}, window {window.key}: the fields of the sync file changed after its profiles were read",
            next_step="materialize gigya_profiles of this window again",
        )


class _RowsWriter:
    """The files of one window's rows."""

    def __init__(self, folder: Path) -> None:
        with ExitStack() as stack:
            self.kinds: dict[Kind, LazyParquet] = {
                kind: stack.enter_context(LazyParquet(folder / f"{kind}.parquet")) for kind in KINDS_IN_ORDER
            }
            self.consents = stack.enter_context(LazyParquet(folder / "rejected_consents.parquet"))
            self.seen = stack.enter_context(LazyParquet(folder / "seen.parquet"))
            self.left = stack.enter_context(LazyParquet(folder / "left.parquet"))
            self.rejects = stack.enter_context(RejectsWriter(folder))
            self._stack = stack.pop_all()

    def close(self) -> None:
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _RowsMaker:
    """Takes profiles batch by batch; holds the counts of the window."""

    def __init__(
        self,
        sync: Sync,
        table: FieldTable,
        window: Window,
        ledger: Ledger,
        writer: _RowsWriter,
        *,
        profiles: Path,
    ) -> None:
        self.table = table
        self.counts = _Counts()
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
        rows, withheld = self._shared.withhold(self._flags.set(standing), self._shape.key)
        rows, waiting, waits = parked.withhold(rows, self._parked, self._shape)
        rows, buried, graves = deleted.withhold(rows, self._stones, self._shape)
        breaches = schemas.validate(self._schema, rows)
        counts.problems += breaches.problems
        good, unwritable, lines = self._encodings.split(breaches.good)
        for rejects in (
            mapped.rejects,
            self._shared.rejects(withheld, self._shape.key),
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


def _summary(
    window: Window, extracted: ProfilesSummary, maker: _RowsMaker, writer: _RowsWriter, revision: int
) -> RowsSummary:
    counts = maker.counts
    return RowsSummary(
        window=window.key,
        read=extracted.read,
        changed=writer.kinds["profiles"].rows,
        unchanged=counts.unchanged,
        filtered=counts.filtered,
        rejected=counts.rejected,
        reasons=summary.merged(extracted.reasons, summary.nested(writer.rejects.reasons)),
        value_errors=summary.nested(counts.value_errors),
        problems=[*extracted.problems, *counts.problems],
        kinds={kind: parquet.rows for kind, parquet in writer.kinds.items()},
        flips={column: dict(flips) for column, flips in sorted(counts.flips.items())},
        known=counts.known,
        unaddressable=counts.unaddressable,
        handed_over=maker.following.handed_over,
        ledger_revision=revision,
        mapping_version=extracted.mapping_version,
        sample_size=extracted.sample_size,
    )
