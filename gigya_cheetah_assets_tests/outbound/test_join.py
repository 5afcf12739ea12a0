from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zlib import crc32

import pyarrow as pa

from gigya_cheetah_assets.config import Windows
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound import join
from gigya_cheetah_assets.outbound.window import window_of
from gigya_cheetah_assets_tests.mapping.tables import accounts, emails, table

NEWS = {"cheetahmail": "NEWS", "gigya": "subscriptions.news.email", "type": "subscription"}
PATH = "subscriptions.news.email"
MINUTE = 60_000
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOURLY = Windows(every="hour", start=datetime(2026, 3, 1, tzinfo=UTC))


def _fields() -> FieldTable:
    return table(NEWS, accounts="both")


def _account(uid: str, updated: int) -> dict[str, Any]:
    return {"UID": uid, "lastUpdatedTimestamp": updated, "profile": {"email": f"{uid}@example.org"}}


def _email(uid: str | None, updated: int, *, subscribed: bool = True) -> dict[str, Any]:
    news = {"email": {"isSubscribed": subscribed}}
    own = {"UID": uid, "hasFullAccount": True} if uid else {"hasFullAccount": False, "hasLiteAccount": True}
    return {
        **own,
        "token": f"t-{uid}",
        "email": f"{uid}@example.org",
        "lastUpdatedTimestamp": updated,
        "profile": {"email": f"{uid}@example.org"},
        "subscriptions": {"news": news},
    }


def _joined(fields: FieldTable, full: list[dict[str, Any]], mails: list[dict[str, Any]]) -> pa.Table:
    return join.profiles_of(
        fields,
        join.scanned(accounts(fields, *full), join.ACCOUNT_SEEN, undated=0),
        join.scanned(emails(fields, *mails), join.EMAIL_SEEN, undated=0),
    )


def test_an_account_gets_its_subscription_and_the_later_of_both_times() -> None:
    found = _joined(_fields(), [_account("a", 5), _account("b", 9)], [_email("b", 7), _email("a", 8, subscribed=False)])
    rows = {row["UID"]: row for row in found.to_pylist()}
    assert (rows["a"][PATH], rows["a"]["updated"]) == ("opt_out", 8)
    assert (rows["b"][PATH], rows["b"]["updated"]) == ("opt_in", 9)
    assert (rows["a"][join.ACCOUNT_SEEN], rows["a"][join.EMAIL_SEEN]) == (5, 8)


def test_an_account_without_e_mail_account_has_no_subscription() -> None:
    row = _joined(_fields(), [_account("a", 5)], []).to_pylist()[0]
    assert (row[PATH], row["updated"], row[join.EMAIL_SEEN]) == (None, 5, join.NEVER)


def test_a_lite_account_is_known_by_its_token_and_stands_in_the_stable_order() -> None:
    full = [_account(f"u{n}", n) for n in range(20)]
    found = _joined(_fields(), full, [_email(None, 3)])
    keys = found["UID"].to_pylist()
    assert len(keys) == 21
    assert keys == sorted(keys, key=lambda key: (crc32(key.encode()), key))
    lite = found.to_pylist()[keys.index("lite-t-None")]
    assert (lite["account"], lite[PATH], lite["profile.email"]) == ("lite", "opt_in", "None@example.org")


def test_each_window_gets_whom_either_scan_saw_in_it_and_repeats_are_marked() -> None:
    windows = [window_of(HOURLY, f"2026-03-05-1{hour}:00", now=NOW) for hour in (0, 1)]
    start = int(windows[0].start.timestamp() * 1000)
    full = [
        _account("first", start + 10 * MINUTE),
        _account("second", start + 70 * MINUTE),
        _account("both", start + 20 * MINUTE),
        _account("overlap", start + 60 * MINUTE - 1),
        _account("by-key", start - 900 * MINUTE),
    ]
    mails = [_email("both", start + 80 * MINUTE), _email("by-key", start + 5 * MINUTE)]
    fields = _fields()
    scanned = join.scanned(accounts(fields, *full[:4]), join.ACCOUNT_SEEN, undated=0)
    looked_up = join.read_by_key(accounts(fields, full[4]), join.ACCOUNT_SEEN)
    found = join.profiles_of(
        fields,
        pa.concat_tables([scanned, looked_up]),
        join.scanned(emails(fields, *mails), join.EMAIL_SEEN, undated=0),
    )
    (_, one), (_, two) = join.by_window(found, windows)
    assert dict(zip(one["UID"].to_pylist(), one["repeat"].to_pylist(), strict=True)) == {
        "first": False,
        "both": False,
        "overlap": False,
        "by-key": False,
    }
    assert dict(zip(two["UID"].to_pylist(), two["repeat"].to_pylist(), strict=True)) == {
        "second": False,
        "both": True,
        "overlap": True,
    }


def test_a_record_without_a_time_counts_as_seen_when_the_scan_says_so() -> None:
    fields = _fields()
    undated = accounts(fields, {"UID": "a", "profile": {"email": "a@example.org"}})
    assert join.scanned(undated, join.ACCOUNT_SEEN, undated=42)[join.ACCOUNT_SEEN].to_pylist() == [42]
