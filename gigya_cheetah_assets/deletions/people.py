"""Deleted accounts beside what the ledger knows of them: the address that CheetahMail has, and who told already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.ledger import Ledger, RowShape, Tombstones
from gigya_cheetah_assets.ledger.addresses import hashes

DELETIONS = pa.schema(
    [("uid", pa.string()), ("deleted_at", pa.int64()), ("reason", pa.string()), ("successor", pa.string()),
     ("taken", pa.list_(pa.int64()))]
)  # fmt: skip
"""Of deletions.parquet: the account, when (epoch ms), how, the account that has its address now, and the hashes
(`ledger.addresses`) of those of its former addresses that are somebody's in Gigya."""


@dataclass(frozen=True)
class Told:
    """A batch of deleted accounts, taken apart.

    Attributes:
        to_tell: Those of whom CheetahMail has a row, with their address as `email`, and as `former` the others under
            which it may have them, without those that the ledger knows as somebody else's.
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
    found = found.append_column("former", _former(ledger, sync, shape, found))
    known = pc.is_valid(found["email"])
    return Told(
        to_tell=found.filter(pc.and_(known, pc.invert(told))),
        unknown=found.filter(pc.and_(pc.invert(known), pc.invert(told))),
        told_before=found.filter(told),
    )


def by_address(people: pa.Table) -> pa.Table:
    """Those to tell, a line an address: the one last agreed on, then the former ones that Gigya has nobody at."""
    each = [
        [row["email"], *_without(row["former"], row["taken"] or ())]
        for row in people.select(["email", "former", "taken"]).to_pylist()
    ]
    lines = people.take(pa.array([place for place, named in enumerate(each) for _ in named], pa.int64()))
    emails = pa.array([address for named in each for address in named], pa.string())
    return lines.set_column(lines.schema.get_field_index("email"), "email", emails)


def _without(former: Sequence[str], taken: Sequence[int]) -> list[str]:
    return [
        address for address, found in zip(former, hashes(pa.array(former, pa.string())).tolist(), strict=True)
        if found not in taken
    ]  # fmt: skip


def _former(ledger: Ledger, sync: str, shape: RowShape, found: pa.Table) -> pa.Array:
    """Under which other addresses CheetahMail may have them: a change of address is not always imported."""
    uids, emails = found["uid"].to_pylist(), found["email"].to_pylist()
    past = ledger.delivered_addresses(sync, uids, email=shape.email)
    asked = {(address.lower(), uid) for uid, addresses in past.items() for address in addresses}
    held = ledger.holders(sync, asked, window="", shape=shape)
    former = [
        [
            address
            for address in past.get(uid, ())
            if address.lower() != (email or "").lower() and all(one.uid == uid for one in held.get(address.lower(), ()))
        ]
        for uid, email in zip(uids, emails, strict=True)
    ]
    return pa.array(former, pa.list_(pa.string()))
