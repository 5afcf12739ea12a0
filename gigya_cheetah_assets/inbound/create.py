"""Makes the account of a newcomer, once: whoever has the address already is looked for before and after each call.

A lite account is made by `accounts.importLiteAccount`, which knows accounts by their address and so never makes two. A
full one by `accounts.importFullAccount` with `createUID` and the policy `insert`: one call, without mails, without a
password, and refused where the login id exists; `initRegistration` would need several and ask the person (Gigya: the
page of each method).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Literal

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.gigya import AccountRejected, GigyaClient, GigyaUnavailable
from gigya_cheetah_assets.gigya.envelope import envelope_only
from gigya_cheetah_assets.gigya.errors import AccountBusy, RateLimited
from gigya_cheetah_assets.inbound.account_write import NOT_WRITABLE, Written, has_arrived
from gigya_cheetah_assets.inbound.accounts import Account
from gigya_cheetah_assets.inbound.doors import Call, dated
from gigya_cheetah_assets.inbound.everybody import Everybody
from gigya_cheetah_assets.ledger import Change, Item
from gigya_cheetah_assets.ledger.parked import normal_address
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.mapping.reverse import NotWritable, update_of
from gigya_cheetah_assets.store import steps

log = logging.getLogger(__name__)
ADDRESS_TAKEN = "address_taken"
SOURCE = "CheetahMail"
_REPEATS = 5
_LITE_OBJECTS = ("data", "subscriptions")


class Creator:
    """Makes accounts; safe for several threads as long as no two work on one address.

    Args:
        client: The site.
        sync: Says of which kind.
        table: The field table.
        everybody: Looks for who has an address.
    """

    def __init__(self, client: GigyaClient, sync: Sync, table: FieldTable, everybody: Everybody) -> None:
        self._client, self._everybody = client, everybody
        self._kind: Literal["lite", "full"] = "lite" if sync.create_accounts == "lite" else "full"
        self._fields = {field.cheetahmail: field for field in table.fields}
        self._email = table.email

    def create(self, item: Item) -> Written:
        """Carries out one item; an account that a killed run made is found and not made again.

        Raises:
            GigyaUnavailable: The site did not answer, or does not show the new account yet.
        """
        changes = [change for change in item.changes if change.write]
        address = next(change.value or "" for change in changes if change.column == self._email.cheetahmail)
        try:
            values = {change.column: change.value for change in changes}
            update = dated(self._fields, update_of(self._fields, values, {}), changes)
        except NotWritable as error:
            log.info("an account is not created: %s", error)
            return Written(item, "rejected", NOT_WRITABLE)
        call = _lite(address, update) if self._kind == "lite" else _full(address, update)
        known = self._find(address)
        if known is None:
            try:
                known = self._made(call, address)
            except AccountRejected as error:
                return Written(item, "rejected", str(error.code), fields=error.fields)
        return self._settled(item, update, changes, known)

    def _made(self, call: Call, address: str) -> Account:
        for attempt in range(1, _REPEATS + 1):
            try:
                self._client.call(
                    call.method,
                    call.params,
                    envelope_only,
                    may_repeat=lambda error: isinstance(error, RateLimited | AccountBusy),
                )
            except GigyaUnavailable:
                found = self._everybody.lite.until(lambda: self._find(address))
                if found is not None:
                    return found
                if attempt == _REPEATS:
                    raise
                log.warning("a new account is not there: attempt %d of %d", attempt + 1, _REPEATS)
            else:
                steps.reached(steps.ACCOUNT_WRITTEN)
                break
        found = self._everybody.lite.until(lambda: self._find(address))
        if found is None:
            raise GigyaUnavailable(
                f"{call.method} was answered, but the site does not show the new account yet",
                next_step="run this step again; the account is then found and not made twice",
            )
        return found

    def _find(self, address: str) -> Account | None:
        """The account that has an address: a full one as storage has it, a lite one as the search does."""
        if self._kind == "full":
            return self._everybody.full.at(address)
        document = self._everybody.lite.documents_at([address]).get(normal_address(address))
        if document is None:
            return None
        return next(iter(self._everybody.full.mapped([document]).values()), None)

    def _settled(self, item: Item, update: dict[str, Any], changes: Sequence[Change], account: Account) -> Written:
        profile = {name: value for name, value in update.get("profile", {}).items() if name != "email"}
        others = [change for change in changes if change.column != self._email.cheetahmail]
        if not has_arrived({**update, "profile": profile}, others, account):
            return Written(item, "rejected", ADDRESS_TAKEN)
        columns = tuple(change.column for change in changes)
        return Written(item, "applied", columns=columns, document=account.document, became=account.uid)


def _lite(address: str, update: dict[str, Any]) -> Call:
    profile = {name: value for name, value in update["profile"].items() if name != "email"}
    objects = {name: update[name] for name in _LITE_OBJECTS if name in update}
    return Call("accounts.importLiteAccount", {"email": address, "profile": profile, **objects})


def _full(address: str, update: dict[str, Any]) -> Call:
    """A registered account, whose address nobody has verified yet and whose person sets a password when she comes."""
    own = {"createUID": True, "importPolicy": "insert", "isActive": True, "isRegistered": True, "isVerified": False}
    names = {"loginIds": {"emails": [address]}, "emails": {"unverified": [address]}, "regSource": SOURCE}
    return Call("accounts.importFullAccount", {**own, **names, **update})
