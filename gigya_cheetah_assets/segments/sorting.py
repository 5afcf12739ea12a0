"""Candidates of a segment -> members, near misses, rejects and the rest, each counted once.

A segment never makes anybody mailable: a row names a person by key and address and carries no consent. So who has no
usable key or address is a reject, whatever the filter says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.cheetahmail import unencodable
from gigya_cheetah_assets.mapping import FieldTable, map_profiles
from gigya_cheetah_assets.outbound.encodings import REASON
from gigya_cheetah_assets.segments.changes import MEMBERS, OUTSIDE, WATCHED
from gigya_cheetah_assets.segments.filter import SegmentFilter
from gigya_cheetah_assets.segments.truth import HELD, NEW, SURE
from gigya_cheetah_assets.segments.writer import MembersWriter
from gigya_cheetah_assets.store.rejects import SCHEMA

Addresses = Callable[[pa.ChunkedArray, pa.ChunkedArray], pa.ChunkedArray]


@dataclass
class Sorting:
    """Takes candidates part by part, in stable order.

    Attributes:
        writer: Where they go.
        table: Key and address, and the record filter.
        wanted: The filter.
        encoding: Of the segment's file.
        addresses: From UIDs and addresses to the addresses that CheetahMail knows; None to leave them.
        room: How many members there may still be (sample mode); None for any number.
    """

    writer: MembersWriter
    table: FieldTable
    wanted: SegmentFilter
    encoding: str
    addresses: Addresses | None = None
    room: int | None = None

    def add(self, candidates: pa.Table) -> None:
        """Sorts a part."""
        held = candidates[HELD].to_numpy()
        # What the site decides as a whole is not decided again.
        inside = held == self.wanted.everything if self.wanted.split else candidates[SURE].to_numpy()
        near = ~inside & (_failing(held, len(self.wanted.conditions)) == 1) & self.wanted.watching
        rejected, outside = self._members(candidates.filter(pa.array(inside)))
        left_out = np.asarray(pc.is_in(candidates["UID"], value_set=outside))
        watched = near | left_out | np.asarray(pc.is_in(candidates["UID"], value_set=rejected))
        bits = pa.array(np.where(left_out, held | OUTSIDE, held)[watched])
        self.writer.watched.add(pa.table([candidates["UID"].filter(pa.array(watched)), bits], schema=WATCHED))
        self.writer.read += len(candidates)
        self.writer.filtered += int((~inside).sum()) + len(outside)
        self.writer.rejected += len(rejected)

    def nameless(self, count: int) -> None:
        """Counts records without any UID."""
        self.writer.read += count
        self.writer.rejected += count
        nobody = [
            pa.nulls(count, pa.string()),
            pa.repeat(self.table.key.cheetahmail, count),
            pa.repeat("missing", count),
        ]
        self.writer.rejects.add(pa.table(nobody, schema=SCHEMA))

    def _members(self, inside: pa.Table) -> tuple[pa.Array, pa.Array]:
        """Writes members; returns who cannot be told to CheetahMail, and whom the record filter leaves out."""
        key, email = self.table.key.cheetahmail, self.table.email.cheetahmail
        mapped = map_profiles(self.table, inside.select(self.table.profile_schema.names))
        unwritable, lines = self._unwritable(mapped.rows)
        self.writer.rejects.add(mapped.rejects)
        self.writer.rejects.add(lines)
        rows = self._sample(mapped.rows.filter(pc.invert(unwritable)))
        emails = rows[email] if self.addresses is None else self.addresses(rows[key], rows[email])
        new = inside[NEW].take(pc.index_in(rows[key], value_set=inside["UID"].combine_chunks()))
        self.writer.members.add(pa.table([rows[key], emails, new], schema=MEMBERS))
        bad = [mapped.rejected[key], mapped.rows[key].filter(unwritable)]
        rejected = pa.chunked_array([chunk for column in bad for chunk in column.chunks], pa.string())
        return rejected.combine_chunks(), mapped.filtered[key].combine_chunks()

    def _unwritable(self, rows: pa.Table) -> tuple[pa.Array, pa.Table]:
        """Whom the file's encoding cannot name, and the reject lines of these."""
        found = pa.array([False] * len(rows), pa.bool_())
        lines = [SCHEMA.empty_table()]
        for column in (self.table.key.cheetahmail, self.table.email.cheetahmail):
            bad = unencodable(rows[column], self.encoding)
            uids = rows[self.table.key.cheetahmail].filter(bad)
            lines.append(pa.table([uids, pa.repeat(column, len(uids)), pa.repeat(REASON, len(uids))], schema=SCHEMA))
            found = pc.or_(found, bad)
        return found, pa.concat_tables(lines)

    def _sample(self, rows: pa.Table) -> pa.Table:
        if self.room is None:
            return rows
        taken = rows.slice(0, self.room)
        self.room -= len(taken)
        self.writer.filtered += len(rows) - len(taken)
        return taken


def _failing(held: npt.NDArray[np.int64], conditions: int) -> npt.NDArray[np.int64]:
    """How many conditions do not hold."""
    count = np.full(len(held), conditions, np.int64)
    for place in range(conditions):
        count -= held >> place & 1
    return count
