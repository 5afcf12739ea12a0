"""Encrypted feeds from end to end: decrypted, verified, read, and nothing decrypted left behind."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterator

import pytest

from gigya_cheetah_assets.errors import RefuseFile, StopSync
from gigya_cheetah_assets.inbound.read import InboundRead
from gigya_cheetah_assets.store import summary
from gigya_cheetah_assets_tests.inbound.feeds import sync
from gigya_cheetah_assets_tests.pgp.people_keys import Gpg, everybody

CSV = b"GIGYA_UID,EMAIL\nu1,a@example.org\nu2,b@example.org\n"
PGP = {
    "pgp": {
        "decrypt_with": {"env": "OUR_KEY"},
        "passphrase": {"env": "OUR_PHRASE"},
        "verify_with": {"env": "THEIR_KEY"},
    }
}


@pytest.fixture(scope="module")
def gpg() -> Iterator[Gpg]:
    with everybody() as found:
        yield found


@pytest.fixture
def keys(gpg, monkeypatch):
    monkeypatch.setenv("OUR_KEY", gpg.secret("us", "open"))
    monkeypatch.setenv("OUR_PHRASE", "open")
    monkeypatch.setenv("THEIR_KEY", gpg.public("cheetah"))
    return gpg


def zipped(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def left_behind(inbox) -> list[str]:
    return sorted(path.name for path in inbox.result.parent.iterdir() if "decrypted" in path.name)


@pytest.mark.parametrize("content", [CSV, gzip.compress(CSV), zipped(("-", CSV))], ids=["plain", "gzip", "zip"])
def test_an_encrypted_and_signed_file_is_read_whatever_it_is_packed_in(keys, inbox, content):
    sealed = keys.encrypt(content, "us", by="cheetah")
    result = inbox.read("full_extract", sealed, sync(full_extract=PGP))
    assert inbox.events("uid") == ["u1", "u2"]
    assert (result.signed_by, result.size) == (keys.fingerprints["cheetah"], len(sealed))
    assert summary.read(inbox.result, InboundRead) == result
    assert left_behind(inbox) == []


def test_the_named_member_of_an_encrypted_zip_of_json_lines_is_read(keys, inbox):
    content = zipped(("readme", b"x"), ("full.jsonl", b'{"GIGYA_UID":"u1","EMAIL":"a@example.org"}\n'))
    config = sync(full_extract={**PGP, "member": "*.jsonl", "format": "jsonl"})
    assert inbox.read("full_extract", keys.encrypt(content, "us", by="cheetah"), config).events == 1


def test_a_plain_unsigned_or_foreign_file_leaves_what_stood_before(keys, inbox):
    inbox.read("full_extract", keys.encrypt(CSV, "us", by="cheetah"), sync(full_extract=PGP))
    other = CSV + b"u3,c@example.org\n"
    foreign = [keys.encrypt(other, "us"), keys.encrypt(other, "us", by="stranger")]
    for data in (other, gzip.compress(other), *foreign, keys.encrypt(other, "us", by="cheetah")[:-9]):
        with pytest.raises(RefuseFile):
            inbox.read("full_extract", data, sync(full_extract=PGP))
        assert inbox.events("uid") == ["u1", "u2"]
        assert left_behind(inbox) == []


def test_an_encrypted_file_whose_content_is_broken_leaves_nothing_decrypted(keys, inbox):
    for content in (gzip.compress(CSV * 1000)[:-9], b"no header here", gzip.compress(gzip.compress(CSV))):
        with pytest.raises(RefuseFile):
            inbox.read("full_extract", keys.encrypt(content, "us", by="cheetah"), sync(full_extract=PGP))
        assert left_behind(inbox) == []


def test_a_bomb_inside_the_encryption_is_stopped(keys, inbox):
    repeated = CSV + b"u1,a@example.org\n" * (5 << 20)
    for content in (gzip.compress(repeated), repeated):
        bomb = keys.encrypt(content, "us", "--compress-algo", "zlib", by="cheetah")
        with pytest.raises(RefuseFile, match="unpacks to more than"):
            inbox.read("full_extract", bomb, sync(full_extract=PGP))
        assert left_behind(inbox) == []


def test_without_pgp_an_encrypted_file_is_refused(keys, inbox):
    for options in ([], ["--armor"]):
        with pytest.raises(RefuseFile, match="found PGP"):
            inbox.read("full_extract", keys.encrypt(CSV, "us", *options, by="cheetah"))


def test_a_missing_variable_stops_the_sync_before_anything_is_written(keys, inbox, monkeypatch):
    monkeypatch.delenv("THEIR_KEY")
    with pytest.raises(StopSync, match="THEIR_KEY is not set"):
        inbox.read("full_extract", keys.encrypt(CSV, "us", by="cheetah"), sync(full_extract=PGP))
    assert left_behind(inbox) == []
