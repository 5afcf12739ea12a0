"""The `gigya` part of the sync file: which site, which credentials, how fast."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from gigya_cheetah_assets.config.hosts import is_loopback
from gigya_cheetah_assets.config.model import Model
from gigya_cheetah_assets.config.secrets import Secret, TextOrEnv


class UserKeyAuth(Model):
    """Application key and secret in the form body, over TLS only."""

    type: Literal["user_key"]
    user_key: Secret
    secret: Secret


class SignedAuth(Model):
    """Application key with an HMAC-SHA1 signature; the secret is never sent."""

    type: Literal["signed"]
    user_key: Secret
    secret: Secret


class BearerAuth(Model):
    """Application key with an RSA key pair: a signed JWT in the Authorization header."""

    type: Literal["bearer"]
    user_key: Secret
    private_key: Secret


Auth = Annotated[UserKeyAuth | SignedAuth | BearerAuth, Field(discriminator="type")]


class GigyaConfig(Model):
    """One Gigya site.

    Attributes:
        api_domain: Data centre, for example `eu1.gigya.com`; any `host[:port]`.
        lang: Language under which consents are written; without it that of the account (Gigya: preferences, lang).
        accounts: Registered accounts, lite accounts (known by e-mail only) or both; see docs/lite-accounts.md.
        lite_key_prefix: What stands before the token of a lite account in the key column; no UID may begin with it.
        search_lag_seconds: How long a write takes at most until a search shows it.
        requests_per_second: Ceiling over all threads of a run; contracts start at 10 searches a second.
        page_size: Accounts a page; Gigya advises at most 1,000 with a cursor and never gives more than 10,000.
        timeout_seconds: Longest silence of the server; must exceed the 60 s that a search may take.
        retry_seconds: Budget of back-off for one call before it fails.
    """

    api_domain: Annotated[str, Field(pattern=r"^[A-Za-z0-9.\-\[\]:]+$")]
    scheme: Literal["https", "http"] = "https"
    api_key: TextOrEnv
    auth: Auth
    where: str | None = None
    lang: Annotated[str | None, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")] = None
    accounts: Literal["full", "lite", "both"] = "full"
    lite_key_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]{1,40}$")] = "lite-"
    search_lag_seconds: Annotated[float, Field(ge=0, le=600)] = 30
    requests_per_second: Annotated[float, Field(gt=0)] = 10
    page_size: Annotated[int, Field(ge=1, le=10_000)] = 1000
    timeout_seconds: Annotated[float, Field(gt=0)] = 75
    retry_seconds: Annotated[float, Field(ge=0)] = 300

    @field_validator("where")
    @classmethod
    def _one_condition(cls, value: str | None) -> str | None:
        if value is not None and not value.strip():
            raise ValueError("expected a condition such as isRegistered = true, or no key at all")
        return value

    @model_validator(mode="after")
    def _http_only_at_home(self) -> GigyaConfig:
        if self.scheme == "http" and not is_loopback(self.api_domain):
            raise ValueError("scheme http is allowed for a loopback host only; expected https")
        return self
