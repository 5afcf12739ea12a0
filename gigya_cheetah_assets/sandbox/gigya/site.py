"""The site's accounts as tests and demos use them from Python: read, add, change, touch, delete.

The REST methods stand on this too. HTTP is in `app`, tables are in `store`.
"""

from __future__ import annotations

import threading
import uuid
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from gigya_cheetah_assets.sandbox.gigya import edits
from gigya_cheetah_assets.sandbox.gigya.clock import SiteClock, iso
from gigya_cheetah_assets.sandbox.gigya.consents import OLDEST_DOCUMENTS
from gigya_cheetah_assets.sandbox.gigya.events import Events
from gigya_cheetah_assets.sandbox.gigya.query.sql import Sql
from gigya_cheetah_assets.sandbox.gigya.rows import Account, Row, account_of, complete, email_of, row_of
from gigya_cheetah_assets.sandbox.gigya.store import Store

Document = dict[str, Any]
_UPDATES_KEPT = 10_000


class Update(NamedTuple):
    """An accounts.setAccountInfo that took effect: whose account, and whether it muted the site's webhooks."""

    uid: str
    muted: bool


class Site:
    """Accounts of the local Gigya site; safe for several threads.

    Attributes:
        clock: The site's clock; set `clock.offset` to make it wrong.
        updates: The last updates that came by the REST API.
        store: The tables.
        events: The audit log and the stream of changes.
        double_opt_in: Subscriptions, by id with its dots, that only a confirmation makes valid.
        oldest_documents: The oldest document to which consent to a statement is valid still, by path.
        lock: Held while the tables are used.
    """

    def __init__(self, store: Store, clock: SiteClock, events: Events | None = None) -> None:
        self.store = store
        self.events = events or Events()
        self.clock = clock
        self.double_opt_in = {"offers.partner"}
        self.oldest_documents = dict(OLDEST_DOCUMENTS)
        self.lock = threading.RLock()
        self.updates: deque[Update] = deque(maxlen=_UPDATES_KEPT)

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
        """Adds an account; without UID it is a lite account. Returns its UID or token.

        Who else has the address shares the e-mail account: its token and its subscriptions (Gigya: email accounts
        object).
        """
        with self.lock:
            others = self._at_address(email_of(document))
            account = complete(
                {**({"token": others[0].token} if others else {}), **document}, self.clock.milliseconds()
            )
            if any(self.store.find(column, account.key) for column in ("uid", "token")):
                raise ValueError("an account with this UID or token exists")
            for other in others[:1]:
                theirs = other.document.get("subscriptions")
                account.document["subscriptions"] = edits.merged(theirs, account.document.get("subscriptions") or {})
            self.store.put(None, row_of(account))
            self.events.note_change(account.key, "upsert", at=self.clock.milliseconds())
            self._share_subscriptions(account)
        return account.key

    def register(self, token: str, **objects: Any) -> str:
        """A lite account registers: a full account with its address, profile and subscriptions. Returns the new UID.

        The lite account stays, and both share the e-mail account.

        Args:
            token: Of the lite account.
            objects: What the person gives besides: profile, data, subscriptions and so on.
        """
        lite = self.account(token)
        given = {name: edits.merged(lite.get(name), objects.pop(name, {})) for name in ("profile", "data")}
        return self.add_full(**{"isRegistered": True, "isVerified": True, **given, **objects})

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
        communications: Mapping[str, Any] | None = None,
        at: int | None = None,
        through: Literal["account", "emailAccount"] = "account",
    ) -> None:
        """Changes an account as setAccountInfo does, but without checking types.

        A change moves the account's `lastUpdated`; one of subscriptions or of the address moves the e-mail account's
        too. There is one e-mail account for each address: whoever shares it has the same subscriptions, and who comes
        to an address where somebody is joins its e-mail account.

        Args:
            key: UID, or token of a lite account.
            profile: Fields to change; null deletes one. So for data and preferences.
            data: As above.
            subscriptions: By id, nested or dotted, then `email`: isSubscribed, tags, doubleOptIn.
            preferences: As above; who grants a consent grants it to the current document (`consents.DOCUMENTS`).
            communications: By key (`consents.TOPICS`): status optIn or optOut. They move neither last update.
            at: When it happened, epoch milliseconds; default now.
            through: `emailAccount` moves only the e-mail account's time, as the one-click unsubscribe does.
        """
        given = {
            "profile": profile,
            "data": data,
            "subscriptions": subscriptions,
            "preferences": preferences,
            "communications": communications,
        }
        self.edit(key, {name: change for name, change in given.items() if change is not None}, at=at, through=through)

    def confirm(self, key: str, subscription: str, *, at: int | None = None) -> None:
        """The person confirms a double opt-in that is pending, by the link in the mail.

        Args:
            key: UID, or token of a lite account.
            subscription: Its id, with dots.
            at: As in `change`.

        Raises:
            KeyError: No such account.
            ValueError: Nothing is pending.
        """
        leaf = edits.channel_of(self.account(key), subscription) or {}
        if not leaf.get("isSubscribed") or (leaf.get("doubleOptIn") or {}).get("status") != "Pending":
            raise ValueError(f"{subscription}: no double opt-in is pending")
        change = {subscription: {"email": {"doubleOptIn": {"isExternallyVerified": True}}}}
        self.change(key, subscriptions=change, at=at, through="emailAccount")

    def unsubscribe(self, address: str, subscription: str, *, tags: Sequence[str] = (), at: int | None = None) -> None:
        """The one-click unsubscribe: it overwrites the tags and moves the e-mail account's time only.

        Args:
            address: The address in any letter case, or the token of a lite account.
            subscription: Its id, with dots.
            tags: What stands in place of the tags; Gigya wipes them when none are given.
            at: As in `change`.

        Raises:
            KeyError: Nobody with this address has the subscription.
        """
        key = self.uid_of_email(address) or self.lite_token_of(address) or address
        if edits.channel_of(self.account(key), subscription) is None:
            raise KeyError(subscription)
        change = {subscription: {"email": {"isSubscribed": False, "tags": list(tags)}}}
        self.change(key, subscriptions=change, at=at, through="emailAccount")

    def edit(
        self,
        key: str,
        changes: edits.Changes,
        *,
        at: int | None = None,
        through: Literal["account", "emailAccount"] = "account",
        flags: Mapping[str, bool] | None = None,
        imported: bool = False,
        lang: str = "en",
    ) -> None:
        """As `change`, with the objects by name; `flags` are top-level members such as `isVerified`.

        `imported` and `lang`: see `edits.apply`.
        """
        now = self.clock.milliseconds() if at is None else at
        with self.lock:
            number, row = self._found(key)
            account = account_of(row)
            email = account.email
            edits.apply(account.document, changes, now, imported=imported, lang=lang, double_opt_in=self.double_opt_in)
            account.document |= flags or {}
            # There is one e-mail account for each address (Gigya: email accounts object), so another address is news.
            moved = account.email != email
            moves_email = through == "emailAccount" or "subscriptions" in changes or not row.is_full or moved
            if moved:
                self._join_email_account(account)
            # A decision on a topic moves neither time; only `FROM communications` shows it.
            moves_account = through == "account" and (bool(flags) or set(changes) != {"communications"})
            _move(account, now, account_too=moves_account, email_too=moves_email)
            self.store.put(number, row_of(account))
            self.events.note_change(account.key, "upsert", at=now)
            if moved or "subscriptions" in changes:
                self._share_subscriptions(account)

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

    def log_in(self, key: str, *, at: int | None = None) -> None:
        """A login of a full account, which also moves its last update.

        Raises:
            KeyError: No such account.
        """
        now = self.clock.milliseconds() if at is None else at
        with self.lock:
            number, row = self._found(key)
            account = account_of(row)
            account.document |= {"lastLogin": iso(now), "lastLoginTimestamp": now}
            _move(account, now, account_too=True, email_too=False)
            self.store.put(number, row_of(account))

    def delete(self, key: str, *, audited: bool = True, at: int | None = None) -> None:
        """Deletes an account. A lite account with its address stays, and its e-mail account is its own again.

        Args:
            key: UID, or token of a lite account.
            audited: Whether the audit log tells: it does when the person or the console deletes, not when an
                application does (Gigya: audit log). The stream tells in any case.
            at: When it happened, epoch ms; default now.

        Raises:
            KeyError: No such account.
        """
        now = self.clock.milliseconds() if at is None else at
        with self.lock:
            number, row = self._found(key)
            self.store.delete(number, row)
            self.events.note_change(key, "delete", at=now)
            if audited and row.is_full:
                self.events.note_call("accounts.deleteAccount", key, at=now, params={"UID": key})
            elif audited:
                self.events.note_call("accounts.deleteLiteAccount", None, at=now, params={"emailAccountToken": key})
            for other, theirs in self.store.at_address(row.email_key) if row.email_key else []:
                account = account_of(theirs)
                if row.is_full and not theirs.is_full:
                    _move(account, self.clock.milliseconds(), account_too=False, email_too=True)
                    self.store.put(other, row_of(account))

    def lite_token_of(self, email: str) -> str | None:
        """Token of the lite account that has this address, in any letter case."""
        with self.lock:
            return next((one.token for one in self._at_address(email) if not one.is_full), None)

    def uid_of_email(self, email: str) -> str | None:
        """UID of the full account that has this address, in any letter case."""
        with self.lock:
            found = self.store.find("email_key", email.lower())
        return None if found is None else found[1].uid

    def _at_address(self, email: str | None) -> list[Account]:
        found = self.store.at_address(email.lower()) if email else []
        return [account_of(row) for _, row in found]

    def _join_email_account(self, account: Account) -> None:
        """Gives an account that has come to an address the subscriptions of whoever is there, whose no stands."""
        others = [other for other in self._at_address(account.email) if other.key != account.key]
        for other in others[:1]:
            theirs = other.document.get("subscriptions") or {}
            account.document["subscriptions"] = edits.joined(theirs, account.document.get("subscriptions") or {})

    def _share_subscriptions(self, account: Account) -> None:
        """Gives everybody else at the address the same subscriptions: they are the e-mail account's."""
        for number, row in self.store.at_address(account.email.lower()) if account.email else []:
            other = account_of(row)
            if other.key != account.key:
                other.document["subscriptions"] = account.document.get("subscriptions") or {}
                other.email_updated = account.email_updated
                self.store.put(number, row_of(other))

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
