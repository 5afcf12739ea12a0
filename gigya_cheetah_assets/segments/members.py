"""Gigya -> the members of a segment now, and what changed since the last delivery.

Leaves in the segment's folder: `members.parquet`, `watched.parquet` (near misses, and members who cannot be told),
`joins.parquet` and `leaves.parquet` with the condition that flipped, `rejects.parquet` and `.csv`, `summary.json`; each
in stable order and only if it has a row.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.config import Segment, Sync
from gigya_cheetah_assets.gigya import GigyaClient
from gigya_cheetah_assets.gigya.schema import get_schema
from gigya_cheetah_assets.grammar.dates import milliseconds
from gigya_cheetah_assets.ledger import Ledger, SegmentDelivery, SegmentState
from gigya_cheetah_assets.ledger.segments import MEMBERS as DELIVERED
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.segments import changes
from gigya_cheetah_assets.segments.changes import MEMBERS, WATCHED, Reasons
from gigya_cheetah_assets.segments.filter import SegmentFilter
from gigya_cheetah_assets.segments.read import Reader
from gigya_cheetah_assets.segments.schema_check import refuse_unfit
from gigya_cheetah_assets.segments.sorting import Addresses, Sorting
from gigya_cheetah_assets.segments.summary import MembersSummary, SegmentFileSummary
from gigya_cheetah_assets.segments.truth import HELD
from gigya_cheetah_assets.segments.writer import MembersWriter
from gigya_cheetah_assets.store import folders, summary
from gigya_cheetah_assets.store.aligned import aligned
from gigya_cheetah_assets.store.batches import read_batches
from gigya_cheetah_assets.store.summary import nested

log = logging.getLogger(__name__)


def find_members(
    client: GigyaClient, sync: Sync, segment: Segment, ledger: Ledger, *, data: Path, now: datetime
) -> MembersSummary:
    """Reads a segment, and replaces its folder as a whole.

    Members whose delivery was begun and is not recorded stay: their file may be in the outbox already, so it is that
    delivery which has to be finished first.

    Args:
        client: The site.
        sync: The sync.
        segment: One of its segments.
        ledger: Read only here.
        data: The folder of all data.
        now: The moment that the dates of the filter count from.

    Raises:
        ConfigError: The site's schema does not allow the filter.
        GigyaUnavailable: The site did not answer within its budget.
    """
    target = folders.asset_folder(data, sync.name, folders.SEGMENT_MEMBERS, segment.name)
    state = SegmentState(ledger, sync.name, segment.name)
    begun = _begun(target, state)
    if begun is not None:
        log.info("segment %s: the delivery of its last members is to be finished first", segment.name)
        return begun
    return _Finding(client, sync, segment, ledger, data=data, now=now).into(target)


def _begun(folder: Path, state: SegmentState) -> MembersSummary | None:
    begun = state.begun()
    if begun is None or not (folder / folders.SUMMARY).is_file():
        return None
    found = summary.read(folder, MembersSummary)
    return found if found.as_of == begun.as_of else None


class _Finding:
    """One look at one segment."""

    def __init__(
        self, client: GigyaClient, sync: Sync, segment: Segment, ledger: Ledger, *, data: Path, now: datetime
    ) -> None:
        self._sync = sync
        self._segment = segment
        self._ledger = ledger
        self._state = SegmentState(ledger, sync.name, segment.name)
        self._before = self._state.delivered()
        self._data = data
        self._as_of = milliseconds(now.replace(microsecond=0))
        if self._before is not None:
            # Two deliveries never have the same name.
            self._as_of = max(self._as_of, self._before.as_of + 1000)
        self._filter = SegmentFilter.of(segment, now)
        self._table = _key_and_email(FieldTable.from_sync(sync), segment)
        schema = get_schema(client)
        refuse_unfit(sync.name, segment.name, self._filter.condition, schema)
        since = self._before.as_of if self._before else None
        self._reader = Reader(client, sync, self._table, self._filter, schema=schema, since=since)
        self._flipped: dict[str, Counter[str]] = {"joins": Counter(), "leaves": Counter()}

    def into(self, target: Path) -> MembersSummary:
        spools = self._data / self._sync.name / ".spool"
        with folders.private():
            spools.mkdir(parents=True, exist_ok=True)
        with folders.building(target) as folder, MembersWriter(folder) as writer:
            with TemporaryDirectory(dir=spools) as scratch:
                sorting = self._sorting(writer)
                for part in self._reader.candidates(Path(scratch)):
                    sorting.add(part)
                sorting.nameless(self._reader.nameless)
            writer.close_people()
            self._compare(folder, writer)
            writer.close()
            result = self._summary(writer)
            summary.write(folder, result)
        counts = (result.members, result.joins, result.leaves)
        log.info("segment %s: %d members, %d joins, %d leaves", self._segment.name, *counts)
        return result

    def _sorting(self, writer: MembersWriter) -> Sorting:
        file = self._segment.written_file
        encoding = file.layout(self._sync.import_files.defaults).encoding if file else "utf-8"
        # Joins and leaves get their addresses when they are known; of a full list everybody does.
        addresses = self._addresses if self._segment.deliver == "full" else None
        return Sorting(writer, self._table, self._filter, encoding, addresses, self._sync.sample_size)

    def _compare(self, folder: Path, writer: MembersWriter) -> None:
        """Joins and leaves, batch by batch."""
        earlier = self._watched_before()
        reasons = Reasons(
            self._filter.names,
            first=self._before is None,
            same_filter=self._before is not None and self._before.conditions == self._filter.names,
            watched=self._filter.watching and earlier is not None,
        )
        lists = [
            (MEMBERS, read_batches(folder / "members.parquet")),
            (DELIVERED, self._state.members()),
            (WATCHED, read_batches(folder / "watched.parquet")),
            (WATCHED, read_batches(earlier) if earlier is not None else ()),
        ]
        for members, before, watched, watched_before in aligned(lists):
            joins = changes.joins(members, before, watched_before, reasons)
            writer.joins.add(self._count("joins", _with_emails(joins, self._addresses)))
            leaves = changes.leaves(members, before, watched, reasons, self._held_by_key)
            writer.leaves.add(self._count("leaves", _with_emails(leaves, self._addresses)))

    def _count(self, kind: str, flipped: pa.Table) -> pa.Table:
        for reason in flipped["reason"].to_pylist():
            self._flipped[kind].update(reason.split(changes.BETWEEN))
        return flipped

    def _watched_before(self) -> Path | None:
        """The near misses of the last delivery, if they are still kept."""
        folder = folders.asset_folder(self._data, self._sync.name, folders.SEGMENT_FILE, self._segment.name)
        if self._before is None or not (folder / folders.SUMMARY).is_file():
            return None
        delivered = summary.read(folder, SegmentFileSummary)
        kept = folder / "watched.parquet"
        return kept if delivered.as_of == self._before.as_of and kept.is_file() else None

    def _held_by_key(self, uids: Sequence[str]) -> pa.Table:
        people = self._reader.people(uids)
        return pa.table([people["UID"], people[HELD]], schema=WATCHED)

    def _addresses(self, uids: pa.ChunkedArray, now: pa.ChunkedArray) -> pa.ChunkedArray:
        """The address by which CheetahMail knows people, as far as the ledger tells; else the one given.

        A new address leaves as an address change with its own window, before or after this segment.
        """
        known = self._ledger.baseline(self._sync.name, uids, window="").cells(self._table.email.cheetahmail)
        return pc.coalesce(known, now)

    def _summary(self, writer: MembersWriter) -> MembersSummary:
        before: SegmentDelivery | None = self._before
        return MembersSummary(
            segment=self._segment.name,
            as_of=self._as_of,
            where=self._segment.where,
            conditions=list(self._filter.names),
            queries=self._reader.queries,
            read=writer.read,
            members=writer.members.rows,
            filtered=writer.filtered,
            rejected=writer.rejected,
            reasons=nested(writer.rejects.reasons),
            joins=writer.joins.rows,
            leaves=writer.leaves.rows,
            join_reasons=dict(sorted(self._flipped["joins"].items())),
            leave_reasons=dict(sorted(self._flipped["leaves"].items())),
            size_before=before.size if before else None,
            delivered_as_of=before.as_of if before else None,
            delivery=(before.revision if before else 0) + 1,
            sample_size=self._sync.sample_size,
        )


def _key_and_email(table: FieldTable, segment: Segment) -> FieldTable:
    """The two columns by which a file names people, by the rules of the sync file; both must be there.

    Whom the record filter leaves out is no subscriber, and so no member.
    """
    email = table.email.model_copy(update={"required": True, "on_error": "reject"})
    return FieldTable((table.key, email), table.record_filter if segment.record_filter else ())


def _with_emails(people: pa.Table, addresses: Addresses) -> pa.Table:
    if not len(people):
        return people
    return people.set_column(1, "email", addresses(people["uid"], people["email"]))
