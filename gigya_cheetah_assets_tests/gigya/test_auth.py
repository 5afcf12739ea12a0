from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import quote

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from gigya_cheetah_assets.config.gigya import Auth
from gigya_cheetah_assets.errors import ConfigError
from gigya_cheetah_assets.gigya.auth import (
    BearerSigner,
    HmacSigner,
    UserKeySigner,
    base_string,
    decoded_secret,
    new_nonce,
    signature,
    signer_for,
)
from gigya_cheetah_assets.gigya.clock import Clock

SECRET = "Z2lneWEtdGVzdC1zZWNyZXQtMDEyMzQ1Njc4OWFiY2Q="
URL = "https://accounts.eu1.gigya.com/accounts.search"
CLOCK = Clock(wall=lambda: 1_700_000_000.9)
SIGNING_INPUT = (
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IlRFU1RVU0VSS0VZIn0."
    "eyJpYXQiOjE3MDAwMDAwMDAsImp0aSI6IjExMTExMTExLTIyMjItNDMzMy04NDQ0LTU1NTU1NTU1NTU1NSJ9"
)
V1_BASE = (
    "POST&https%3A%2F%2Faccounts.eu1.gigya.com%2Faccounts.search&apiKey%3D3_TESTAPIKEY%26format%3Djson%26"
    "httpStatusCodes%3Dfalse%26nonce%3D1700000000000_42%26openCursor%3Dtrue%26query%3DSELECT%2520UID%2520FROM%2520"
    "accounts%2520WHERE%2520profile.email%2520%253D%2520%2522a.b%252Bc%2540example.com%2522%2520LIMIT%252010%26"
    "timestamp%3D1700000000%26userKey%3DTESTUSERKEY"
)
V1_PARAMS = {
    "apiKey": "3_TESTAPIKEY",
    "format": "json",
    "httpStatusCodes": "false",
    "openCursor": "true",
    "query": 'SELECT UID FROM accounts WHERE profile.email = "a.b+c@example.com" LIMIT 10',
}


def _hmac_signer(nonce: str) -> HmacSigner:
    return HmacSigner("TESTUSERKEY", SECRET, CLOCK, nonce=lambda: nonce)


def test_v0_the_vendors_own_vector() -> None:
    params = {
        "file": "vacation.jpg",
        "oauth_consumer_key": "test-consumer-secret",
        "oauth_nonce": "kllo9940pd9333jh",
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": "1191242096",
        "oauth_token": "test-token-secret",
        "oauth_version": "1.0",
        "size": "original",
    }
    secret = decoded_secret("dGVzdC1jb25zdW1lci1zZWNyZXQmdGVzdC10b2tlbi1zZWNyZXQ=")
    text = base_string("POST", "http://photos.example.net/photos", params)
    assert signature(secret, text) == "j4/Jwtp11HLWl7KG3QlsczfRRpU="


def test_v1_a_search_is_signed_field_by_field() -> None:
    fields, headers = _hmac_signer("1700000000000_42").sign("POST", URL, V1_PARAMS)
    assert headers == {}
    assert fields["sig"] == "bFQmutbhkM+yq1JUNncsmGjQRcY="
    assert fields["timestamp"] == "1700000000"
    assert {key: fields[key] for key in V1_PARAMS} == V1_PARAMS
    assert "secret" not in fields
    assert base_string("POST", URL, {k: v for k, v in fields.items() if k != "sig"}) == V1_BASE


def test_v2_special_characters_are_encoded_twice() -> None:
    params = {"apiKey": "3_TESTAPIKEY", "format": "json", "UID": "u!*'()~ é/1"}
    fields, _ = _hmac_signer("n-1").sign("POST", URL, params)
    assert fields["sig"] == "3vIKabclVm79WWYe3XVva9NafTc="


@pytest.mark.parametrize(
    ("secret", "timestamp", "uid", "expected"),
    [
        (SECRET, "1700000000", "_guid_TESTUID==", "ZAVd54CIR4vQ+5C9hPBc6kcQhC4="),
        ("jkl234h53k2", "23456754", "908dsf7g68d9", "AzKUa+6a2+27Oqxu0nDksvDdjLI="),
    ],
)
def test_v3_a_uid_signature(secret: str, timestamp: str, uid: str, expected: str) -> None:
    assert signature(decoded_secret(secret), f"{timestamp}_{uid}") == expected


def test_the_address_is_signed_in_its_normal_form() -> None:
    usual = base_string("post", "https://Accounts.EU1.gigya.com:443/accounts.search", {})
    assert usual == base_string("POST", URL, {})
    assert "%3A18400%2F" in base_string("POST", "http://127.0.0.1:18400/accounts.search", {})
    assert "%3A443%2F" in base_string("POST", "http://127.0.0.1:443/accounts.search", {})


