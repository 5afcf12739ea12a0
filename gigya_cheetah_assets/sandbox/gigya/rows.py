"""One account as a row of the database, and back.

The JSON document is kept in five parts, so that `FROM accounts` (without subscriptions and communications), `FROM
emailAccounts` and getAccountInfo are each put together by joining bytes. Text of the parts, by name of the column:

* `account`: the members of a full account except the four below, without braces
* `email_account`: times and token as the e-mail account has them, without braces
* `shared`: profile and data, each led by a comma
* `subscriptions`, `communications`: led by a comma, or empty
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from gigya_cheetah_assets.sandbox.gigya.clock import iso

_APART = ("profile", "data", "subscriptions", "communications")
TIMES = ("created", "lastUpdated", "lastLogin", "registered", "verified")


class Row(NamedTuple):
    """Columns of table `accounts` after `id`, in their order.

    `is_owner`: whether the e-mail account of this address is this account's; several accounts may share one.
    """

    uid: str | None
    token: str
    email: str | None
    email_key: str | None
    created: int
    updated: int
    email_updated: int
    logged_in: int
    is_registered: int
    is_active: int
    is_verified: int
    is_full: int
    has_lite: int
    is_owner: int
    account: bytes
    email_account: bytes
    shared: bytes
    subscriptions: bytes
    communications: bytes


COLUMNS = Row._fields


@dataclass
class Account:
    """One account, to be changed.

    Attributes:
        document: All of it as getAccountInfo gives it, subscriptions included.
        token: Key of its e-mail account.
        email_updated: When the e-mail account was last updated, epoch milliseconds.
    """

    document: dict[str, Any]
    token: str
    email_updated: int

    @property
    def key(self) -> str:
        """The UID, for a lite account the token."""
        return str(self.document.get("UID", self.token))

    @property
    def is_full(self) -> bool:
        """Whether it is no lite account."""
        return "UID" in self.document

    @property
    def email(self) -> str | None:
        """`profile.email` if it is a text."""
        return email_of(self.document)


def email_of(document: Mapping[str, Any]) -> str | None:
    """`profile.email` of a document if it is a text."""
    profile = document.get("profile")
    email = profile.get("email") if isinstance(profile, Mapping) else None
    return email if isinstance(email, str) else None


def account_of(row: Row) -> Account:
    """The account of a row."""
    text = b"{" + row.account + row.shared + row.subscriptions + row.communications + b"}"
    return Account(msgspec.json.decode(text), row.token, row.email_updated)


def row_of(account: Account) -> Row:
    """The row of an account, as if nobody shared its e-mail address."""
    document, email = account.document, account.email
    full = account.is_full
    return Row(
        uid=document.get("UID"),
        token=account.token,
        email=email,
        email_key=email.lower() if email is not None else None,
        created=document["createdTimestamp"],
        updated=document["lastUpdatedTimestamp"],
        email_updated=account.email_updated,
        logged_in=document.get("lastLoginTimestamp", 0),
        is_registered=_flag(document, "isRegistered"),
        is_active=_flag(document, "isActive"),
        is_verified=_flag(document, "isVerified"),
        is_full=int(full),
        has_lite=int(not full),
        is_owner=int(email is not None),
        account=_members({name: value for name, value in document.items() if name not in _APART}),
        email_account=email_head(email, account.token, document["createdTimestamp"], account.email_updated),
        shared=_led(document, "profile", "data"),
        subscriptions=_led(document, "subscriptions"),
        communications=_led(document, "communications"),
    )


def complete(document: Mapping[str, Any], now: int) -> Account:
    """An account from a document that a person wrote: what every account has is filled in.

    Without UID it is a lite account. Times are taken from the `…Timestamp` members, else `now`.
    """
    content = dict(document)
    token = str(content.pop("token", None) or uuid.uuid4().hex)
    if "UID" not in content:
        content |= {"token": token, "hasFullAccount": False, "hasLiteAccount": True}
    content.setdefault("isActive", True)
    content.setdefault("isRegistered", "UID" in content)
    content.setdefault("isVerified", False)
    for name in TIMES:
        given = content.get(f"{name}Timestamp")
        if given is None and name not in ("created", "lastUpdated"):
            continue
        milliseconds = int(given) if given is not None else now
        content[f"{name}Timestamp"] = milliseconds
        content.setdefault(name, iso(milliseconds))
    return Account(content, token, content["lastUpdatedTimestamp"])


def email_head(email: str | None, token: str, created: int, updated: int) -> bytes:
    """The `email_account` part. What else an e-mail account has depends on who shares it: see `store`."""
    return _members(
        {
            "token": token,
            "channel": "email",
            **({} if email is None else {"email": email}),
            "created": iso(created),
            "createdTimestamp": created,
            "lastUpdated": iso(updated),
            "lastUpdatedTimestamp": updated,
        }
    )


def _members(content: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(content)[1:-1]


def _led(document: Mapping[str, Any], *names: str) -> bytes:
    content = {name: document[name] for name in names if name in document}
    return b"," + _members(content) if content else b""


def _flag(document: Mapping[str, Any], name: str) -> int:
    return int(document.get(name) is True)
