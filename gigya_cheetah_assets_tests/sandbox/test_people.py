"""The invented accounts: repeatable, well formed, and with every quirk that the rest of the project must survive."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gigya_cheetah_assets.errors import ConfigError
from gigya_cheetah_assets.sandbox.gigya.clock import NEVER, iso, parse_iso
from gigya_cheetah_assets.sandbox.gigya.rows import Row, account_of, row_of
from gigya_cheetah_assets.sandbox.people.generate import Period, people
from gigya_cheetah_assets.sandbox.people.load import load
from gigya_cheetah_assets.sandbox.people.pools import LOCALES

PERIOD = Period(
    int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000), int(datetime(2026, 3, 31, tzinfo=UTC).timestamp() * 1000)
)
SCRIPTS = {
    "ru": "[\u0430-\u044f]",
    "ja": "[\u3040-\u9fff]",
    "zh": "[\u4e00-\u9fff]",
    "ar": "[\u0600-\u06ff]",
    "he": "[\u0590-\u05ff]",
    "el": "[\u03ac-\u03ce]",
}


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return list(people(12_000, 3, PERIOD))


@pytest.fixture(scope="module")
def documents(rows: list[Row]) -> list[dict[str, Any]]:
    return [account_of(row).document for row in rows]


def values(documents: list[dict[str, Any]], *path: str) -> list[Any]:
    found = []
    for document in documents:
        value: Any = document
        for key in path:
            value = value.get(key, "absent") if isinstance(value, dict) else "absent"
        found.append(value)
    return found


def test_the_same_seed_gives_the_same_people_and_more_people_begin_with_fewer(rows: list[Row]) -> None:
    assert list(people(500, 3, PERIOD)) == rows[:500]
    assert list(people(500, 4, PERIOD)) != rows[:500]


def test_columns_say_what_the_documents_say(rows: list[Row]) -> None:
    for row in rows[:3000]:
        account = account_of(row)
        again = row_of(account)
        told_by_others = {"has_lite": row.has_lite, "is_owner": row.is_owner}
        assert again._replace(
            account=b"", email_account=b"", shared=b"", subscriptions=b"", **told_by_others
        ) == row._replace(account=b"", email_account=b"", shared=b"", subscriptions=b"")
        head = msgspec.json.decode(b"{" + row.email_account + b"}")
        assert (head["lastUpdatedTimestamp"], head.get("email"), head["token"]) == (
            row.email_updated,
            row.email,
            row.token,
        )


def test_times_lie_in_the_period_and_both_spellings_agree(documents: list[dict[str, Any]]) -> None:
    for document in documents:
        assert PERIOD.start <= document["lastUpdatedTimestamp"] < PERIOD.end
        for name in ("created", "lastUpdated", "lastLogin", "registered"):
            if name in document and document[name] != NEVER:
                assert parse_iso(document[name]) == document[f"{name}Timestamp"]


def test_iso_fractions_vary_and_never_is_the_year_1(documents: list[dict[str, Any]]) -> None:
    fractions = {len(document["lastUpdated"].partition(".")[2]) for document in documents}
    assert fractions == {0, 2, 3, 4}
    never = [document for document in documents if document.get("lastLogin") == NEVER]
    assert never
    assert {document["lastLoginTimestamp"] for document in never} == {0}
    assert iso(0) == NEVER


def test_names_come_in_many_scripts(documents: list[dict[str, Any]]) -> None:
    for language, letters in SCRIPTS.items():
        names = [
            f"{doc['profile'].get('firstName')} {doc['profile'].get('lastName')}"
            for doc in documents
            if doc.get("profile", {}).get("locale") == language
        ]
        assert sum(bool(re.search(letters, name.lower())) for name in names) > len(names) * 0.8
    assert {doc["profile"]["locale"] for doc in documents if "profile" in doc} == {
        language for _, _, language in LOCALES
    }


@pytest.mark.parametrize("sign", ["&amp;", '"', ",", ";", "\n", "\u0007", "🦊", "=SUM", "  ", "\u200f", "\\"])
def test_names_hold_what_breaks_careless_programs(documents: list[dict[str, Any]], sign: str) -> None:
    assert any(isinstance(name, str) and sign in name for name in values(documents, "profile", "lastName"))


def test_types_drift(documents: list[dict[str, Any]]) -> None:
    def kinds(*path: str) -> set[str]:
        return {type(value).__name__ for value in values(documents, *path) if value != "absent"}

    assert kinds("profile", "birthYear") == {"int", "str", "float"}
    assert kinds("data", "loyalty", "points") == {"int", "str", "float"}
    assert kinds("data", "brands") == {"list", "str"}
    assert kinds("data", "loyalty", "tier") == {"str", "dict"}
    assert kinds("subscriptions", "newsletter", "email") == {"dict", "NoneType"}


def test_objects_may_be_absent(documents: list[dict[str, Any]]) -> None:
    for name in ("profile", "data", "subscriptions", "preferences"):
        assert 0 < sum(name not in document for document in documents) < len(documents) / 2


def test_ids_and_postal_codes_have_leading_zeros(documents: list[dict[str, Any]]) -> None:
    for path in (("profile", "zip"), ("data", "externalIds", "crm")):
        assert any(isinstance(value, str) and value.startswith("0") for value in values(documents, *path))


def test_subscriptions_come_flat_and_nested_in_every_state(documents: list[dict[str, Any]]) -> None:
    flat = values(documents, "subscriptions", "offers.partner", "email", "doubleOptIn", "status")
    nested = values(documents, "subscriptions", "offers", "partner", "email", "doubleOptIn", "status")
    for statuses in (flat, nested):
        assert {"Pending", "NotConfirmed", "Confirmed", None} <= set(statuses)
    assert {True, False} <= set(values(documents, "subscriptions", "newsletter", "email", "isSubscribed"))


def test_lite_accounts_and_troubled_addresses_are_few(rows: list[Row]) -> None:
    lite = [row for row in rows if not row.is_full]
    assert 0.03 < len(lite) / len(rows) < 0.07
    assert all(row.uid is None and row.email for row in lite)
    assert 0 < sum(row.email is None for row in rows) < len(rows) * 0.02
    bad = sum(row.email is not None and not re.fullmatch(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+", row.email) for row in rows)
    assert 0 < bad < len(rows) * 0.01


def test_addresses_that_two_share_have_one_owner(rows: list[Row]) -> None:
    times = Counter(row.email_key for row in rows if row.email_key is not None)
    shared = {key for key, count in times.items() if count > 1}
    assert 10 < len(shared) < len(rows) * 0.01
    assert {times[key] for key in shared} == {2}
    owners = Counter(row.email_key for row in rows if row.is_owner)
    assert owners == Counter(times.keys())
    lite = {row.email_key for row in rows if not row.is_full}
    for row in rows:
        assert row.is_owner == (row.email is not None) or row.email_key in shared
        assert row.has_lite == (row.email_key in lite) or not row.is_owner


def test_who_shares_an_address_shares_the_email_account(rows: list[Row]) -> None:
    owners = {row.email_key: row for row in rows if row.is_owner}
    others = [row for row in rows if row.email_key is not None and not row.is_owner]
    assert {bool(row.is_full) for row in others} == {True, False}
    for row in others:
        mine, theirs = account_of(row).document, account_of(owners[row.email_key]).document
        assert mine.get("subscriptions") == theirs.get("subscriptions")
        assert (row.token, row.email_updated) == (owners[row.email_key].token, owners[row.email_key].email_updated)
        assert row.is_full or mine["token"] == row.token


def test_keys_are_unique_and_everyone_is_invented(rows: list[Row]) -> None:
    assert len({row.token for row in rows}) == sum(bool(row.is_owner) or row.email is None for row in rows)
    assert len({row.uid for row in rows if row.uid}) == sum(bool(row.is_full) for row in rows)
    assert all(".example" in row.email or "example." in row.email or "no-" in row.email for row in rows if row.email)


def test_a_file_of_accounts_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "accounts.jsonl"
    path.write_text('{"UID": "a", "profile": {"email": "A@example.org"}}\n\n{"profile": {"email": "b@example.org"}}\n')
    full, lite = load(path, 1_700_000_000_000)
    assert (full.uid, full.email, full.email_key, full.updated) == (
        "a",
        "A@example.org",
        "a@example.org",
        1_700_000_000_000,
    )
    assert full.is_registered
    assert (lite.uid, lite.is_full, lite.has_lite) == (None, 0, 1)


def test_all_wrong_lines_of_a_file_are_named_without_their_values(tmp_path: Path) -> None:
    path = tmp_path / "accounts.jsonl"
    lines = [
        '{"UID": "a"}',
        "secret@example.org",
        "[1]",
        '{"UID": 5}',
        '{"profile": {}}',
        '{"UID": "a"}',
        '{"UID": "b", "lastUpdatedTimestamp": "now"}',
        '{"UID": "c", "registeredTimestamp": "secret"}',
        '{"UID": "d", "verifiedTimestamp": [1]}',
        '{"UID": "e", "lastUpdatedTimestamp": 9999999999999999999999999}',
        '{"UID": "f", "token": 5}',
    ]
    path.write_text("\n".join(lines))
    with pytest.raises(ConfigError) as caught:
        list(load(path, 0))
    assert [problem.split(":")[1] for problem in caught.value.problems] == [str(number) for number in range(2, 12)]
    assert "secret" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.jsonl: No such file"):
        list(load(tmp_path / "missing.jsonl", 0))
