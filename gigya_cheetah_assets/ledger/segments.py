"""Who is a member of a segment as the last recorded delivery told CheetahMail, and the deliveries themselves.

A delivery is begun before the first of its bytes may reach the outbox, and recorded with the membership that it makes
in one transaction. So what failed or was killed in between leaves the membership as it was, and says so.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger import corrections
from gigya_cheetah_assets.ledger.arrow import Flags, Texts, pc, texts
from gigya_cheetah_assets.ledger.deliveries import DeliveredFile
from gigya_cheetah_assets.ledger.digests import slots
from gigya_cheetah_assets.ledger.driver import execute_many, fetch, insert_many
from gigya_cheetah_assets.ledger.lookup import covering
from gigya_cheetah_assets.ledger.store import Ledger
from gigya_cheetah_assets.ledger.tables import segment_deliveries as deliveries
from gigya_cheetah_assets.ledger.tables import segment_members as members
from gigya_cheetah_assets.store.batches import BATCH_ROWS

MEMBERS = pa.schema([("uid", pa.string()), ("email", pa.string())])


@dataclass(frozen=True)
class SegmentDelivery:
    """One delivery of a segment.

    Attributes:
        revision: Running number within the segment, from 1.
        as_of: When its members were read, epoch ms.
        recorded: Whether it is known to have been delivered; the last one may only have been begun.
        conditions: The filter's top-level conditions as the sync file had them.
        size: Members after it.
        joins: Members that it added.
        leaves: Members that it took away.
        files: The files that carried it.
    """

    revision: int
    as_of: int
    recorded: bool = False
    conditions: tuple[str, ...] = ()
    size: int = 0
    joins: int = 0
    leaves: int = 0
    files: tuple[DeliveredFile, ...] = ()


class SegmentState:
    """One segment of one sync's ledger.

    Args:
        ledger: The open ledger; inside its `writing` block everything takes part in that transaction.
        sync: Name of the sync.
        segment: Name of the segment.
    """

    def __init__(self, ledger: Ledger, sync: str, segment: str) -> None:
        self._ledger = ledger
        self._sync = sync
        self._segment = segment

    def delivered(self) -> SegmentDelivery | None:
        """The last recorded delivery; None before the first."""
        return self._newest(deliveries.c.recorded_at.is_not(None))

    def begun(self) -> SegmentDelivery | None:
        """The delivery whose files may be in the outbox though it was not recorded; None when there is none."""
        return self._newest(deliveries.c.recorded_at.is_(None))

    def history(self) -> list[SegmentDelivery]:
        """The recorded deliveries, oldest first."""
        with self._ledger.snapshot() as (connection, _):
            query = sa.select(deliveries).where(*self._which(deliveries), deliveries.c.recorded_at.is_not(None))
            return [_delivery(row) for row in connection.execute(query.order_by(deliveries.c.revision))]

    def members(self) -> Iterator[pa.Table]:
        """The members in stable order (CRC-32, UID), as tables of `MEMBERS`, batch by batch."""
        slot, uid = -1, ""
        while True:
            with self._ledger.snapshot() as (connection, mark):
                sql = (
                    "SELECT slot, uid, email FROM ledger_segment_members "  # noqa: S608 - constants and placeholders
                    f"WHERE sync = {mark} AND segment = {mark} AND slot >= {mark} AND (slot, uid) > ({mark}, {mark}) "
                    f"ORDER BY slot, uid LIMIT {BATCH_ROWS}"
                )
                found = fetch(connection, sql, (self._sync, self._segment, slot, slot, uid))
            if not found:
                return
            _, uids, emails = zip(*found, strict=True)
            yield pa.table([pa.array(uids, pa.string()), pa.array(emails, pa.string())], schema=MEMBERS)
            slot, uid = found[-1][0], found[-1][1]

    def holds(self, uids: Texts) -> Flags:
        """Which of some people are members."""
        last = self.delivered()
        keys = texts(uids)
        if last is None or not last.size:
            return pa.array([False] * len(keys), pa.bool_())
        inside: set[str] = set()
        with self._ledger.snapshot() as (connection, mark):
            which = f"sync = {mark} AND segment = {mark}"
            for condition, bounds in covering(slots(keys.drop_null().to_pylist()), last.size, mark):
                sql = f"SELECT uid FROM ledger_segment_members WHERE {which} AND {condition}"  # noqa: S608 - as above
                inside.update(row[0] for row in fetch(connection, sql, (self._sync, self._segment, *bounds)))
        return pc.is_in(keys, value_set=pa.array(sorted(inside), pa.string()))

    def overlap(self, other: str) -> int:
        """How many members another segment shares with this one."""
        mine, theirs = members.alias("mine"), members.alias("theirs")
        same = sa.and_(*(mine.c[name] == theirs.c[name] for name in ("sync", "slot", "uid")))
        query = sa.select(sa.func.count()).select_from(mine.join(theirs, same))
        query = query.where(
            mine.c.sync == self._sync, mine.c.segment == self._segment,
            theirs.c.sync == self._sync, theirs.c.segment == other,
        )  # fmt: skip
        with self._ledger.snapshot() as (connection, _):
            return int(connection.execute(query).scalar_one())

    def begin(self, as_of: int, conditions: Sequence[str]) -> int:
        """Notes that a delivery is about to reach the outbox; one that was begun and not recorded gives way.

        Returns:
            Its revision; that of the same members if they were delivered last.
        """
        last = self.delivered()
        if last is not None and last.as_of == as_of:
            return last.revision
        revision = (last.revision if last else 0) + 1
        with self._ledger.transaction(self._sync) as (connection, _):
            connection.execute(
                sa.delete(deliveries).where(*self._which(deliveries), deliveries.c.recorded_at.is_(None))
            )
            connection.execute(
                deliveries.insert().values(
                    sync=self._sync, segment=self._segment, revision=revision, as_of=as_of, begun_at=_now(),
                    conditions=list(conditions), size=0, joins=0, leaves=0, files=[],
                )
            )  # fmt: skip
        return revision

    def record(
        self,
        as_of: int,
        joins: Iterable[pa.Table],
        leaves: Iterable[pa.Table],
        *,
        files: Sequence[DeliveredFile] = (),
        correct: bool = False,
    ) -> SegmentDelivery:
        """Records the delivery that was begun, all of it in one transaction; a second time changes nothing.

        Args:
            as_of: When its members were read, epoch ms.
            joins: New members in batches, columns `uid` and `email`.
            leaves: Those who are none any more, column `uid`.
            files: The files that carried it.
            correct: Whether the next window has to tell CheetahMail about them (a flag column).
        """
        last = self.delivered()
        if last is not None and last.as_of == as_of:
            return last
        with self._ledger.transaction(self._sync) as (connection, mark):
            joined = sum(self._join(connection, table, as_of if correct else None) for table in joins)
            left = sum(self._leave(connection, mark, table, as_of if correct else None) for table in leaves)
            # Counted, since an erased person is a member no more without having left.
            counted = sa.select(sa.func.count()).select_from(members).where(*self._which(members))
            size = int(connection.execute(counted).scalar_one())
            connection.execute(
                sa.update(deliveries)
                .where(*self._which(deliveries), deliveries.c.as_of == as_of)
                .values(recorded_at=_now(), size=size, joins=joined, leaves=left, files=[asdict(f) for f in files])
            )
        recorded = self.delivered()
        if recorded is None or recorded.as_of != as_of:
            raise ValueError(f"{self._sync}, segment {self._segment}: the delivery was not begun")
        return recorded

    def _join(self, connection: Connection, table: pa.Table, corrected: int | None) -> int:
        uids, emails = table["uid"].to_pylist(), table["email"].to_pylist()
        same = {"sync": self._sync, "segment": self._segment}
        rows = zip(slots(uids), uids, emails, strict=True)
        insert_many(connection, members.name, same, ["slot", "uid", "email"], rows)
        self._correct(connection, uids, corrected)
        return len(uids)

    def _leave(self, connection: Connection, mark: str, table: pa.Table, corrected: int | None) -> int:
        uids = table["uid"].to_pylist()
        which = " AND ".join(f"{name} = {mark}" for name in ("sync", "segment", "slot", "uid"))
        values = ((self._sync, self._segment, slot, uid) for slot, uid in zip(slots(uids), uids, strict=True))
        execute_many(connection, f"DELETE FROM ledger_segment_members WHERE {which}", values)  # noqa: S608 - as above
        self._correct(connection, uids, corrected)
        return len(uids)

    def _correct(self, connection: Connection, uids: list[str], updated: int | None) -> None:
        if updated is not None:
            corrections.note_all(connection, self._sync, uids, updated)

    def _newest(self, which: sa.ColumnElement[bool]) -> SegmentDelivery | None:
        query = sa.select(deliveries).where(*self._which(deliveries), which)
        with self._ledger.snapshot() as (connection, _):
            row = connection.execute(query.order_by(deliveries.c.revision.desc()).limit(1)).first()
        return None if row is None else _delivery(row)

    def _which(self, table: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
        return table.c.sync == self._sync, table.c.segment == self._segment


def _delivery(row: sa.Row[Any]) -> SegmentDelivery:
    return SegmentDelivery(
        row.revision, row.as_of, row.recorded_at is not None, tuple(row.conditions), row.size, row.joins, row.leaves,
        tuple(DeliveredFile(**file) for file in row.files),
    )  # fmt: skip


def _now() -> int:
    return time.time_ns() // 1_000_000
