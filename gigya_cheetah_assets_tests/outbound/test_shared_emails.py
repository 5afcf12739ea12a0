from __future__ import annotations

from pathlib import Path
from typing import Any
from zlib import crc32

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gigya_cheetah_assets.mapping import map_profiles
from gigya_cheetah_assets.outbound import shared_emails
from gigya_cheetah_assets_tests.mapping.tables import profiles, table

PATH = "subscriptions.news.email"
FIELDS = table(
    {"cheetahmail": "NEWS", "gigya": PATH, "type": "subscription", "values": {"opt_in": "1", "opt_out": "0"}}
)


def as_they_are(rows: pa.Table) -> pa.Table:
    return rows


def _person(uid: str, email: str, subscribed: bool | None, day: int | None = None) -> dict[str, object]:
    person: dict[str, object] = {"UID": uid, "profile": {"email": email}}
    if subscribed is None:
        return person
    dated = {} if day is None else {"lastUpdatedSubscriptionState": f"2026-01-{day:02}T00:00:00.000Z"}
    return person | {"subscriptions": {"news": {"email": {"isSubscribed": subscribed, **dated}}}}


def _found(folder: Path, *people: tuple[Any, ...]) -> tuple[int, pa.Table]:
    frame = profiles(FIELDS, *[_person(*person) for person in people])
    pq.write_table(frame, folder / "profiles.parquet")
    hashes = shared_emails.AddressHashes()
    hashes.add(frame["profile.email"])
    return shared_emails.find(FIELDS, folder, hashes), frame


def test_an_opt_in_is_withheld_while_another_account_of_the_address_opted_out(tmp_path: Path) -> None:
    count, frame = _found(
        tmp_path,
        ("out", "Two@example.org", False),
        ("in", "two@example.org", True),
        ("silent", "two@example.org", None),
        ("alone", "alone@example.org", True),
    )
    assert count == 3
    shared = shared_emails.read(tmp_path)
    good, withheld, rejects = shared.withhold(map_profiles(FIELDS, frame).rows, as_they_are, "GIGYA_UID")
    assert withheld["GIGYA_UID"].to_pylist() == ["in"]
    assert set(good["GIGYA_UID"].to_pylist()) == {"out", "silent", "alone"}
    assert rejects.to_pylist() == [{"uid": "in", "column": "NEWS", "reason": "email_shared_with_opted_out_account"}]


@pytest.mark.parametrize(
    ("opt_in", "opt_outs", "goes"),
    [(5, [4], True), (5, [5], False), (5, [4, 6], False), (5, [4, None], False), (None, [4], False)],
)
def test_an_opt_in_goes_on_only_when_it_is_later_than_each_opt_out_of_the_address(
    tmp_path: Path, opt_in: int | None, opt_outs: list[int | None], goes: bool
) -> None:
    others = [(f"out{number}", "two@example.org", False, day) for number, day in enumerate(opt_outs)]
    _, frame = _found(tmp_path, ("in", "two@example.org", True, opt_in), *others)
    _, withheld, _ = shared_emails.read(tmp_path).withhold(map_profiles(FIELDS, frame).rows, as_they_are, "GIGYA_UID")
    assert withheld["GIGYA_UID"].to_pylist() == ([] if goes else ["in"])


def test_an_opt_out_of_a_rejected_profile_withholds_too(tmp_path: Path) -> None:
    bad = profiles(FIELDS, _person("out", "two@example.org", subscribed=False))
    pq.write_table(bad, tmp_path / "rejected.parquet")
    good = profiles(FIELDS, _person("in", "two@example.org", subscribed=True))
    pq.write_table(good, tmp_path / "profiles.parquet")
    hashes = shared_emails.AddressHashes()
    for frame in (good, bad):
        hashes.add(frame["profile.email"])
    assert shared_emails.find(FIELDS, tmp_path, hashes) == 2
    _, withheld, _ = shared_emails.read(tmp_path).withhold(map_profiles(FIELDS, good).rows, as_they_are, "GIGYA_UID")
    assert withheld["GIGYA_UID"].to_pylist() == ["in"]


def test_accounts_of_one_mind_are_reported_and_go_on(tmp_path: Path) -> None:
    count, frame = _found(tmp_path, ("a", "two@example.org", True), ("b", "TWO@example.org", True))
    assert count == 2
    rows = map_profiles(FIELDS, frame).rows
    good, withheld, _ = shared_emails.read(tmp_path).withhold(rows, as_they_are, "GIGYA_UID")
    assert (len(good), len(withheld)) == (2, 0)


def test_the_file_holds_no_address(tmp_path: Path) -> None:
    _found(tmp_path, ("a", "two@example.org", True), ("b", "two@example.org", False))
    lines = pq.read_table(tmp_path / shared_emails.FILE).to_pylist()
    assert "example.org" not in str(lines)
    assert {line["group"] for line in lines} == {1}


def test_where_nobody_shares_an_address_nothing_is_written(tmp_path: Path) -> None:
    count, frame = _found(tmp_path, ("a", "a@example.org", True), ("b", "b@example.org", False))
    assert count == 0
    assert not (tmp_path / shared_emails.FILE).exists()
    rows = map_profiles(FIELDS, frame).rows
    assert shared_emails.read(tmp_path).withhold(rows, as_they_are, "GIGYA_UID").good == rows


def test_addresses_with_one_hash_are_not_one_address(tmp_path: Path) -> None:
    assert crc32(b"plumless") == crc32(b"buckeroo")
    count, _ = _found(tmp_path, ("a", "plumless", True), ("b", "buckeroo", False))
    assert count == 0


@pytest.mark.parametrize("no", [False, "no", "0", "OptOut"])
def test_an_opt_out_in_a_plain_data_field_withholds_too(tmp_path: Path, no: object) -> None:
    fields = table({"cheetahmail": "NEWS", "gigya": "data.news", "type": "subscription"})
    people = [
        {"UID": uid, "profile": {"email": "two@example.org"}, "data": {"news": says}}
        for uid, says in (("out", no), ("in", True))
    ]
    frame = profiles(fields, *people)
    pq.write_table(frame, tmp_path / "profiles.parquet")
    hashes = shared_emails.AddressHashes()
    hashes.add(frame["profile.email"])
    assert shared_emails.find(fields, tmp_path, hashes) == 2
    _, withheld, _ = shared_emails.read(tmp_path).withhold(map_profiles(fields, frame).rows, as_they_are, "GIGYA_UID")
    assert withheld["GIGYA_UID"].to_pylist() == ["in"]
