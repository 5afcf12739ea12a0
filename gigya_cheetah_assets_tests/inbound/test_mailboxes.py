"""Mail that came back: whose, who is mailed again, and what it explains."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gigya_cheetah_assets.inbound import mailboxes
from gigya_cheetah_assets.inbound.feeds import Feed, feed_of
from gigya_cheetah_assets.ledger.undeliverable import Ended
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets_tests.inbound.feeds import sync

ROW = {"line": 2, "uid": "u1", "email": None, "at": 5, "NEWS": "opt_out", "OFFERS": "opt_in"}


def feed(kind: str) -> Feed:
    config = sync()
    return feed_of(kind, config, FieldTable.from_sync(config), now=int(datetime.now(UTC).timestamp() * 1000))


def test_who_is_told_to_be_unreachable_is_noted_for_each_subscription() -> None:
    rows = [{"ended": "NEWS,OFFERS", "at": None}, {"ended": None, "at": 3}, {"at": 4}]
    assert list(mailboxes.ended({"u1": rows}, "f")) == [
        Ended("u1", "NEWS", None, "f"),
        Ended("u1", "OFFERS", None, "f"),
    ]


def test_who_is_subscribed_is_mailed_again() -> None:
    assert list(mailboxes.mailed_again(feed("subscribes"), {"u1": [ROW], "u2": [{"NEWS": None}]})) == [("u1", "OFFERS")]


@pytest.mark.parametrize("kind", ["full_extract", "profiles"])
def test_a_file_of_states_says_nothing_of_whom_mail_does_not_reach(kind: str) -> None:
    assert mailboxes.without_returned_mail(feed(kind), ROW, {"NEWS", "OFFERS"}) == ROW | {"NEWS": None}
    assert mailboxes.without_returned_mail(feed(kind), ROW, {"OFFERS"}) == ROW
    assert mailboxes.without_returned_mail(feed(kind), ROW, ()) is ROW


def test_an_unsubscribe_is_an_event_and_always_counts() -> None:
    assert mailboxes.without_returned_mail(feed("unsubscribes"), ROW, {"NEWS"}) is ROW
