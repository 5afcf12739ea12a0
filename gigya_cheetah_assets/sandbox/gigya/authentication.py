"""Checks who calls: user key with secret, HMAC-SHA1 signature, or RSA bearer token, with Gigya's error codes.

Source: Gigya, signing requests. Written apart from the client's signing code on purpose, so that each tests the
other. 403006 (secret over plain HTTP) never comes: the sandbox listens on loopback only.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import jwt

from gigya_cheetah_assets.sandbox.gigya.answers import SiteError
from gigya_cheetah_assets.sandbox.gigya.clock import SiteClock

SKEW_SECONDS = 120


@dataclass(frozen=True)
class Keys:
    """What the site knows of its one application.

    Attributes:
        secret: Base64.
        public_key: PEM of the RSA key whose other half signs bearer tokens.
    """

    api_key: str
    user_key: str
    secret: str
    public_key: str


@dataclass(frozen=True)
class Request:
    """A call as the checks need it.

    Attributes:
        url: With scheme, host and port, without query.
        params: Form fields and query string.
        authorization: The header, empty if there is none.
    """

    http_method: str
    url: str
    params: Mapping[str, str]
    authorization: str


class Authentication:
    """Accepts or refuses requests; remembers nonces for as long as they could be used again."""

    def __init__(self, keys: Keys, clock: SiteClock) -> None:
        self._keys = keys
        self._clock = clock
        self._nonces: dict[str, float] = {}

    def check(self, request: Request) -> None:
        """Passes if the caller may call.

        Raises:
            SiteError: With the code that Gigya gives for this mistake.
        """
        api_key = request.params.get("apiKey")
        if api_key is None:
            raise SiteError(400002, "Missing required parameter: apiKey")
        if api_key != self._keys.api_key:
            raise SiteError(400093, "GSKeyBase is invalid, no version: " + api_key[:8])
        if request.authorization:
            self._bearer(request.authorization)
        elif "secret" in request.params:
            self._user(request.params)
            if not hmac.compare_digest(request.params["secret"].encode(), self._keys.secret.encode()):
                raise SiteError(403010, "Invalid parameter: secret")
        elif "sig" in request.params:
            self._user(request.params)
            self._signature(request)
        else:
            raise SiteError(403007, "no credentials")

    def _user(self, params: Mapping[str, str]) -> None:
        if params.get("userKey") != self._keys.user_key:
            raise SiteError(403005, "supplied userkey was not found")

    def _signature(self, request: Request) -> None:
        for name in ("timestamp", "nonce"):
            if name not in request.params:
                raise SiteError(400002, f"Missing required parameter: {name}")
        self._fresh(request.params["timestamp"])
        expected = sign(self._keys.secret, base_string(request.http_method, request.url, request.params))
        if not hmac.compare_digest(expected.encode(), request.params["sig"].encode()):
            raise SiteError(403003, "the signature does not belong to this request")
        self._once(request.params["nonce"])

    def _bearer(self, header: str) -> None:
        kind, _, token = header.partition(" ")
        claims = self._claims(token.strip()) if kind.lower() == "bearer" else None
        if claims is None or not isinstance(claims.get("jti"), str):
            raise SiteError(400008, "the token is missing, foreign or malformed")
        self._fresh(claims.get("iat"))
        self._once(claims["jti"])

    def _claims(self, token: str) -> dict[str, Any] | None:
        # Gigya's tokens have only iat and jti, and its own clock judges them.
        options: Any = {"verify_iat": False, "verify_exp": False, "verify_nbf": False, "verify_aud": False}
        try:
            if jwt.get_unverified_header(token).get("kid") != self._keys.user_key:
                return None
            claims: dict[str, Any] = jwt.decode(token, self._keys.public_key, algorithms=["RS256"], options=options)
        except jwt.PyJWTError:
            return None
        return claims

    def _fresh(self, stated: object) -> None:
        try:
            distance = abs(float(str(stated)) - self._clock.seconds())
        except ValueError:
            raise SiteError(400006, "Invalid parameter value: timestamp") from None
        if not distance <= SKEW_SECONDS:
            raise SiteError(403002, "the timestamp is too far from the server's time")

    def _once(self, nonce: str) -> None:
        now = self._clock.elapsed()
        # All live equally long, so the oldest come first; looking at every one would slow each call down.
        while self._nonces and next(iter(self._nonces.values())) <= now:
            del self._nonces[next(iter(self._nonces))]
        if nonce in self._nonces:
            raise SiteError(403004, "the nonce was used before")
        self._nonces[nonce] = now + 2 * SKEW_SECONDS


def base_string(http_method: str, url: str, params: Mapping[str, str]) -> str:
    """What a signature covers: every field but `sig`, sorted by code point (Gigya: signing requests)."""
    fields = "&".join(f"{name}={_encode(params[name])}" for name in sorted(params) if name != "sig")
    return "&".join((http_method.upper(), _encode(url), _encode(fields)))


def sign(secret: str, text: str) -> str:
    """Base64 of the HMAC-SHA1 with the decoded secret.

    Raises:
        ValueError: The secret is no Base64.
    """
    try:
        key = base64.b64decode(secret, validate=True)
    except binascii.Error as error:
        raise ValueError("the secret is no Base64") from error
    return base64.b64encode(hmac.new(key, text.encode(), hashlib.sha1).digest()).decode()


def _encode(text: str) -> str:
    return quote(text, safe="-_.~")
