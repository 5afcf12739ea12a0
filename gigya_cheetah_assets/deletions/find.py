"""A window -> the accounts that were deleted in it and do not exist any more, as `deletions.parquet`.

What the source tells is spread over part files first, so memory stays flat; part by part it is deduplicated and each
account is looked up, since a log may tell of an account that exists again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets import schemas
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.deletions.people import DELETIONS, taken_apart
from gigya_cheetah_assets.deletions.summary import DeletionsSummary
from gigya_cheetah_assets.errors import StopSync
from gigya_cheetah_assets.gigya import CursorExpired, GigyaClient, account_exists
from gigya_cheetah_assets.gigya.deletions import (
    DELETE_LITE,
    STREAM,
    DeletedAccount,
    audit_query,
    from_audit_log,
    from_stream,
)
from gigya_cheetah_assets.ledger import Ledger, RowShape, Tombstones
from gigya_cheetah_assets.ledger.addresses import hashes
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound.by_key import ByKey
from gigya_cheetah_assets.outbound.spool import Spool, in_stable_order
from gigya_cheetah_assets.outbound.window import Window
from gigya_cheetah_assets.store import folders, summary
from gigya_cheetah_assets.store.batches import LazyParquet
from gigya_cheetah_assets.store.rejects import RejectsWriter

log = logging.getLogger(__name__)
FILE = "deletions.parquet"
STREAM_REACHES = timedelta(days=30)
_FOUND = pa.schema([("uid", pa.string()), ("deleted_at", pa.int64()), ("reason", pa.string())])
_PARTS = 16
_IN_FLIGHT = 16
_RESTARTS = 5

Pages = Iterator[list[DeletedAccount]]


def find_deletions(
    client: GigyaClient, sync: Sync, table: FieldTable, window: Window, *, ledger: Ledger, data: Path, now: int
) -> DeletionsSummary:
    """Finds one window's deletions; replaces those of an earlier run as a whole.

    Args:
        client: The site.
        sync: The sync.
        table: Its field table.
        window: The window.
        ledger: Read only here.
        data: The folder of all data.
        now: Epoch ms: when an account was deleted whose deletion has no time, and how far back the stream reaches.

    Raises:
        StopSync: The stream does not reach back to the window.
        GigyaUnavailable: The site did not answer within its budget.
    """
    query, pages = _source(client, sync, window, now)
    finder = _Finder(client, sync, table, window, ledger, now=now)
    with folders.building(folders.asset_folder(data, sync.name, folders.DELETIONS, window.stamp)) as building:
        with (
            TemporaryDirectory(dir=building) as scratch,
            LazyParquet(building / FILE) as deletions,
            RejectsWriter(building) as rejects,
        ):
            for part in finder.spooled(Path(scratch), pages).read(_PARTS):
                deletions.add(finder.deleted(part, rejects))
        result = finder.summary(query, deletions.rows, rejects)
        summary.write(building, result)
    log.info("window %s: %d accounts were deleted", window.key, result.deleted)
    return result


def _source(client: GigyaClient, sync: Sync, window: Window, now: int) -> tuple[str, Callable[[], Pages]]:
    """What is asked, in words, and the pages of the answer; they can be asked for anew."""
    if sync.deletions.source == "audit_log":
        query = audit_query(window.lower, window.upper, lite=sync.gigya.accounts != "full")
        return str(query), lambda: from_audit_log(client, query)
    reaches = now - int(STREAM_REACHES.total_seconds() * 1000)
    # The first window has no lower bound: it begins where the stream does, with a minute for the way there.
    since = reaches + 60_000 if window.lower is None else window.lower
    if since < reaches:
        raise StopSync(
            f"{sync.name}, window {window.key}: the stream of changes reaches {STREAM_REACHES.days} days back",
            next_step="set deletions.source to audit_log for this window, which is kept for 12 months",
        )
    return f"{STREAM} since {since // 1000}", lambda: from_stream(client, since)


class _Finder:
    """Takes what the source tells; holds the counts of the window."""

    def __init__(
        self, client: GigyaClient, sync: Sync, table: FieldTable, window: Window, ledger: Ledger, *, now: int
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._client, self._sync, self._window, self._ledger, self._now = client, sync, window, ledger, now
        self._table, self._shape = table, RowShape.of(table.fields)
        self._by_key = ByKey(client, sync, table)
        self._schema = schemas.deletions_schema()
        self._problems: list[str] = []

    def spooled(self, folder: Path, pages: Callable[[], Pages]) -> Spool:
        """All records that may count; begins again, at most `_RESTARTS` times, when the site forgets its cursor."""
        for _ in range(_RESTARTS):
            try:
                return self._spooled(folder, pages())
            except CursorExpired:
                log.warning("Gigya forgot the cursor; reading the deletions again from the start")
        return self._spooled(folder, pages())

    def _spooled(self, folder: Path, pages: Pages) -> Spool:
        self.counts.clear()
        with Spool(folder, "deletions", _FOUND, key="uid", parts=_PARTS) as spool:
            for page in pages:
                good = [one for one in page if one.succeeded and one.uid]
                self.counts["read"] += len(page)
                self.counts["failed"] += sum(not one.succeeded for one in page)
                self.counts["nameless"] += sum(one.succeeded and not one.uid for one in page)
                spool.add(pa.Table.from_pylist([self._line(one) for one in good], schema=_FOUND))
        return spool

    def _line(self, one: DeletedAccount) -> dict[str, object]:
        key = self._table.lite_key(one.uid or "") if one.reason == DELETE_LITE else one.uid
        return {"uid": key, "deleted_at": one.at or self._now, "reason": one.reason}

    def deleted(self, part: pa.Table, rejects: RejectsWriter) -> pa.Table:
        """Those of a part who are gone, each once, in stable order."""
        if not len(part):
            return DELETIONS.empty_table()
        once = in_stable_order(part, "uid", latest_by="deleted_at")
        self.counts["repeated"] += len(part) - len(once)
        breaches = schemas.validate(self._schema, once)
        self._problems += breaches.problems
        rejects.add(breaches.rejects)
        self.counts["rejected"] += len(breaches.bad)
        gone = breaches.good.filter(pc.invert(self._alive(breaches.good["uid"])))
        self.counts["alive"] += len(breaches.good) - len(gone)
        kept = gone.filter(pc.invert(self._erased(gone["uid"])))
        self.counts["erased"] += len(gone) - len(kept)
        return self._with_successors(kept)

    def _erased(self, uids: pa.ChunkedArray) -> pa.Array:
        stones = Tombstones(self._ledger, self._sync.name).of(uids.to_pylist()).people
        return pa.array([uid in stones and stones[uid].erased_at is not None for uid in uids.to_pylist()], pa.bool_())

    def _alive(self, uids: pa.ChunkedArray) -> pa.Array:
        with ThreadPoolExecutor(_IN_FLIGHT, thread_name_prefix="getAccountInfo") as threads:
            found = threads.map(lambda uid: account_exists(self._client, uid), uids.to_pylist())
            return pa.array(list(found), pa.bool_())

    def _with_successors(self, gone: pa.Table) -> pa.Table:
        """Adds the account that has the address of a deleted one now, and which former addresses somebody has."""
        told = taken_apart(self._ledger, self._sync.name, self._shape, self._window.stamp, gone).to_tell
        self.counts["known"] += len(told)
        owners = self._by_key.owners(told["email"])
        successor = {
            uid: owner
            for uid, email in zip(told["uid"].to_pylist(), told["email"].to_pylist(), strict=True)
            if (owner := owners.get(email.lower())) is not None and owner != uid
        }
        taken, uids = self._taken(told), gone["uid"].to_pylist()
        column = pa.array([successor.get(uid) for uid in uids], pa.string())
        hashed = pa.array([taken.get(uid, []) for uid in uids], pa.list_(pa.int64()))
        return gone.append_column("successor", column).append_column("taken", hashed).cast(DELETIONS)

    def _taken(self, told: pa.Table) -> dict[str, list[int | None]]:
        """By UID of a deleted account the hashes of its former addresses that are another one's."""
        holders = self._by_key.holders(pc.list_flatten(told["former"]))
        return {
            uid: hashes(
                pa.array([one for one in former if holders.get(one.lower(), set()) - {uid}], pa.string())
            ).tolist()
            for uid, former in zip(told["uid"].to_pylist(), told["former"].to_pylist(), strict=True)
        }

    def summary(self, query: str, deleted: int, rejects: RejectsWriter) -> DeletionsSummary:
        """The counts as they are kept."""
        names = ("read", "failed", "nameless", "repeated", "alive", "rejected", "erased", "known")
        return DeletionsSummary(
            window=self._window.key,
            source=self._sync.deletions.source,
            query=query,
            **{name: self.counts[name] for name in names},
            deleted=deleted,
            population=self._ledger.population(self._sync.name),
            reasons=summary.nested(rejects.reasons),
            problems=self._problems,
        )
