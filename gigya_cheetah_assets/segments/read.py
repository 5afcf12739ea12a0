"""Gigya -> the people whom a filter may hold of, part by part in stable order, with the truth of each condition.

What is asked of which source is in `filter`. Memory is that of one part: scans go to spools first, as windows do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.gigya import GigyaClient, Query, SearchEnvelope, search
from gigya_cheetah_assets.gigya.query import Source, any_equals, chunked, equals, one_of, own_condition
from gigya_cheetah_assets.gigya.schema import SiteSchema
from gigya_cheetah_assets.grammar.nodes import Compare, Single
from gigya_cheetah_assets.mapping import FieldTable, account_decoder, email_account_decoder
from gigya_cheetah_assets.mapping.decode import Decode
from gigya_cheetah_assets.outbound.by_key import ByKey
from gigya_cheetah_assets.outbound.scan import Scan, Scanned
from gigya_cheetah_assets.outbound.spool import in_stable_order
from gigya_cheetah_assets.segments.filter import SegmentFilter
from gigya_cheetah_assets.segments.leaves import Leaves
from gigya_cheetah_assets.segments.truth import NEW, Sources, Truth


class Reader:
    """Reads one segment.

    Args:
        client: The site.
        sync: The sync; `gigya.where` holds of everybody who is read.
        table: Key and address, as the mapping makes them.
        wanted: The filter.
        schema: Of the site.
        since: Who was created after it (epoch ms) counts as new; None before the first delivery.

    Attributes:
        queries: The scans' texts, after `candidates`.
        nameless: Accounts without UID that they gave.
    """

    def __init__(
        self,
        client: GigyaClient,
        sync: Sync,
        table: FieldTable,
        wanted: SegmentFilter,
        *,
        schema: SiteSchema,
        since: int | None = None,
    ) -> None:
        self._client = client
        self._sync = sync
        self._filter = wanted
        self._by_key = ByKey(client, sync, table)
        self._own = [own_condition(sync.gigya.where)] if sync.gigya.where else []
        created: Sequence[Single] = [] if since is None else [Compare("createdTimestamp", ">", since)]
        self._sources = Sources(
            table,
            Leaves(wanted.account_singles, schema),
            Leaves(wanted.subscription_singles, schema),
            Leaves(created, schema),
        )
        self._truth = Truth(self._sources, wanted)
        self.queries: list[str] = []
        self.nameless = 0

    def candidates(self, folder: Path) -> Iterator[pa.Table]:
        """Everybody who satisfies the filter, and near misses; each once, in stable order.

        Args:
            folder: For spools; empty.

        Yields:
            The columns of `table.account_schema`; `held`: a bit for each top-level condition that holds; `sure`:
            whether the site itself found them by the whole filter; `new`: whether they are.
        """
        sure, others, emails = self._scanned(folder)
        self.queries = [scan.query for scan in (sure, others, emails) if scan is not None]
        self.nameless = sum(scan.nameless for scan in (sure, others) if scan is not None)
        parts = max(scan.spool.parts for scan in (sure, others, emails) if scan is not None)
        lists = [self._read(scan, parts) for scan in (sure, others, emails)]
        for known, open_ones, theirs in zip(*lists, strict=True):
            tables = [self._truth.known(known)] if known is not None else []
            tables += [self._truth.evaluated(open_ones, theirs)] if open_ones is not None else []
            yield in_stable_order(pa.concat_tables(tables), "UID", latest_by="updated")

    def people(self, uids: Sequence[str]) -> pa.Table:
        """Some people by key, if the site still has them within `gigya.where`: the columns of `candidates`."""
        found = []
        for group in chunked(sorted(uids)):
            where = [one_of("UID", group), *self._own]
            accounts = self._pages("accounts", where, self._account_decode(self._sources.accounts), len(group))
            found.append(self._truth.evaluated(accounts, self._emails_of(accounts) if self._filter.split else None))
        return pa.concat_tables(found) if found else self._truth.evaluated(self._account_schema().empty_table(), None)

    # Scans

    def _scanned(self, folder: Path) -> tuple[Scanned | None, Scanned | None, Scanned | None]:
        wanted = self._scans()
        with ExitStack() as stack:
            threads = stack.enter_context(ThreadPoolExecutor(3, thread_name_prefix="scan"))
            running = {}
            for name, scan in wanted.items():
                (folder / name).mkdir()
                running[name] = threads.submit(scan.into, folder / name, self._client, 1)
            done = {name: scan.result() for name, scan in running.items()}
        return done.get("sure"), done.get("others"), done.get("emails")

    def _scans(self) -> dict[str, Scan]:
        if not self._filter.split:
            scans = {"sure": self._account_scan(f"({self._filter.filled})", Leaves((), SiteSchema({})))}
            near = self._filter.near_misses
            return (
                scans if near is None else scans | {"others": self._account_scan(f"({near})", self._sources.accounts)}
            )
        part = self._filter.account_part
        return {
            "others": self._account_scan(f"({part})" if part else None, self._sources.accounts),
            "emails": self._email_scan(self._filter.subscription_part),
        }

    def _account_scan(self, where: str | None, leaves: Leaves) -> Scan:
        select = (*self._sources.table.account_select, *leaves.select, *self._sources.new.select)
        conditions = [*([where] if where else []), *self._own]
        query = Query(tuple(dict.fromkeys(select)), "accounts", conditions, self._sync.gigya.page_size)
        return Scan("accounts", query, self._account_decode(leaves), self._account_schema(leaves), lambda batch: batch)

    def _email_scan(self, where: str | None) -> Scan:
        conditions = [equals("hasFullAccount", True), *([f"({where})"] if where else [])]
        query = Query(self._email_select(), "emailAccounts", conditions, self._sync.gigya.page_size)
        return Scan("emailAccounts", query, self._email_decode(), self._email_schema(), self._by_key.with_uids)

    def _read(self, scan: Scanned | None, parts: int) -> Iterator[pa.Table | None]:
        return iter([None] * parts) if scan is None else scan.spool.read(parts)

    # By key

    def _emails_of(self, accounts: pa.Table) -> pa.Table:
        addresses = sorted(set(accounts[self._sources.table.email.paths[0]].drop_null().to_pylist()))
        spelled = sorted({*addresses, *(address.lower() for address in addresses)})
        found = [
            self._pages("emailAccounts", [any_equals("profile.email", group)], self._email_decode(), len(group))
            for group in chunked(spelled, most=300)
        ]
        return self._by_key.with_uids(pa.concat_tables([self._email_schema().empty_table(), *found]))

    def _pages(self, source: Source, where: Sequence[str], decode: Decode, size: int) -> pa.Table:
        leaves = self._sources.accounts.select
        select = (*self._sources.table.account_select, *leaves, *self._sources.new.select)
        if source == "emailAccounts":
            select = self._email_select()
        query = Query(tuple(dict.fromkeys(select)), source, where, size)
        return pa.concat_tables([page.records for page in search(self._client, query, decode)])

    # What becomes of records

    def _account_decode(self, leaves: Leaves) -> Decode:
        decode = account_decoder(self._sources.table)

        def both(body: bytes) -> tuple[SearchEnvelope, pa.Table]:
            envelope, table = decode(body)
            (is_new,) = self._sources.new.columns(body) or [pa.repeat(pa.scalar(False), len(table))]
            return envelope, leaves.add(body, table.append_column(NEW, is_new))

        return both

    def _email_decode(self) -> Decode:
        decode = email_account_decoder(self._sources.table)

        def both(body: bytes) -> tuple[SearchEnvelope, pa.Table]:
            envelope, table = decode(body)
            return envelope, self._sources.subscriptions.add(body, table)

        return both

    def _account_schema(self, leaves: Leaves | None = None) -> pa.Schema:
        own = (leaves or self._sources.accounts).fields
        return pa.schema([*self._sources.table.account_schema, (NEW, pa.bool_()), *own])

    def _email_schema(self) -> pa.Schema:
        return pa.schema([*self._sources.table.email_account_schema, *self._sources.subscriptions.fields])

    def _email_select(self) -> tuple[str, ...]:
        own = (*self._sources.table.email_account_select, *self._sources.subscriptions.select)
        return tuple(dict.fromkeys(own))
