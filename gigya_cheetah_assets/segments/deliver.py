"""Members of a segment -> its file in the outbox, and the membership in the ledger.

The order is what makes it safe to be killed anywhere: write the file here, note that it is about to reach the outbox,
deliver it, then record the membership in one transaction. A run that comes after a kill finds the note, keeps the
members that were found, and so delivers the same file again.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from gigya_cheetah_assets.cheetahmail import Manifest
from gigya_cheetah_assets.config import Segment, Sync
from gigya_cheetah_assets.errors import StopSync
from gigya_cheetah_assets.ledger import DeliveredFile, Ledger, SegmentDelivery, SegmentState
from gigya_cheetah_assets.outbound import outbox
from gigya_cheetah_assets.segments.file import SegmentFiles
from gigya_cheetah_assets.segments.summary import MembersSummary, SegmentFileSummary
from gigya_cheetah_assets.staging import Staging
from gigya_cheetah_assets.store import folders, steps, summary
from gigya_cheetah_assets.store.batches import read_batches

log = logging.getLogger(__name__)
OpenStaging = Callable[[], AbstractContextManager[Staging]]


class SegmentDelivering:
    """One segment's way from its members to the outbox.

    Args:
        sync: The sync.
        segment: One of its segments; its members were found.
        ledger: The open ledger.
        data: The folder of all data.

    Attributes:
        found: What was counted of its members.
    """

    def __init__(self, sync: Sync, segment: Segment, ledger: Ledger, *, data: Path) -> None:
        self._sync = sync
        self._segment = segment
        self._state = SegmentState(ledger, sync.name, segment.name)
        self._members = folders.finished(folders.asset_folder(data, sync.name, folders.SEGMENT_MEMBERS, segment.name))
        self._target = folders.asset_folder(data, sync.name, folders.SEGMENT_FILE, segment.name)
        self.found = summary.read(self._members, MembersSummary)

    def run(self, staging: OpenStaging) -> SegmentFileSummary:
        """Writes, delivers and records; a copy of the file with its manifest stays in the segment's folder.

        Raises:
            StopSync: The members were found before the last delivery, or by another filter than the sync file has.
        """
        self._refuse_outdated()
        with folders.building(self._target) as building:
            files = self._written(building)
            self._deliver(building, files, staging)
            recorded = self._record(files)
            watched = self._members / "watched.parquet"
            if watched.is_file():
                shutil.copyfile(watched, building / watched.name)
            result = self._summary(files, recorded)
            summary.write(building, result)
        return result

    def _refuse_outdated(self) -> None:
        last = self._state.delivered()
        told = last.as_of if last else None
        if self.found.where != self._segment.where or told not in (self.found.delivered_as_of, self.found.as_of):
            cause = "the filter changed" if self.found.where != self._segment.where else "another delivery was recorded"
            raise StopSync(
                f"{self._sync.name}, segment {self._segment.name}: {cause} after its members were found",
                next_step="materialize segment_members of this segment again",
            )

    def _written(self, folder: Path) -> list[Manifest]:
        file = self._segment.written_file
        if file is None:
            return []
        return SegmentFiles(self._sync, self._segment, file, self.found, self._members, self._target).write(folder)

    def _deliver(self, folder: Path, files: list[Manifest], staging: OpenStaging) -> None:
        if not files or self._segment.written_file is None:
            self._begin()
            return
        layout = self._segment.written_file.layout(self._sync.import_files.defaults)
        with staging() as opened:
            # Not before: a staging that cannot be reached leaves the members free to be found anew.
            self._begin()
            for file in files:
                outbox.deliver(opened, folder, file, layout)

    def _begin(self) -> None:
        self._state.begin(self.found.as_of, self.found.conditions)
        steps.reached(steps.SEGMENT_BEGUN)

    def _record(self, files: list[Manifest]) -> SegmentDelivery:
        recorded = self._state.record(
            self.found.as_of,
            read_batches(self._members / "joins.parquet"),
            read_batches(self._members / "leaves.parquet"),
            files=[DeliveredFile(f.kind, f.name, f.rows, f.bytes, f.sha256) for f in files],
            correct=self._segment.flag_column is not None,
        )
        steps.reached(steps.DELIVERY_RECORDED)
        log.info("segment %s: recorded as delivery %d", self._segment.name, recorded.revision)
        return recorded

    def _summary(self, files: list[Manifest], recorded: SegmentDelivery) -> SegmentFileSummary:
        found = self.found
        delivered = found.members if self._segment.deliver == "full" else found.joins
        others = [segment.name for segment in self._sync.segments if segment.name != self._segment.name]
        return SegmentFileSummary(
            segment=found.segment,
            as_of=found.as_of,
            read=found.read,
            delivered=delivered,
            unchanged=found.members - delivered,
            filtered=found.filtered,
            rejected=found.rejected,
            leaves=found.leaves,
            size=recorded.size,
            overlaps={name: self._state.overlap(name) for name in others},
            files=files,
            revision=recorded.revision,
        )
