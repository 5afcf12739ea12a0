from __future__ import annotations

import base64

import paramiko
import pytest
from cryptography.hazmat.primitives import serialization as formats
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa

from gigya_cheetah_assets.errors import ConfigError
from gigya_cheetah_assets.staging.sftp_connect import fingerprint
from gigya_cheetah_assets.staging.sftp_keys import known_host_keys, private_key

KEYS = {
    "ssh-rsa": rsa.generate_private_key(65537, 2048),
    "ssh-ed25519": ed25519.Ed25519PrivateKey.generate(),
    "ecdsa-sha2-nistp256": ec.generate_private_key(ec.SECP256R1()),
}


def pem(key, form=formats.PrivateFormat.OpenSSH, passphrase: str | None = None) -> str:
    how = formats.BestAvailableEncryption(passphrase.encode()) if passphrase else formats.NoEncryption()
    return key.private_bytes(formats.Encoding.PEM, form, how).decode()


def public(key) -> str:
    return key.public_key().public_bytes(formats.Encoding.OpenSSH, formats.PublicFormat.OpenSSH).decode()


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("form", [formats.PrivateFormat.OpenSSH, formats.PrivateFormat.PKCS8])
@pytest.mark.parametrize("passphrase", [None, "pass phrase"])
@pytest.mark.parametrize("line_break", ["\n", "\\n", "\r\n"])
def test_every_usual_key_is_read_in_both_formats(kind, form, passphrase, line_break):
    text = pem(KEYS[kind], form, passphrase).replace("\n", line_break)
    key = private_key(text, passphrase)
    assert f"{key.get_name()} {key.get_base64()}" == public(KEYS[kind])


@pytest.mark.parametrize(
    ("text", "passphrase", "problem"),
    [
        (pem(KEYS["ssh-ed25519"]), "secret", "no passphrase"),
        (pem(KEYS["ssh-ed25519"], passphrase="secret"), None, "a passphrase: the key is encrypted"),
        (pem(KEYS["ssh-ed25519"], passphrase="secret"), "other", "that its passphrase opens"),
        (pem(KEYS["ssh-rsa"], formats.PrivateFormat.PKCS8, "secret"), None, "a passphrase: the key is encrypted"),
        ("not a key", None, "in PEM format"),
        (pem(dsa.generate_private_key(2048), formats.PrivateFormat.PKCS8), None, "an RSA, Ed25519 or ECDSA key"),
    ],
    # Keys are new in each process, so they may not be part of a test's name.
    ids=["too much", "missing", "wrong", "missing for PKCS#8", "no key", "DSA"],
)
def test_a_key_that_cannot_be_used_is_a_config_error_that_shows_nothing_of_it(text, passphrase, problem):
    with pytest.raises(ConfigError, match=problem) as caught:
        private_key(text, passphrase)
    assert "BEGIN" not in str(caught.value)
    assert "secret" not in str(caught.value).replace("secret stores", "")


def lines(*hosts: str) -> str:
    return "\n".join(f"{host} {public(KEYS['ssh-ed25519'])} comment" for host in hosts)


@pytest.mark.parametrize(
    ("text", "port"),
    [
        (lines("sftp.example.com"), 22),
        (lines("sftp.example.com"), 2222),
        (lines("[sftp.example.com]:2222"), 2222),
        (lines("other.example.com,sftp.example.com"), 22),
        (lines(paramiko.HostKeys.hash_host("sftp.example.com")), 22),
        ("# comment\\n\\n" + lines("sftp.example.com"), 22),
        (f"sftp.example.com\t{public(KEYS['ssh-ed25519'])}\r\n", 22),
        (lines("SFTP.Example.com"), 22),
        (lines(paramiko.HostKeys.hash_host("[sftp.example.com]:2222")), 2222),
        (lines("*.example.com"), 22),
        (lines("[sftp?example.com]:2222"), 2222),
        ("@revoked other.example.com " + public(KEYS["ssh-ed25519"]) + "\n" + lines("sftp.example.com"), 22),
    ],
    ids=[
        "port 22",
        "host alone",
        "host and port",
        "several names",
        "hashed",
        "comment",
        "tab",
        "case",
        "hashed with port",
        "star",
        "question mark",
        "revoked for another",
    ],
)
def test_the_servers_key_is_found_in_known_hosts(text, port):
    (key,) = known_host_keys(text, "sftp.example.com", port)
    assert f"{key.get_name()} {key.get_base64()}" == public(KEYS["ssh-ed25519"])


def test_all_kinds_of_keys_of_one_server_are_known():
    text = "\n".join(f"sftp.example.com {public(key)}" for key in KEYS.values())
    assert {key.get_name() for key in known_host_keys(text, "sftp.example.com", 22)} == set(KEYS)


@pytest.mark.parametrize(
    "text",
    [
        lines("other.example.com"),
        lines("[sftp.example.com]:2222"),
        "@cert-authority " + lines("sftp.example.com"),
        "@revoked " + lines("sftp.example.com"),
        lines("sftp.example.com") + "\n@revoked * " + public(KEYS["ssh-ed25519"]),
        lines("*.example.com,!sftp.example.com"),
        lines("sftpXexample.com"),
        lines("|1|AAAA|BBBB"),
        lines("|1|broken"),
        "sftp.example.com ssh-ed25519 !!!",
        "sftp.example.com ssh-ed25519 " + base64.b64encode(b"short").decode(),
        "sftp.example.com",
    ],
    ids=[
        "other host",
        "other port",
        "authority",
        "revoked",
        "known and revoked",
        "excluded",
        "dot is no pattern",
        "other hash",
        "broken hash",
        "no base64",
        "short",
        "no key",
    ],
)
def test_a_server_without_a_usable_line_is_a_config_error(text):
    with pytest.raises(ConfigError, match=r"a line for sftp\.example\.com"):
        known_host_keys(text, "sftp.example.com", 22)


def test_two_keys_of_one_kind_are_both_known_as_when_a_server_changes_its_key():
    coming = ed25519.Ed25519PrivateKey.generate()
    text = "\n".join(f"sftp.example.com {public(key)}" for key in (KEYS["ssh-ed25519"], coming))
    found = [f"{key.get_name()} {key.get_base64()}" for key in known_host_keys(text, "sftp.example.com", 22)]
    assert found == [public(KEYS["ssh-ed25519"]), public(coming)]


def test_a_fingerprint_reads_as_openssh_shows_it():
    key = paramiko.PKey.from_type_string(
        "ssh-ed25519", base64.b64decode("AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl")
    )
    assert fingerprint(key) == "ssh-ed25519 SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"
