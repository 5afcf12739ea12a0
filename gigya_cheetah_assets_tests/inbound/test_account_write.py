"""Whether a write whose answer was lost has arrived: of a consent its state tells."""

from __future__ import annotations

from typing import Any

import pytest

from gigya_cheetah_assets.inbound.account_write import _Update
from gigya_cheetah_assets.inbound.accounts import Account
from gigya_cheetah_assets.ledger import Change

YES = Change("NEWS", "pending", "opt_in", "1", True, "opt_in_taken", subscription=True)
NAME = Change("FNAME", "Ana", "Bea", "Bea", True, "changed_in_cheetahmail")


def account(state: str, name: str) -> Account:
    document: dict[str, Any] = {"UID": "u1", "profile": {"firstName": name}}
    # The flag stood there before: the person is subscribed, and has not confirmed.
    document["subscriptions"] = {"news": {"email": {"isSubscribed": True}}}
    return Account("u1", document, {"FNAME": name}, {"NEWS": (state, 5)}, 5)


@pytest.mark.parametrize(
    ("state", "name", "arrived"),
    [("opt_in", "Bea", True), ("pending", "Bea", False), ("opt_in", "Ana", False), ("opt_out", "Bea", False)],
)
def test_a_flag_that_stood_before_is_no_sign_of_an_opt_in(state: str, name: str, *, arrived: bool) -> None:
    update = {
        "profile": {"firstName": "Bea"},
        "subscriptions": {"news": {"email": {"isSubscribed": True, "doubleOptIn": {"isExternallyVerified": True}}}},
    }
    sent = _Update(None, None, update, [YES, NAME])  # type: ignore[arg-type] # neither door nor call is used
    assert sent.has_arrived(account(state, name)) is arrived