@given(st.dictionaries(st.text("abcUIDz._", min_size=1, max_size=8), st.text(max_size=20), max_size=6))
def test_a_server_that_reads_the_form_gets_the_same_signature(params: dict[str, str]) -> None:
    fields, _ = HmacSigner("k", SECRET, CLOCK).sign("POST", URL, params)
    sent = dict(fields)
    sig = sent.pop("sig")
    pairs = "&".join(f"{key}={quote(sent[key], safe='~')}" for key in sorted(sent))
    text = f"POST&{quote(URL, safe='')}&{quote(pairs, safe='~')}"
    digest = hmac.new(base64.b64decode(SECRET), text.encode(), hashlib.sha1).digest()
    assert base64.b64decode(sig) == digest


def test_every_call_has_its_own_nonce() -> None:
    signer = HmacSigner("k", SECRET, CLOCK)
    nonces = {signer.sign("POST", URL, {})[0]["nonce"] for _ in range(200)}
    assert len(nonces) == 200
    assert new_nonce() not in nonces


def test_a_secret_that_is_no_base64_is_refused_without_being_shown() -> None:
    with pytest.raises(ConfigError) as caught:
        HmacSigner("k", "not*base64*at*all", CLOCK)
    assert "not*base64" not in str(caught.value)


def test_white_space_around_a_secret_does_not_matter() -> None:
    assert decoded_secret(f" {SECRET}\n") == decoded_secret(SECRET)


def test_user_key_and_secret_go_into_the_form() -> None:
    fields, headers = UserKeySigner("TESTUSERKEY", SECRET).sign("POST", URL, {"apiKey": "3_X"})
    assert fields == {"apiKey": "3_X", "userKey": "TESTUSERKEY", "secret": SECRET}
    assert headers == {}


def _pem(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    form: PrivateFormat,
    lock: KeySerializationEncryption | None = None,
) -> str:
    return key.private_bytes(Encoding.PEM, form, lock or NoEncryption()).decode()


@pytest.mark.parametrize("form", [PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8])
@pytest.mark.parametrize("line_end", ["\n", "\\n", "\r\n", "\\r\\n"])
def test_a_bearer_token_is_the_one_that_gigya_describes(
    private_key: rsa.RSAPrivateKey, form: PrivateFormat, line_end: str
) -> None:
    pem = _pem(private_key, form).replace("\n", line_end)
    signer = BearerSigner("TESTUSERKEY", pem, CLOCK, nonce=lambda: "11111111-2222-4333-8444-555555555555")
    fields, headers = signer.sign("POST", URL, {"apiKey": "3_X"})
    assert fields == {"apiKey": "3_X"}
    scheme, token = headers["Authorization"].split(" ")
    assert scheme == "Bearer"
    assert token.rsplit(".", 1)[0] == SIGNING_INPUT
    claims: dict[str, Any] = jwt.decode(
        token, private_key.public_key(), algorithms=["RS256"], options={"verify_iat": False}
    )
    assert claims == {"iat": 1_700_000_000, "jti": "11111111-2222-4333-8444-555555555555"}


def test_every_bearer_token_is_new(private_key: rsa.RSAPrivateKey) -> None:
    signer = BearerSigner("k", _pem(private_key, PrivateFormat.PKCS8), CLOCK)
    tokens = [signer.sign("POST", URL, {})[1]["Authorization"].split(".")[1] for _ in range(5)]
    ids = {json.loads(base64.urlsafe_b64decode(part + "=="))["jti"] for part in tokens}
    assert len(ids) == 5


def test_a_key_that_cannot_sign_is_refused_without_being_shown(private_key: rsa.RSAPrivateKey) -> None:
    curve = _pem(ec.generate_private_key(ec.SECP256R1()), PrivateFormat.PKCS8)
    locked = _pem(private_key, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    half = _pem(private_key, PrivateFormat.PKCS8)[:400]
    for pem in (curve, locked, half, "no key", ""):
        with pytest.raises(ConfigError) as caught:
            BearerSigner("k", pem, CLOCK)
        assert "BEGIN PRIVATE" not in str(caught.value)


@pytest.mark.parametrize(
    ("auth", "signer"),
    [
        ({"type": "user_key", "user_key": {"env": "K"}, "secret": {"env": "S"}}, UserKeySigner),
        ({"type": "signed", "user_key": {"env": "K"}, "secret": {"env": "S"}}, HmacSigner),
        ({"type": "bearer", "user_key": {"env": "K"}, "private_key": {"env": "P"}}, BearerSigner),
    ],
)
def test_the_sync_file_chooses_the_signer(auth: dict[str, Any], signer: type, private_key: rsa.RSAPrivateKey) -> None:
    environ = {"K": "TESTUSERKEY\n", "S": SECRET, "P": _pem(private_key, PrivateFormat.PKCS8)}
    made = signer_for(TypeAdapter(Auth).validate_python(auth), CLOCK, environ)
    assert isinstance(made, signer)
    fields, headers = made.sign("POST", URL, {})
    assert fields.get("userKey", "TESTUSERKEY") == "TESTUSERKEY"
    assert bool(headers) == (signer is BearerSigner)


def test_a_missing_variable_is_named() -> None:
    auth = {"type": "signed", "user_key": {"env": "GIGYA_USER_KEY"}, "secret": {"env": "S"}}
    with pytest.raises(ConfigError, match="GIGYA_USER_KEY"):
        signer_for(TypeAdapter(Auth).validate_python(auth), CLOCK, {"S": SECRET})
