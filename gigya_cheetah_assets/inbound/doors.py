"""The two doors through which an account is written: of full accounts and of lite ones. When to write is elsewhere.

A full account is changed by `accounts.setAccountInfo`, with webhooks muted, since a write of ours is no news for who
listens; a lite account by `accounts.importLiteAccount`, which mails nobody and takes the time of a decision (Gigya:
the page of each method).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from gigya_cheetah_assets.config import FieldConfig
from gigya_cheetah_assets.inbound.accounts import Account, AccountReader, Document
from gigya_cheetah_assets.inbound.lite_accounts import LiteReader
from gigya_cheetah_assets.ledger import Change
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.mapping.records import spellings
from gigya_cheetah_assets.mapping.reverse import NotWritable, at

Update = dict[str, Any]
# Consent statements and communications are no part of a lite account (Gigya: accounts.importLiteAccount).
_LITE_OBJECTS = {"profile", "data", "subscriptions"}


class Call(NamedTuple):
    """A method and its parameters."""

    method: str
    params: dict[str, Any]


class Door(Protocol):
    """How accounts of one kind are written."""

    def call(self, key: str, update: Update, changes: Sequence[Change], document: Document) -> Call:
        """The call that carries out an update of the account as it was read.

        Raises:
            NotWritable: Such an account cannot have it.
        """

    def read_back(self, key: str, there: Callable[[Account], bool]) -> Account | None:
        """The account after a write whose answer was lost; best one that is `there`."""


class FullDoor:
    """Writes full accounts.

    Args:
        reader: Reads them.
        lang: Language under which consents are written; None for that of each account.
    """

    def __init__(self, reader: AccountReader, lang: str | None) -> None:
        self._reader = reader
        self._lang = lang

    def call(self, key: str, update: Update, changes: Sequence[Change], document: Document) -> Call:  # noqa: ARG002 - Gigya dates them itself
        """As `Door.call`."""
        own = {"UID": key, "muteWebhooks": True, **update, **self.language(update, document)}
        return Call("accounts.setAccountInfo", own)

    def language(self, update: Update, document: Document) -> dict[str, str]:
        """Consent statements need a language (Gigya: accounts.setAccountInfo)."""
        if "preferences" not in update:
            return {}
        known = (self._lang, document.get("lang"), at(document, "profile.locale"))
        return {"lang": next((found for found in known if isinstance(found, str) and found), "en")}

    def read_back(self, key: str, there: Callable[[Account], bool]) -> Account | None:  # noqa: ARG002 - storage shows it at once
        """As `Door.read_back`."""
        return self._reader.read([key]).get(key)


class LiteDoor:
    """Writes lite accounts.

    Args:
        table: The field table.
        lite: Reads them.
    """

    def __init__(self, table: FieldTable, lite: LiteReader) -> None:
        self._fields = {field.cheetahmail: field for field in table.fields}
        self._lite = lite

    def call(self, key: str, update: Update, changes: Sequence[Change], document: Document) -> Call:  # noqa: ARG002 - known by its address
        """As `Door.call`."""
        if not update.keys() <= _LITE_OBJECTS:
            raise NotWritable("a lite account has no such consent")
        own = dated(self._fields, update, changes)
        return Call("accounts.importLiteAccount", {"email": document.get("email"), **own})

    def read_back(self, key: str, there: Callable[[Account], bool]) -> Account | None:
        """As `Door.read_back`: asks until the search has had its time."""
        last: list[Account | None] = [None]

        def look() -> Account | None:
            last[0] = self._lite.seen([key]).accounts.get(key)
            return last[0] if last[0] is not None and there(last[0]) else None

        return self._lite.until(look) or last[0]


def dated(fields: dict[str, FieldConfig], update: Update, changes: Sequence[Change]) -> Update:
    """The update with the times of its decisions on subscriptions, as far as they are known."""
    for change in changes:
        field = fields[change.column]
        if not change.subscription or change.at is None or field.form != "subscription":
            continue
        moment = datetime.fromtimestamp(change.at / 1000, UTC).isoformat(timespec="milliseconds")
        for keys in spellings(field.paths[0]):
            leaf: Any = update
            for name in keys:
                leaf = leaf.get(name) if isinstance(leaf, dict) else None
            if isinstance(leaf, dict):
                leaf["lastUpdatedSubscriptionState"] = moment.replace("+00:00", "Z")
    return update
