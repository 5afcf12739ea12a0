"""The three ways to sign in and the code of each mistake, over HTTP and against the reference's test vectors."""

from __future__ import annotations

import email.utils
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from gigya_cheetah_assets.sandbox import Population, Sandbox, credentials
from gigya_cheetah_assets.sandbox.gigya.answers import SiteError
from gigya_cheetah_assets.sandbox.gigya.authentication import (
    SKEW_SECONDS,
    Authentication,
    Keys,
    Request,
    base_string,
    sign,
)
from gigya_cheetah_assets.sandbox.gigya.clock import SiteClock
from gigya_cheetah_assets_tests.sandbox.site_calls import call, post

QUERY = {"apiKey": credentials.API_KEY, "query": "SELECT count(*) FROM accounts"}
VECTOR_SECRET = "Z2lneWEtdGVzdC1zZWNyZXQtMDEyMzQ1Njc4OWFiY2Q="
VECTOR_URL = "https://accounts.eu1.gigya.com/accounts.search"
VECTOR_KEYS = {"apiKey": "3_TESTAPIKEY", "userKey": "TESTUSERKEY", "timestamp": "1700000000", "format": "json"}


def signed(sandbox: Sandbox, *, at: float | None = None, secret: str = credentials.SECRET, **changes: str) -> Any:
    """A call with form C; `changes` are made after signing."""
    url = f"http://{sandbox.api_domain}/accounts.search"
    params = {
        **QUERY,
        "userKey": credentials.USER_KEY,
        "timestamp": str(int(time.time() if at is None else at)),
        "nonce": changes.pop("nonce", uuid.uuid4().hex),
    }
    params["sig"] = sign(secret, base_string("POST", url, params))
    return requests.post(url, data=params | changes, timeout=10).json()


def with_token(sandbox: Sandbox, token: str) -> Any:
    url = f"http://{sandbox.api_domain}/accounts.search"
    return requests.post(url, data=QUERY, headers={"Authorization": f"Bearer {token}"}, timeout=10).json()


def token(key: str, *, kid: str = credentials.USER_KEY, **claims: Any) -> str:
    return jwt.encode(
        {"iat": int(time.time()), "jti": uuid.uuid4().hex} | claims, key, algorithm="RS256", headers={"kid": kid}
    )


def own_key(sandbox: Sandbox) -> str:
    return sandbox.environ[credentials.PRIVATE_KEY_VARIABLE]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 0),
        ({"apiKey": "4_Other"}, 400093),
        ({"userKey": "nobody"}, 403005),
        ({"secret": "wrong"}, 403010),
    ],
)
def test_key_and_secret(known: Sandbox, changes: dict[str, str], code: int) -> None:
    assert call(known, "accounts.search", query=QUERY["query"], **changes)["errorCode"] == code


def test_without_credentials_permission_is_denied(known: Sandbox) -> None:
    url = f"http://{known.api_domain}/accounts.search"
    assert requests.post(url, data=QUERY, timeout=10).json()["errorCode"] == 403007
    assert requests.post(url, data={}, timeout=10).json()["errorCode"] == 400002


def test_a_signed_request_passes(known: Sandbox) -> None:
    assert signed(known)["errorCode"] == 0


def test_a_signature_with_the_wrong_secret_is_refused(known: Sandbox) -> None:
    assert signed(known, secret=VECTOR_SECRET)["errorCode"] == 403003


def test_a_field_changed_after_signing_is_noticed(known: Sandbox) -> None:
    assert signed(known, query="SELECT UID FROM accounts")["errorCode"] == 403003
    assert signed(known, extra="1")["errorCode"] == 403003


def test_a_nonce_serves_once(known: Sandbox) -> None:
    assert [signed(known, nonce="once-and-again")["errorCode"] for _ in range(2)] == [0, 403004]


class HandClock(SiteClock):
    """A clock that a test sets."""

    now = 0.0

    def seconds(self) -> float:
        return self.now

    def elapsed(self) -> float:
        return self.now


def test_a_nonce_is_remembered_while_its_timestamp_could_pass() -> None:
    clock = HandClock()
    site = Authentication(Keys("key", "user", VECTOR_SECRET, ""), clock)

    def code(nonce: str, at: float) -> int:
        params = {"apiKey": "key", "userKey": "user", "timestamp": str(at), "nonce": nonce}
        params["sig"] = sign(VECTOR_SECRET, base_string("POST", VECTOR_URL, params))
        try:
            site.check(Request("POST", VECTOR_URL, params, ""))
        except SiteError as error:
            return error.code
        return 0

    assert code("first", SKEW_SECONDS) == 0
    clock.now = 10
    assert code("second", 10) == 0
    clock.now = 2 * SKEW_SECONDS - 1
    assert [code(nonce, 2 * SKEW_SECONDS) for nonce in ("first", "second")] == [403004, 403004]
    clock.now = 2 * SKEW_SECONDS + 5
    assert [code(nonce, clock.now) for nonce in ("first", "second")] == [0, 403004]


@pytest.mark.parametrize(("distance", "code"), [(-110, 0), (110, 0), (-140, 403002), (140, 403002)])
def test_two_minutes_of_skew_are_too_much(known: Sandbox, distance: int, code: int) -> None:
    assert signed(known, at=time.time() + distance)["errorCode"] == code


def test_the_date_header_tells_the_site_s_own_time(known_file: Path, tmp_path: Path) -> None:
    with Sandbox(tmp_path, Population(load=known_file), clock_offset=900) as sandbox:
        assert signed(sandbox)["errorCode"] == 403002
        stated = email.utils.parsedate_to_datetime(post(sandbox, "accounts.search").headers["Date"]).timestamp()
        assert 890 < stated - time.time() < 910
        assert signed(sandbox, at=stated)["errorCode"] == 0
        assert with_token(sandbox, token(own_key(sandbox)))["errorCode"] == 403002


def test_a_bearer_token_passes_once(known: Sandbox) -> None:
    bearer = token(own_key(known))
    assert [with_token(known, bearer)["errorCode"] for _ in range(2)] == [0, 403004]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: token(key, kid="nobody"),
        lambda key: token(key, jti=5),
        lambda key: token(key)[:-4] + "AAAA",
        lambda _: token(_foreign()),
        lambda _: jwt.encode(
            {"iat": int(time.time()), "jti": "x"}, "k" * 32, algorithm="HS256", headers={"kid": credentials.USER_KEY}
        ),
        lambda _: "no.token.atall",
        lambda _: "",
    ],
)
def test_a_bad_or_foreign_token_is_a_bad_header(known: Sandbox, spoil: Callable[[str], str]) -> None:
    assert with_token(known, spoil(own_key(known)))["errorCode"] == 400008


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        (
            {
                "httpStatusCodes": "false",
                "openCursor": "true",
                "nonce": "1700000000000_42",
                "query": 'SELECT UID FROM accounts WHERE profile.email = "a.b+c@example.com" LIMIT 10',
            },
            "bFQmutbhkM+yq1JUNncsmGjQRcY=",
        ),
        ({"UID": "u!*'()~ é/1", "nonce": "n-1"}, "3vIKabclVm79WWYe3XVva9NafTc="),
    ],
)
def test_the_reference_s_vectors(params: dict[str, str], expected: str) -> None:
    assert sign(VECTOR_SECRET, base_string("POST", VECTOR_URL, VECTOR_KEYS | params)) == expected


def _foreign() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
