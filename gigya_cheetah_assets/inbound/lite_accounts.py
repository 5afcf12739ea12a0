"""Lite accounts as they are now. Only a search knows them, and it may lag behind writes (Gigya: search, index lag).

So what we wrote ourselves within that time counts as written, whatever the search still shows, and an account that
was asked for right after a write is asked for until the time is over. An opt-out that a person gave in Gigya within
the last seconds before cannot be seen by anybody.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import pyarrow as pa

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.gigya import GigyaClient, Query, search
from gigya_cheetah_assets.gigya.envelope import SearchEnvelope
from gigya_cheetah_assets.gigya.query import any_equals, chunked, one_of
from gigya_cheetah_assets.inbound.accounts import Account, AccountReader, Document
from gigya_cheetah_assets.ledger import Base, InboundState
from gigya_cheetah_assets.ledger.parked import normal_address
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound.by_key import ByKey

_PAUSES = 20


class _Found(SearchEnvelope, rename="camel", kw_only=True):
    results: list[dict[str, Any]] | None = None


@dataclass(frozen=True)
class LiteFound:
    """What was found of some keys of lite accounts.

    Attributes:
        accounts: Those that are lite accounts, by key.
        registered: The UIDs of those that have registered, by key.
    """

    accounts: dict[str, Account] = field(default_factory=dict)
    registered: dict[str, str] = field(default_factory=dict)


class LiteReader:
    """Reads lite accounts.

    Args:
        client: The site.
        sync: The sync; tells how long a search lags.
        table: Its field table.
        reader: Maps what was found.
        state: Knows what we wrote.
    """

    def __init__(
        self, client: GigyaClient, sync: Sync, table: FieldTable, reader: AccountReader, state: InboundState
    ) -> None:
        self.lag = sync.gigya.search_lag_seconds
        self._client, self._table, self._reader, self._state = client, table, reader, state
        self._by_key = ByKey(client, sync, table)

    def read(self, keys: Sequence[str]) -> LiteFound:
        """The accounts of some keys; a key that nobody has is in neither part.

        Raises:
            GigyaUnavailable: The site did not answer within its budget.
        """
        found = self.seen(keys)
        return LiteFound(self._with_own_writes(found.accounts), found.registered)

    def seen(self, keys: Sequence[str]) -> LiteFound:
        """The same as the search shows it, and for any thread."""
        tokens = [self._table.token_of(key) for key in keys]
        documents = self._documents("token", tokens, one_of)
        registered = self._registered(documents)
        own = (document for document in documents if self._key(document) not in registered)
        return LiteFound(self._reader.mapped(own), registered)

    def at(self, addresses: Iterable[str]) -> dict[str, str]:
        """The keys of those who have an address and no full account, by address in lower case."""
        found = self.documents_at(addresses)
        return {address: self._key(one) for address, one in found.items() if not self._is_full(one)}

    def documents_at(self, addresses: Iterable[str]) -> dict[str, Document]:
        """The e-mail accounts of addresses, by address in lower case, whoever has them."""
        stored = {address for address in addresses if address}
        wanted = sorted(stored | {normal_address(address) for address in stored})
        documents = self._documents("profile.email", wanted, any_equals)
        return {normal_address(str(one.get("email") or "")): one for one in documents if one.get("token")}

    def until(self, look: Callable[[], Account | None]) -> Account | None:
        """Looks again and again until there is something or the search has had its time."""
        end = time.monotonic() + self.lag
        while True:
            found = look()
            if found is not None or time.monotonic() >= end:
                return found
            time.sleep(self.lag / _PAUSES)

    def _documents(self, path: str, values: Sequence[str], condition: Callable[..., str]) -> list[Document]:
        found: list[Document] = []
        for group in chunked(sorted(values), most=300):
            query = Query(self._table.email_account_select, "emailAccounts", [condition(path, group)], len(group))
            found += [one for page in search(self._client, query, _decoded) for one in page.records]
        return found

    def _registered(self, documents: list[Document]) -> dict[str, str]:
        full = [one for one in documents if self._is_full(one)]
        if not full:
            return {}
        owners = self._by_key.owners(pa.chunked_array([pa.array([one.get("email") for one in full], pa.string())]))
        uids = {self._key(one): one.get("UID") or owners.get(normal_address(str(one.get("email")))) for one in full}
        return {key: str(uid) for key, uid in uids.items() if uid}

    def _with_own_writes(self, accounts: dict[str, Account]) -> dict[str, Account]:
        """What we wrote so lately that the search may not show it yet counts as written."""
        since = (time.time() - self.lag) * 1000
        for key, bases in self._state.bases(sorted(accounts)).items():
            own = {name: base for name, base in bases.items() if base.written is not None and base.written > since}
            if own:
                accounts[key] = _as_written(accounts[key], own)
        return accounts

    def _is_full(self, document: Document) -> bool:
        return self._table.both and document.get("hasFullAccount") is True

    def _key(self, document: Document) -> str:
        return self._table.lite_key(str(document["token"]))


def _as_written(account: Account, own: dict[str, Base]) -> Account:
    states = {name: (own[name].value, own[name].at) if name in own else now for name, now in account.states.items()}
    cells = {name: own[name].value if name in own else now for name, now in account.cells.items()}
    return replace(account, states=states, cells=cells)


def _decoded(body: bytes) -> tuple[SearchEnvelope, list[Document]]:
    found = msgspec.json.decode(body, type=_Found)
    return found, found.results or []
