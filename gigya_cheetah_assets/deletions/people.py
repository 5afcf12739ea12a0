"""Deleted accounts beside what the ledger knows of them: the address that CheetahMail has, and who told already."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.ledger import Ledger, RowShape, Tombstones

DELETIONS = pa.schema(
    [("uid", pa.string()), ("deleted_at", pa.int64()), ("reason", pa.string()), ("successor", pa.string())]
)
"""Of deletions.parquet: the account, when (epoch ms), how, and the account that has its address now."""


@dataclass(frozen=True)
class Told:
    """A batch of deleted accounts, taken apart.

    Attributes:
        to_tell: Those of whom CheetahMail has a row, with their address as `email`.
        unknown: Those of whom it never got one.
        told_before: Those of whom another window told.
    """

    to_tell: pa.Table
    unknown: pa.Table
    told_before: pa.Table


def taken_apart(ledger: Ledger, sync: str, shape: RowShape, window: str, found: pa.Table) -> Told:
    """Looks a batch up; what this same window told before counts as not told, so that it tells the same again.

    Args:
        ledger: Read only here.
        sync: Name of the sync.
        shape: Names of the columns of its rows.
        window: Stamp of the window.
        found: At least the columns `uid` and `deleted_at`.
    """
    uids: list[str] = found["uid"].to_pylist()
    stones = Tombstones(ledger, sync).of(uids).people
    told = pa.array([stones[uid].window not in ("", window) if uid in stones else False for uid in uids], pa.bool_())
    # Of a source without times the moment of the first run stays, so that the file stays the same.
    own = {uid: stone.deleted_at for uid, stone in stones.items() if stone.window == window}
    times = [own.get(uid, at) for uid, at in zip(uids, found["deleted_at"].to_pylist(), strict=True)]
    place = found.schema.get_field_index("deleted_at")
    found = found.set_column(place, "deleted_at", pa.array(times, pa.int64()))
    found = found.append_column("email", ledger.baseline(sync, found["uid"], window="").cells(shape.email))
    known = pc.is_valid(found["email"])
    return Told(
        to_tell=found.filter(pc.and_(known, pc.invert(told))),
        unknown=found.filter(pc.and_(pc.invert(known), pc.invert(told))),
        told_before=found.filter(told),
    )
