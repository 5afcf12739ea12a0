"""The three ways to sign in to Gigya, as small objects that sign one request each time they are asked.

No session is kept: every request carries its own proof, with a nonce that is never used twice.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Protocol
from urllib.parse import quote, urlsplit
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from jwt.utils import base64url_encode

from gigya_cheetah_assets.config.gigya import Auth, BearerAuth, UserKeyAuth
from gigya_cheetah_assets.errors import ConfigError
from gigya_cheetah_assets.gigya.clock import Clock

Signed = tuple[dict[str, str], dict[str, str]]
_DEFAULT_PORTS = {"http": 80, "https": 443}


def new_nonce() -> str:
    """A text that no other call has."""
    return str(uuid4())


class Signer(Protocol):
    """Proves to Gigya who calls."""

    def sign(self, method: str, url: str, params: Mapping[str, str]) -> Signed:
        """The form fields to send and the headers to add.

        Args:
            method: The HTTP method, `POST`.
            url: The whole address, without a query.
            params: All form fields of the call, `apiKey` among them.
        """


class UserKeySigner:
    """Application key and secret in the form itself; for TLS only (Gigya: Application Keys)."""

    def __init__(self, user_key: str, secret: str) -> None:
        self._fields = {"userKey": user_key, "secret": secret}

    def sign(self, method: str, url: str, params: Mapping[str, str]) -> Signed:  # noqa: ARG002 - as Signer asks
        """Adds key and secret."""
        return {**params, **self._fields}, {}


class HmacSigner:
    """Application key and an HMAC-SHA1 signature over the whole request; the secret is never sent.

    Args:
        user_key: The application's key.
        secret: Its secret, Base64 as the console shows it.
        clock: Where the timestamp comes from.
        nonce: Gives a new text at each call.

    Raises:
        ConfigError: The secret is no Base64.
    """

    def __init__(self, user_key: str, secret: str, clock: Clock, nonce: Callable[[], str] = new_nonce) -> None:
        self._user_key = user_key
        self._secret = decoded_secret(secret)
        self._clock = clock
        self._nonce = nonce

    def sign(self, method: str, url: str, params: Mapping[str, str]) -> Signed:
        """Adds key, timestamp, nonce and signature."""
        fields = {
            **params,
            "userKey": self._user_key,
            "timestamp": str(self._clock.now()),
            "nonce": self._nonce(),
        }
        return {**fields, "sig": signature(self._secret, base_string(method, url, fields))}, {}


class BearerSigner:
    r"""Application key with an RSA key pair: a signed token in the Authorization header.

    Args:
        user_key: The application's key; the token's `kid`.
        private_key: PEM, PKCS#1 as the console gives it or PKCS#8; line breaks may be written as `\n`.
        clock: Where the token's time comes from.
        nonce: Gives a new text at each call; Gigya takes no token twice.

    Raises:
        ConfigError: The key is no unencrypted RSA private key.
    """

    def __init__(self, user_key: str, private_key: str, clock: Clock, nonce: Callable[[], str] = new_nonce) -> None:
        self._header = _segment({"alg": "RS256", "typ": "JWT", "kid": user_key})
        self._algorithm = jwt.get_algorithm_by_name("RS256")
        self._key = _rsa_key(self._algorithm, private_key)
        self._clock = clock
        self._nonce = nonce

    def sign(self, method: str, url: str, params: Mapping[str, str]) -> Signed:  # noqa: ARG002 - as Signer asks
        """Adds the header; exactly the claims `iat` and `jti` (Gigya: signing requests with a bearer token)."""
        unsigned = self._header + b"." + _segment({"iat": self._clock.now(), "jti": self._nonce()})
        token = unsigned + b"." + base64url_encode(self._algorithm.sign(unsigned, self._key))
        return dict(params), {"Authorization": f"Bearer {token.decode()}"}


def signer_for(auth: Auth, clock: Clock, environ: Mapping[str, str] | None = None) -> Signer:
    """The signer that a sync file asks for; reads its secrets now.

    Raises:
        ConfigError: A variable is not set, or its value is no such secret.
    """
    user_key = auth.user_key.resolve(environ).strip()
    if isinstance(auth, UserKeyAuth):
        return UserKeySigner(user_key, auth.secret.resolve(environ).strip())
    if isinstance(auth, BearerAuth):
        return BearerSigner(user_key, auth.private_key.resolve(environ), clock)
    return HmacSigner(user_key, auth.secret.resolve(environ), clock)


def base_string(method: str, url: str, params: Mapping[str, str]) -> str:
    """What is signed: the HTTP method, the normal form of the address and the sorted fields, each encoded again.

    Gigya: signing requests. RFC 3986 encoding; the port only if it is not the scheme's own; keys by code point.
    """
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port not in (None, _DEFAULT_PORTS.get(parts.scheme)) else ""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    address = f"{parts.scheme.lower()}://{host}{port}{parts.path}"
    fields = "&".join(f"{key}={_encoded(params[key])}" for key in sorted(params))
    return f"{method.upper()}&{_encoded(address)}&{_encoded(fields)}"


def signature(secret: bytes, text: str) -> str:
    """Base64 of the HMAC-SHA1 of a text; `secret` is already decoded."""
    return base64.b64encode(hmac.new(secret, text.encode(), hashlib.sha1).digest()).decode()


def decoded_secret(secret: str) -> bytes:
    """The bytes of a secret; missing padding is forgiven, as Gigya's own PHP client does.

    Raises:
        ConfigError: It is no Base64.
    """
    bare = secret.strip().rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except binascii.Error:
        raise ConfigError(
            ["gigya.auth.secret is no Base64 text"], next_step="copy the secret again from Gigya's console"
        ) from None


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")


def _segment(content: Mapping[str, str | int]) -> bytes:
    return base64url_encode(json.dumps(content, separators=(",", ":")).encode())


def _rsa_key(algorithm: jwt.algorithms.Algorithm, pem: str) -> RSAPrivateKey:
    try:
        key = algorithm.prepare_key(pem.strip().replace("\\r", "").replace("\\n", "\n"))
    except (jwt.InvalidKeyError, ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise ConfigError(
            ["gigya.auth.private_key is no unencrypted RSA private key in PEM form"],
            next_step="set the variable to the whole text from -----BEGIN to the last -----",
        )
    return key
