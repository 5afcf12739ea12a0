"""Accounts as they are now, read one by one and mapped to the cells that CheetahMail would have of them.

By `accounts.getAccountInfo`, which reads the storage itself: a search may lag behind writes by half a minute, and
consent must not (Gigya: accounts.getAccountInfo). What was read also serves the write that may follow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec
import pyarrow as pa

from gigya_cheetah_assets.gigya import AccountGone, GigyaClient
from gigya_cheetah_assets.gigya.envelope import Envelope, envelope_only
from gigya_cheetah_assets.ledger import Change, RowShape, Side
from gigya_cheetah_assets.ledger.shape import UPDATED, at_column, state_column
from gigya_cheetah_assets.mapping import (
    FieldTable,
    account_decoder,
    communications,
    email_account_decoder,
    map_profiles,
)
from gigya_cheetah_assets.outbound import join

Document: TypeAlias = dict[str, Any]
IN_FLIGHT = 16
_INCLUDE = "profile,data,subscriptions,preferences"
# Communications have a parameter of their own (Gigya: accounts.getAccountInfo).
_COMMUNICATIONS = {"includeCommunications": "all"}


@dataclass(frozen=True)
class Account:
    """One account.

    Attributes:
        uid: Its UID, or the key of a lite account.
        document: As Gigya gave it.
        cells: By CheetahMail column the text that outbound would write.
        states: By subscription column state and time (epoch ms).
        updated: Its last update, epoch ms.
    """

    uid: str
    document: Document = field(repr=False)
    cells: dict[str, str | None] = field(repr=False)
    states: dict[str, tuple[str | None, int | None]]
    updated: int | None

    def now(self, change: Change) -> str | None:
        """What stands where a change is asked for: the state of a subscription, else the cell."""
        return self.states[change.column][0] if change.subscription else self.cells[change.column]

    def holds(self, change: Change) -> bool:
        """Whether it stands already."""
        return (self.now(change) or None) == (change.value or None)

    def sides(self) -> dict[str, Side]:
        """Gigya's side of the merge, by column."""
        plain = {name: Side(text, self.updated) for name, text in self.cells.items()}
        return {**plain, **{name: Side(state, at, first_party=True) for name, (state, at) in self.states.items()}}


class AccountReader:
    """Reads accounts in parallel, within the rate of the client.

    Args:
        client: The site.
        table: The field table.
        in_flight: Requests at once.
    """

    def __init__(self, client: GigyaClient, table: FieldTable, *, in_flight: int = IN_FLIGHT) -> None:
        self._client = client
        self._table = table
        self._shape = RowShape.of(table.fields)
        self._accounts = account_decoder(table)
        self._emails = email_account_decoder(table)
        self._communications = communications.communication_decoder()
        self._in_flight = in_flight

    def read(self, uids: Sequence[str]) -> dict[str, Account]:
        """The accounts that exist, by UID.

        Raises:
            GigyaUnavailable: The site did not answer within its budget.
        """
        with ThreadPoolExecutor(self._in_flight, thread_name_prefix="getAccountInfo") as threads:
            documents = [found for found in threads.map(self.document, uids) if found is not None]
        return self.mapped(documents)

    def document(self, uid: str) -> Document | None:
        """One account as Gigya gives it; None where there is no such account."""
        params = {"UID": uid, "include": _INCLUDE, **(_COMMUNICATIONS if self._table.communication_paths else {})}
        try:
            return self._client.call("accounts.getAccountInfo", params, _document)
        except AccountGone:
            return None

    def at(self, address: str) -> Account | None:
        """The account that has an address as its own, read from storage; None where there is none."""
        params = {"findBy": {"_email": address}, "include": _INCLUDE}
        try:
            document = self._client.call("accounts.getAccountInfo", params, _document)
        except AccountGone:
            return None
        return next(iter(self.mapped([document]).values()), None)

    def mapped(self, documents: Iterable[Document]) -> dict[str, Account]:
        """Documents as accounts, by UID or key; mapped as the outbound direction does it."""
        by_key = {key: document for document in documents if (key := self._key(document)) is not None}
        if not by_key:
            return {}
        rows = self._rows(list(by_key.values()))
        found = rows.to_pylist()
        return {row[self._shape.key]: self._account(row, by_key[row[self._shape.key]]) for row in found}

    def _key(self, document: Document) -> str | None:
        if self._is_full(document):
            return str(document["UID"])
        return self._table.lite_key(str(document["token"])) if document.get("token") else None

    def _is_full(self, document: Document) -> bool:
        return bool(document.get("UID")) and self._table.accounts != "lite"

    def _rows(self, documents: list[Document]) -> pa.Table:
        """Frame of rows, also of records that could not be exported."""
        full = [document for document in documents if self._is_full(document)]
        lite = [document for document in documents if not self._is_full(document)]
        _, accounts = self._accounts(_page(full))
        _, emails = self._emails(_page([*map(_as_email_account, full), *lite]))
        _, decisions = self._communications(_page(list(communications.rows_of(documents))))
        profiles = join.profiles_of(
            self._table,
            join.read_by_key(accounts, join.ACCOUNT_SEEN),
            join.read_by_key(emails, join.EMAIL_SEEN),
            join.unseen(communications.of_people(self._table, decisions)),
        )
        mapped = map_profiles(self._table, profiles.select(self._table.profile_schema.names))
        return pa.concat_tables([mapped.rows, mapped.rejected, mapped.filtered])

    def _account(self, row: dict[str, Any], document: Document) -> Account:
        plain = [name for name in self._shape.columns if name not in self._shape.subscriptions]
        return Account(
            uid=row[self._shape.key],
            document=document,
            cells={name: row[name] for name in plain},
            states={name: (row[state_column(name)], row[at_column(name)]) for name in self._shape.subscriptions},
            updated=row[UPDATED],
        )


def _document(body: bytes) -> tuple[Envelope, Document]:
    return envelope_only(body)[0], msgspec.json.decode(body, type=dict[str, Any])


def _page(documents: list[Document]) -> bytes:
    """The documents as a page of a search, which is what the decoders read."""
    return msgspec.json.encode({"errorCode": 0, "results": documents})


def _as_email_account(document: Document) -> Document:
    """What `FROM emailAccounts` would give of it."""
    profile = document.get("profile")
    email = profile.get("email") if isinstance(profile, dict) else None
    return {**document, "email": email, "hasFullAccount": True}
