"""Reads Gigya's sources over a run of windows into spools: FROM accounts, emailAccounts and communications.

What one source lacks for a person is read by key later, in `by_key`. A scan keeps nothing in memory beyond one
batch; when the site forgets the cursor it starts again with empty spools, so nothing is lost or doubled.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from math import ceil
from pathlib import Path

import pyarrow as pa

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.gigya import CursorExpired, GigyaClient, Query, prefetched, raw_page, search
from gigya_cheetah_assets.gigya.query import Source, Value, at_least, below, equals, own_condition
from gigya_cheetah_assets.mapping import FieldTable, account_decoder, communications, email_account_decoder
from gigya_cheetah_assets.mapping.decode import Decode
from gigya_cheetah_assets.outbound.by_key import ByKey, topic_condition
from gigya_cheetah_assets.outbound.filling import Filler, Filling
from gigya_cheetah_assets.outbound.filling_apart import LARGE, FillingApart, SecondProcessEnded
from gigya_cheetah_assets.outbound.spool import Spool, parts_for
from gigya_cheetah_assets.outbound.window import Window
from gigya_cheetah_assets.store.batches import BATCH_ROWS

log = logging.getLogger(__name__)
_RESTARTS = 5
# Parts are powers of two, so their size is between half of this and this.
_PART_ROWS = 3 * BATCH_ROWS // 2


@dataclass(frozen=True)
class Scanned:
    """What a scan left.

    Attributes:
        query: Its text; holds no personal data.
        spool: The records that have a key.
        nameless: Records without any key; they can only be counted.
    """

    query: str
    spool: Spool
    nameless: int


@dataclass(frozen=True)
class Scan:
    """One source's scan.

    Attributes:
        name: The source.
        decode: From a page's bytes to its records.
        schema: Of the records.
        complete: Adds to a batch of records what the source does not tell of them.
        at_most: So many records and no more (sample mode).
        apart: The field table whose accounts these are, if a large scan may use a second process.
        large: So many records make a scan large.
    """

    name: Source
    query: Query
    decode: Decode
    schema: pa.Schema
    complete: Callable[[pa.Table], pa.Table]
    at_most: int | None = None
    apart: FieldTable | None = None
    large: int = LARGE

    def into(self, folder: Path, client: GigyaClient, windows: int) -> Scanned:
        """Runs the scan; starts it again, at most `_RESTARTS` times, when the site forgets its cursor."""
        apart = self.apart is not None
        for _ in range(_RESTARTS):
            try:
                return self._once(folder, client, windows, apart=apart)
            except CursorExpired:
                log.warning("%s: Gigya forgot the cursor; reading the windows again from the start", self.name)
            except SecondProcessEnded:
                log.warning("%s: a process ended; reading the windows again in this one", self.name)
                apart = False
        return self._once(folder, client, windows, apart=False)

    def _once(self, folder: Path, client: GigyaClient, windows: int, *, apart: bool) -> Scanned:
        with closing(prefetched(search(client, self.query, raw_page))) as pages:
            first = next(pages)
            parts = parts_for(ceil(first.total_count / windows), _PART_ROWS)
            spool = Spool(folder, self.name, self.schema, key="UID", parts=parts)
            with self._filler(spool, first.total_count, apart=apart) as filler:
                for page in chain([first], pages):
                    filler.add(page.records)
                    if filler.full:
                        break
                filled = filler.finish()
        log.info("%s: %d records read", self.name, sum(filled))
        return Scanned(str(self.query), spool, filled.nameless)

    def _filler(self, spool: Spool, records: int, *, apart: bool) -> Filler:
        if apart and self.apart is not None and records >= self.large and (os.cpu_count() or 1) > 1:
            return FillingApart(spool, self.apart)
        return Filling(spool, self.decode, self.complete, self.at_most)


def scans(sync: Sync, table: FieldTable, windows: Sequence[Window], by_key: ByKey) -> list[Scan]:
    """The scans that a run of neighbouring windows needs; in sample mode the consents are read by key only."""
    bounds = _bounds(windows, "lastUpdatedTimestamp", int)
    own = [own_condition(sync.gigya.where)] if sync.gigya.where else []
    sample, page = sync.sample_size, min(sync.gigya.page_size, sync.sample_size or sync.gigya.page_size)
    accounts = Scan(
        "accounts",
        Query(table.account_select, "accounts", [*bounds, *own], page),
        account_decoder(table),
        table.account_schema,
        lambda batch: batch,
        sample,
        table if sample is None else None,
    )
    emails = Scan(
        "emailAccounts",
        Query(table.email_account_select, "emailAccounts", [*bounds, *_which_emails(sync)], page),
        email_account_decoder(table),
        table.email_account_schema,
        by_key.with_uids,
        sample,
    )
    decisions = Scan(
        "communications",
        Query(
            communications.SELECT,
            "communications",
            [*_bounds(windows, communications.TIME, _iso), *topic_condition(table)],
            page,
        ),
        communications.communication_decoder(),
        communications.ROWS,
        lambda batch: batch,
    )
    if sync.gigya.accounts == "lite":
        return [emails]
    if sample is not None:
        return [accounts]
    return [scan for scan in (accounts, emails, decisions) if scan.name in table.sources]


def _bounds(windows: Sequence[Window], path: str, written: Callable[[int], Value]) -> list[str]:
    lower, upper = windows[0].lower, windows[-1].upper
    conditions = [] if lower is None else [at_least(path, written(lower))]
    return conditions if upper is None else [*conditions, below(path, written(upper))]


def _iso(milliseconds: int) -> str:
    """As Gigya writes the times of fields whose name does not end in Timestamp (Gigya: search, dates)."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _which_emails(sync: Sync) -> list[str]:
    if sync.gigya.accounts == "both":
        return []
    if sync.gigya.accounts == "full":
        return [equals("hasFullAccount", True)]
    return [equals("hasLiteAccount", True)]
