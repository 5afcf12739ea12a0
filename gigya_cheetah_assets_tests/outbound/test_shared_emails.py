from __future__ import annotations

from pathlib import Path
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


def _person(uid: str, email: str, subscribed: bool | None) -> dict[str, object]:
    person: dict[str, object] = {"UID": uid, "profile": {"email": email}}
    return (
        person if subscribed is None else person | {"subscriptions": {"news": {"email": {"isSubscribed": subscribed}}}}
    )


def _found(folder: Path, *people: tuple[str, str, bool | None]) -> tuple[int, pa.Table]:
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
    good, withheld = shared.withhold(map_profiles(FIELDS, frame).rows, "GIGYA_UID")
    assert withheld["GIGYA_UID"].to_pylist() == ["in"]
    assert set(good["GIGYA_UID"].to_pylist()) == {"out", "silent", "alone"}
    assert shared.rejects(withheld, "GIGYA_UID").to_pylist() == [
        {"uid": "in", "column": "NEWS", "reason": "email_shared_with_opted_out_account"}
    ]


def test_accounts_of_one_mind_are_reported_and_go_on(tmp_path: Path) -> None:
    count, frame = _found(tmp_path, ("a", "two@example.org", True), ("b", "TWO@example.org", True))
    assert count == 2
    good, withheld = shared_emails.read(tmp_path).withhold(map_profiles(FIELDS, frame).rows, "GIGYA_UID")
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
    assert shared_emails.read(tmp_path).withhold(rows, "GIGYA_UID")[0] == rows


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
    _, withheld = shared_emails.read(tmp_path).withhold(map_profiles(fields, frame).rows, "GIGYA_UID")
    assert withheld["GIGYA_UID"].to_pylist() == ["in"]
