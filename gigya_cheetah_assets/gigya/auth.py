"""The three ways to sign a request: secret in the body, HMAC-SHA1 signature, RSA bearer token.

A signer turns a request's parameters into parameters and headers; it does no I/O. Source: Gigya, signing requests;
the signature is OAuth 1's base string with HMAC-SHA1 over the Base64-decoded secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
import uuid
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import quote, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gigya_cheetah_assets.config.gigya import BearerAuth, GigyaConfig, SignedAuth
from gigya_cheetah_assets.config.secrets import text
from gigya_cheetah_assets.errors import ConfigError

Params = dict[str, str]
Signed = tuple[Params, dict[str, str]]


class Clock:
    """This machine's clock, corrected by what the site's `Date` header says."""

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> int:
        """Unix seconds as the site counts them."""
        return int(time.time() + self.offset)


class Signer(Protocol):
    """Signs one request; every call gives a new nonce, so a repeat must be signed again."""

    def sign(self, url: str, params: Mapping[str, str], now: int) -> Signed:
        """The parameters to send and the headers to send with them."""


class UserKeySigner:
    """User key and secret in the form body."""

    def __init__(self, user_key: str, secret: str) -> None:
        self._credentials = {"userKey": user_key, "secret": secret}

    def sign(self, url: str, params: Mapping[str, str], now: int) -> Signed:  # noqa: ARG002 - one signature for all
        """Adds both."""
        return {**params, **self._credentials}, {}


class HmacSigner:
    """User key, time, nonce and signature; the secret stays here.

    Raises:
        ConfigError: The secret is no Base64.
    """

    def __init__(self, user_key: str, secret: str) -> None:
        self._user_key = user_key
        try:
            self._key = base64.b64decode(secret, validate=True)
        except ValueError as error:
            raise ConfigError(
                ["gigya.auth.secret is no Base64"], next_step="copy it again from the console"
            ) from error

    def sign(self, url: str, params: Mapping[str, str], now: int) -> Signed:
        """Adds `userKey`, `timestamp`, `nonce` and `sig`."""
        nonce = f"{now}_{uuid.uuid4().hex}"
        full = {**params, "userKey": self._user_key, "timestamp": str(now), "nonce": nonce}
        return {**full, "sig": self.signature("POST", url, full)}, {}

    def signature(self, method: str, url: str, params: Mapping[str, str]) -> str:
        """Base64 of HMAC-SHA1 over the base string."""
        digest = hmac.new(self._key, base_string(method, url, params).encode(), hashlib.sha1).digest()
        return base64.b64encode(digest).decode()


def base_string(method: str, url: str, params: Mapping[str, str]) -> str:
    """`METHOD&url&query`, each percent-encoded; the query's values are so encoded twice."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    query = "&".join(f"{name}={_encoded(params[name])}" for name in sorted(params))
    return "&".join((method, _encoded(f"{parts.scheme}://{parts.hostname}{port}{parts.path}"), _encoded(query)))


def _encoded(value: str) -> str:
    return quote(value, safe="-_.~")


class BearerSigner:
    """A new JWT a request, RS256, `kid` = user key, claims `iat` and `jti` only.

    Raises:
        ConfigError: The key is no RSA private key in PEM (PKCS#1 or PKCS#8).
    """

    def __init__(self, user_key: str, private_key: str) -> None:
        self._user_key = user_key
        try:
            key = load_pem_private_key(private_key.replace("\\n", "\n").encode(), password=None)
        except (ValueError, TypeError) as error:
            raise ConfigError(["gigya.auth.private_key is no PEM private key"], next_step=_PEM) from error
        if not isinstance(key, RSAPrivateKey):
            raise ConfigError(["gigya.auth.private_key is no RSA key"], next_step=_PEM)
        self._key = key

    def sign(self, url: str, params: Mapping[str, str], now: int) -> Signed:  # noqa: ARG002 - one signature for all
        """Adds the Authorization header."""
        claims = {"iat": now, "jti": str(uuid.uuid4())}
        headers = {"typ": "JWT", "kid": self._user_key}
        token = jwt.encode(claims, self._key, algorithm="RS256", headers=headers)
        return dict(params), {"Authorization": f"Bearer {token}"}


_PEM = "give the key that the console showed, with its BEGIN and END lines"


def signer(config: GigyaConfig, environ: Mapping[str, str] | None = None) -> Signer:
    """The signer of a site's configuration; reads the secrets now."""
    auth = config.auth
    user_key = text(auth.user_key, environ)
    if isinstance(auth, BearerAuth):
        return BearerSigner(user_key, auth.private_key.resolve(environ))
    secret = auth.secret.resolve(environ)
    return HmacSigner(user_key, secret) if isinstance(auth, SignedAuth) else UserKeySigner(user_key, secret)
