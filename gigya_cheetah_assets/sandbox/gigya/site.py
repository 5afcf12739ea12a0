"""The site's accounts as tests and demos use them from Python: read, add, change, touch, delete.

The REST methods stand on this too. HTTP is in `app`, tables are in `store`.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from gigya_cheetah_assets.sandbox.gigya import edits
from gigya_cheetah_assets.sandbox.gigya.clock import SiteClock, iso
from gigya_cheetah_assets.sandbox.gigya.query.sql import Sql
from gigya_cheetah_assets.sandbox.gigya.rows import Account, Row, account_of, complete, row_of
from gigya_cheetah_assets.sandbox.gigya.store import Store

Document = dict[str, Any]


class Site:
    """Accounts of the local Gigya site; safe for several threads.

    Attributes:
        clock: The site's clock; set `clock.offset` to make it wrong.
        store: The tables.
        lock: Held while the tables are used.
    """

    def __init__(self, store: Store, clock: SiteClock) -> None:
        self.store = store
        self.clock = clock
        self.lock = threading.RLock()

    def count(self, source: Literal["accounts", "emailAccounts"] = "accounts") -> int:
        """How many full accounts or e-mail accounts a search without condition finds."""
        with self.lock:
            self.store.settle()
            return self.store.count(Sql("is_full = 1" if source == "accounts" else "is_owner = 1"))

    def accounts(self, batch: int = 1000) -> Iterator[Document]:
        """Every account, full and lite, as `account` gives it; only a batch at a time is in memory."""
        after = 0
        while True:
            with self.lock:
                rows = self.store.rows_after(after, batch)
            if not rows:
                return
            for number, row in rows:
                after = number
                yield _shown(row)

    def account(self, key: str) -> Document:
        """One account with its subscriptions, as last written; `token` and `emailAccountUpdated` are added.

        Args:
            key: UID, or token of a lite account.

        Raises:
            KeyError: No such account.
        """
        with self.lock:
            return _shown(self._found(key)[1])

    def add(self, document: Mapping[str, Any]) -> str:
        """Adds an account; without UID it is a lite account. Returns its UID or token."""
        account = complete(document, self.clock.milliseconds())
        with self.lock:
            if any(self.store.find(column, account.key) for column in ("uid", "token")):
                raise ValueError("an account with this UID or token exists")
            self.store.put(None, row_of(account))
        return account.key

    def add_full(self, **objects: Any) -> str:
        """Adds a registered account with a new UID; `objects` are profile, data, subscriptions and so on."""
        return self.add({"UID": uuid.uuid4().hex, **objects})

    def change(
        self,
        key: str,
        *,
        profile: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        subscriptions: Mapping[str, Any] | None = None,
        preferences: Mapping[str, Any] | None = None,
        at: int | None = None,
        through: Literal["account", "emailAccount"] = "account",
    ) -> None:
        """Changes an account as setAccountInfo does, but without checking types.

        A change moves the account's `lastUpdated`; one of subscriptions or of the address moves the e-mail account's
        too.

        Args:
            key: UID, or token of a lite account.
            profile: Fields to change; null deletes one. So for the other three.
            data: As above.
            subscriptions: By id, nested or dotted, then `email`: isSubscribed, tags, doubleOptIn.
            preferences: As above.
            at: When it happened, epoch milliseconds; default now.
            through: `emailAccount` moves only the e-mail account's time, as the one-click unsubscribe does.
        """
        given = {"profile": profile, "data": data, "subscriptions": subscriptions, "preferences": preferences}
        self.edit(key, {name: change for name, change in given.items() if change is not None}, at=at, through=through)

    def edit(
        self,
        key: str,
        changes: edits.Changes,
        *,
        at: int | None = None,
        through: Literal["account", "emailAccount"] = "account",
        flags: Mapping[str, bool] | None = None,
    ) -> None:
        """As `change`, with the objects by name; `flags` are top-level members such as `isVerified`."""
        now = self.clock.milliseconds() if at is None else at
        with self.lock:
            number, row = self._found(key)
            account = account_of(row)
            email = account.email
            edits.apply(account.document, changes, now)
            account.document |= flags or {}
            # There is one e-mail account for each address (Gigya: email accounts object), so another address is news.
            moves_email = (
                through == "emailAccount" or "subscriptions" in changes or not row.is_full or account.email != email
            )
            _move(account, now, account_too=through == "account", email_too=moves_email)
            self.store.put(number, row_of(account))

    def touch(
        self, n: int, *, at: int | None = None, source: Literal["accounts", "emailAccounts", "both"] = "both"
    ) -> list[str]:
        """Moves the last update of the first `n` accounts and nothing else, as a login may do.

        Returns:
            Their UIDs, or tokens of lite accounts.
        """
        now = self.clock.milliseconds() if at is None else at
        keys: list[str] = []
        with self.lock, self.store.transaction():
            for number, row in self.store.rows_after(0, n):
                account = account_of(row)
                _move(account, now, account_too=source != "emailAccounts", email_too=source != "accounts")
                self.store.put(number, row_of(account))
                keys.append(account.key)
        return keys

    def delete(self, key: str) -> None:
        """Deletes an account.

        Raises:
            KeyError: No such account.
        """
        with self.lock:
            self.store.delete(*self._found(key))

    def uid_of_email(self, email: str) -> str | None:
        """UID of the full account that has this address, in any letter case."""
        with self.lock:
            found = self.store.find("email_key", email.lower())
        return None if found is None else found[1].uid

    def _found(self, key: str) -> tuple[int, Row]:
        found = self.store.find("uid", key) or self.store.find("token", key)
        if found is None:
            raise KeyError("no account of the sandbox has this UID or token")
        return found


def _shown(row: Row) -> Document:
    account = account_of(row)
    return {**account.document, "token": account.token, "emailAccountUpdated": account.email_updated}


def _move(account: Account, now: int, *, account_too: bool, email_too: bool) -> None:
    if account_too:
        account.document |= {"lastUpdated": iso(now), "lastUpdatedTimestamp": now}
    if email_too:
        account.email_updated = now
