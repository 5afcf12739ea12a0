"""Single accounts by UID, read from Gigya's storage: unlike a search, without delay after a write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from gigya_cheetah_assets.gigya.client import GigyaClient
from gigya_cheetah_assets.gigya.envelope import Envelope, envelope_only
from gigya_cheetah_assets.gigya.errors import AccountGone

DEFAULT_INCLUDE = ("profile", "data", "subscriptions", "preferences")


def get_account(client: GigyaClient, uid: str, include: Iterable[str] = DEFAULT_INCLUDE) -> dict[str, Any]:
    """One account as Gigya gives it, nested; parts that hold nothing are absent.

    Args:
        client: The site.
        uid: The account.
        include: Parts to read; what Gigya gives without being asked differs by version (Gigya: getAccountInfo).

    Raises:
        AccountGone: The site has no such account.
        GigyaCheetahError: As `GigyaClient.call`.
    """
    return client.call("accounts.getAccountInfo", {"UID": uid, "include": ",".join(include)}, _as_dict)


def account_exists(client: GigyaClient, uid: str) -> bool:
    """Whether the site has this account now.

    Raises:
        GigyaCheetahError: As `GigyaClient.call`.
    """
    try:
        client.call("accounts.getAccountInfo", {"UID": uid, "include": "regSource"}, envelope_only)
    except AccountGone:
        return False
    return True


def _as_dict(body: bytes) -> tuple[Envelope, dict[str, Any]]:
    return envelope_only(body)[0], msgspec.json.decode(body, type=dict[str, Any])
