from __future__ import annotations

from typing import Any

import pytest

from gigya_cheetah_assets.inbound.deleted import of_accounts, of_nobody, opt_outs_after
from gigya_cheetah_assets.inbound.feeds import feed_of
from gigya_cheetah_assets.ledger import Deleted, Tombstone
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets_tests.inbound.feeds import NOW, ms, sync

AT = ms("2026-11-20T12:00:00")
STONE = Tombstone(AT, AT, "accounts.deleteAccount", "w1", 1, None)
FOUND = Deleted({"gone": STONE}, {"gone@example.org": STONE})
CONFIG = sync()
FEED = feed_of("subscribes", CONFIG, FieldTable.from_sync(CONFIG), now=NOW)


def row(uid: str | None, email: str | None, *, news: str | None = None, at: int | None = AT) -> dict[str, Any]:
    return {"line": 2, "uid": uid, "email": email, "at": at, "NEWS": news, "OFFERS": None}


@pytest.mark.parametrize(
    ("one", "goes_on"),
    [
        (row("gone", "x@example.org", news="opt_in", at=AT + 9), False),
        (row("gone", "x@example.org"), False),
        (row("new", "GONE@example.org", news="opt_in", at=AT), False),
        (row("new", "gone@example.org", news="opt_in", at=None), False),
        (row("new", "gone@example.org", news="opt_in", at=AT + 1), True),
        (row("new", "gone@example.org"), True),
        (row("new", None, news="opt_in"), True),
    ],
)
def test_a_row_of_an_account_goes_on_unless_a_tombstone_stops_it(one: dict[str, Any], *, goes_on: bool) -> None:
    living, gone = of_accounts(FEED, [one], FOUND)
    assert (living, gone) == (([one], []) if goes_on else ([], [one]))


def test_an_opt_out_of_an_account_always_goes_on_and_takes_nothing_else_along() -> None:
    one = row("gone", "gone@example.org", news="opt_out") | {"OFFERS": "opt_in"}
    living, gone = of_accounts(FEED, [one], FOUND)
    assert (living, gone) == ([one | {"OFFERS": None}], [])


def test_of_rows_without_an_account_those_of_deleted_people_are_apart() -> None:
    by_uid, by_address, stranger = row("gone", None), row(None, " Gone@example.org"), row("new", "x@example.org")
    assert of_nobody([by_uid, by_address, stranger], FOUND) == ([stranger], [by_uid, by_address])


def test_the_opt_outs_among_them_are_remembered_by_their_address() -> None:
    rows = [row("gone", "gone@example.org", news="opt_out"), row("gone", None, news="opt_out"), row("gone", "y@x.org")]
    assert opt_outs_after(FEED, rows) == [("gone@example.org", AT)]
