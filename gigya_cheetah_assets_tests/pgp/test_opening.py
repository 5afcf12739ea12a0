"""Files that the program gpg encrypted, opened here; and everything that must be refused."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from gigya_cheetah_assets.config.pgp import PgpIn
from gigya_cheetah_assets.errors import GigyaCheetahError, RefuseFile, StopSync
from gigya_cheetah_assets.pgp import decrypt
from gigya_cheetah_assets_tests.pgp.people_keys import Gpg

TEXT = b"EMAIL,GIGYA_UID\nanna@example.org,u1\n" * 2000
LARGE = 1 << 30
SIGNED = {
    "decrypt_with": {"env": "OUR_KEY"},
    "passphrase": {"env": "OUR_PHRASE"},
    "verify_with": {"env": "CHEETAH"},
}
LAX = {"verify_with": None, "require_signature": False}


class Inbox:
    """Writes a file and opens it."""

    def __init__(self, folder: Path) -> None:
        self.source, self.target = folder / "feed.dat.pgp", folder / "opened"

    def open(self, data: bytes, max_bytes: int = LARGE, **changes: object) -> str | None:
        self.source.write_bytes(data)
        given = {name: value for name, value in {**SIGNED, **changes}.items() if value is not None}
        opened = decrypt(self.source, self.target, PgpIn.model_validate(given), max_bytes=max_bytes)
        return opened.signed_by

    def refuse(self, data: bytes, match: str, kind: type[GigyaCheetahError] = RefuseFile, **changes: object) -> None:
        with pytest.raises(kind, match=match):
            self.open(data, **changes)
        assert [path.name for path in self.source.parent.iterdir()] == [self.source.name]


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path)


@pytest.mark.parametrize("options", [[], ["--armor"], ["--compress-algo", "none"], ["--compress-algo", "bzip2"]])
def test_a_file_of_gpg_signed_by_the_sender_is_opened(keys: Gpg, inbox: Inbox, options: list[str]) -> None:
    signed_by = inbox.open(keys.encrypt(TEXT, "us", *options, by="cheetah"))
    assert signed_by == keys.fingerprints["cheetah"]
    assert inbox.target.read_bytes() == TEXT
    assert stat.S_IMODE(inbox.target.stat().st_mode) == 0o600


def test_a_message_to_several_receivers_and_to_a_hidden_one_is_opened(keys: Gpg, inbox: Inbox) -> None:
    others = ["--recipient", keys.fingerprints["stranger"]]
    assert inbox.open(keys.encrypt(TEXT, "us", *others, by="cheetah"))
    assert inbox.open(keys.encrypt(TEXT, "us", "--throw-keyids", by="cheetah"))


def test_either_of_two_senders_keys_counts_while_one_replaces_the_other(
    keys: Gpg, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOTH", keys.public("expired") + keys.public("cheetah") + keys.public("stranger"))
    for name in ("cheetah", "stranger"):
        signed_by = inbox.open(keys.encrypt(TEXT, "us", by=name), verify_with={"env": "BOTH"})
        assert signed_by == keys.fingerprints[name]


def test_an_unsigned_file_is_refused_where_a_signature_is_required(keys: Gpg, inbox: Inbox) -> None:
    inbox.refuse(keys.encrypt(TEXT, "us"), "not signed")
    assert inbox.open(keys.encrypt(TEXT, "us"), require_signature=False) is None


def test_a_signature_by_somebody_else_is_refused_even_by_us(keys: Gpg, inbox: Inbox) -> None:
    inbox.refuse(keys.encrypt(TEXT, "us", by="stranger"), "another key than verify_with")
    # Our own key is in the keyring, to decrypt with: that makes it nobody to believe.
    inbox.refuse(keys.encrypt(TEXT, "us", "--passphrase", "open", by="us"), "another key than verify_with")
    inbox.refuse(keys.encrypt(TEXT, "us", by="stranger"), "another key than verify_with", require_signature=False)
    assert inbox.open(keys.encrypt(TEXT, "us", by="stranger"), **LAX) is None


def test_a_signature_of_an_expired_key_is_refused(keys: Gpg, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    late = keys.encrypt(TEXT, "us", "--faked-system-time", "20250101T120000", by="expired")
    inbox.refuse(late, "pgp.verify_with: the key .* has expired", StopSync, verify_with={"env": "EXPIRED"})
    monkeypatch.setenv("BOTH", keys.public("expired") + keys.public("cheetah"))
    inbox.refuse(late, "of a key that has expired", verify_with={"env": "BOTH"})


def test_an_expired_signature_is_refused(keys: Gpg, inbox: Inbox) -> None:
    options = ["--faked-system-time", "20250101T120000", "--default-sig-expire", "1d"]
    inbox.refuse(keys.encrypt(TEXT, "us", *options, by="cheetah"), "one that has expired")


def test_a_revoked_sender_stops_the_sync(keys: Gpg, inbox: Inbox) -> None:
    message = keys.encrypt(TEXT, "us", by="cheetah")
    inbox.refuse(message, "is revoked", StopSync, verify_with={"env": "REVOKED"})


def test_a_file_for_another_key_is_refused(keys: Gpg, inbox: Inbox) -> None:
    inbox.refuse(keys.encrypt(TEXT, "stranger", by="cheetah"), "not encrypted to the key of decrypt_with")
    inbox.refuse(keys.encrypt(TEXT, "stranger"), "not encrypted to the key of decrypt_with", **LAX)


def test_a_file_encrypted_to_a_password_is_refused_although_gpg_could_open_it(keys: Gpg, inbox: Inbox) -> None:
    sealed = keys.run("--passphrase", "open", "--symmetric", stdin=TEXT).stdout
    inbox.refuse(sealed, "not encrypted to the key of decrypt_with", **LAX)
    signed = ["--sign", "--local-user", keys.fingerprints["cheetah"]]
    inbox.refuse(
        keys.run("--passphrase", "open", *signed, "--symmetric", stdin=TEXT).stdout, "not encrypted to the key"
    )


@pytest.mark.parametrize("plain", [TEXT, b"\xef\xbb\xbf" + TEXT, b"\x1f\x8b\x08", b"PK\x03\x04", b""])
def test_a_plain_file_is_refused_and_never_read_as_it_is(keys: Gpg, inbox: Inbox, plain: bytes) -> None:
    inbox.refuse(plain, "expected an encrypted file")
    inbox.refuse(plain, "expected an encrypted file", **LAX)


def test_a_file_that_is_signed_and_not_encrypted_is_refused(keys: Gpg, inbox: Inbox) -> None:
    by = ["--local-user", keys.fingerprints["cheetah"]]
    inbox.refuse(keys.run(*by, "--sign", stdin=TEXT).stdout, "not encrypted to the key")
    inbox.refuse(keys.run(*by, "--armor", "--sign", stdin=TEXT).stdout, "not encrypted to the key")
    inbox.refuse(keys.run(*by, "--clear-sign", stdin=TEXT).stdout, "not an OpenPGP message")


def test_anything_around_a_message_is_refused(keys: Gpg, inbox: Inbox) -> None:
    binary = keys.encrypt(TEXT, "us", by="cheetah")
    armored = keys.encrypt(TEXT, "us", "--armor", by="cheetah")
    for message in (binary, armored):
        inbox.refuse(message + b"u9,plain@example.org\n", "nothing else|holds more than one|fit its content")
        inbox.refuse(message + message, "nothing else|holds more than one|fit its content")
    inbox.refuse(b"u9,plain@example.org\n" + armored, "not an OpenPGP message")
    inbox.refuse(armored.replace(b"-----END", b"-----END PGP MESSAGE-----\nu9\n-----END"), "nothing else")


@pytest.mark.parametrize("cut", [1, 20, 400])
def test_a_cut_message_is_refused(keys: Gpg, inbox: Inbox, cut: int) -> None:
    data = keys.encrypt(os.urandom(3000), "us", by="cheetah")
    inbox.refuse(data[:-cut], "cut|fit its content|not signed")
    inbox.refuse(data[:-cut], "cut|fit its content|not signed", **LAX)


def test_a_changed_byte_anywhere_is_refused(keys: Gpg, inbox: Inbox) -> None:
    whole = keys.encrypt(TEXT, "us", "--compress-algo", "none", by="cheetah")
    for place in (5, 40, 120, len(whole) // 2, len(whole) - 5):
        broken = bytearray(whole)
        broken[place] ^= 0x20
        inbox.refuse(bytes(broken), "refused|not an OpenPGP")


def test_a_bomb_is_stopped_at_the_limit(keys: Gpg, inbox: Inbox) -> None:
    bomb = keys.encrypt(b"\x00" * (30 << 20), "us", "--compress-algo", "zlib", by="cheetah")
    assert len(bomb) < 60_000
    inbox.refuse(bomb, "unpacks to more than 1000000 bytes", max_bytes=1_000_000)


@pytest.mark.parametrize("phrase", [{"env": "WRONG"}, None])
def test_a_wrong_or_missing_passphrase_stops_the_sync_and_blames_no_file(
    keys: Gpg, inbox: Inbox, monkeypatch: pytest.MonkeyPatch, phrase: dict[str, str] | None
) -> None:
    monkeypatch.setenv("WRONG", "something else")
    inbox.refuse(keys.encrypt(TEXT, "us", by="cheetah"), "does not open decrypt_with", StopSync, passphrase=phrase)


def test_our_own_key_without_its_secret_half_or_expired_stops_the_sync(
    keys: Gpg, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = keys.encrypt(TEXT, "us", by="cheetah")
    inbox.refuse(message, "expected a secret key", StopSync, decrypt_with={"env": "US"})
    monkeypatch.setenv("OLD", keys.secret("expired"))
    inbox.refuse(message, "pgp.decrypt_with: the key .* has expired", StopSync, decrypt_with={"env": "OLD"})


def test_settings_need_a_key_to_verify_with_unless_they_say_that_nobody_signs() -> None:
    with pytest.raises(ValueError, match="expected verify_with"):
        PgpIn.model_validate({"decrypt_with": {"env": "OUR_KEY"}})
