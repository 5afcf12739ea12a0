"""Who is meant and what they are now: full accounts and lite ones, by key or address; keys that were handed over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.gigya import GigyaClient
from gigya_cheetah_assets.inbound.accounts import IN_FLIGHT, AccountReader
from gigya_cheetah_assets.inbound.lite_accounts import LiteFound, LiteReader
from gigya_cheetah_assets.ledger import InboundState, Ledger
from gigya_cheetah_assets.ledger.lite_keys import LiteKeys
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.mapping.in_force import in_force
from gigya_cheetah_assets.outbound.by_key import ByKey


class Everybody:
    """Accounts of both kinds.

    Args:
        client: The site.
        sync: The sync.
        table: Its field table.
        ledger: Knows which lite accounts registered.
        state: Knows what we wrote.
        in_flight: Requests at once.

    Attributes:
        full: Reads full accounts.
        lite: Reads lite accounts.
    """

    def __init__(
        self,
        client: GigyaClient,
        sync: Sync,
        table: FieldTable,
        *,
        ledger: Ledger,
        state: InboundState,
        in_flight: int = IN_FLIGHT,
    ) -> None:
        table = in_force(client, table)
        self.full = AccountReader(client, table, in_flight=in_flight)
        self.lite = LiteReader(client, sync, table, self.full, state)
        self._by_key = ByKey(client, sync, table)
        self._keys = LiteKeys(ledger, sync.name)
        self._table = table

    def read(self, keys: Sequence[str]) -> LiteFound:
        """The accounts of some UIDs and keys, and the UIDs of lite accounts that have registered.

        Raises:
            GigyaUnavailable: The site did not answer within its budget.
        """
        lite = [key for key in keys if self._table.is_lite_key(key)]
        full = self.full.read([key for key in keys if not self._table.is_lite_key(key)])
        found = self.lite.read(lite) if lite else LiteFound()
        return LiteFound({**full, **found.accounts}, found.registered)

    def owners(self, addresses: Iterable[str]) -> dict[str, str]:
        """The UID of whom an address is, by address in lower case; of full accounts, and of those with only one."""
        wanted = sorted({address for address in addresses if address})
        return self._by_key.owners(pa.chunked_array([pa.array(wanted, pa.string())])) if wanted else {}

    def holders(self, addresses: Iterable[str]) -> dict[str, set[str]]:
        """All who have an address, by address in lower case: UIDs, and keys of lite accounts."""
        wanted = sorted({address for address in addresses if address})
        return self._by_key.holders(pa.chunked_array([pa.array(wanted, pa.string())])) if wanted else {}

    def whose(self, addresses: Iterable[str]) -> dict[str, str]:
        """As `owners`, and the keys of lite accounts whose person has no full account."""
        wanted = sorted({address for address in addresses if address})
        if not wanted or not self._table.lite:
            return self.owners(wanted)
        return {**self.lite.at(wanted), **self.owners(wanted)}

    def successors(self, keys: Iterable[str | None]) -> dict[str, str]:
        """The UIDs of those keys whose lite account registered, as the ledger knows."""
        lite = {key for key in keys if key is not None and self._table.is_lite_key(key)}
        return self._keys.successors(lite) if lite else {}
