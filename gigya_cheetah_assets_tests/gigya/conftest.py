from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from gigya_cheetah_assets.config.gigya import GigyaConfig
from gigya_cheetah_assets.gigya import Clock, GigyaClient, TokenBucket
from gigya_cheetah_assets.gigya.envelope import Envelope, envelope_only
from gigya_cheetah_assets_tests.gigya.scripted_site import GIGYA_TIME, ScriptedSite

ENVIRON = {
    "API_KEY": "3_TESTAPIKEY",
    "USER_KEY": "TESTUSERKEY",
    "SECRET": base64.b64encode(b"gigya-test-secret-0123456789abcd").decode(),
}
USER_KEY_AUTH = {"type": "user_key", "user_key": {"env": "USER_KEY"}, "secret": {"env": "SECRET"}}
MakeClient = Callable[..., GigyaClient]
GET = "accounts.getAccountInfo"
SET = "accounts.setAccountInfo"


class FakeTime:
    """A clock that only `sleep` moves; `slept` lists the waits."""

    def __init__(self) -> None:
        self.seconds = 1_000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.seconds

    def wall(self) -> float:
        """Unix time that agrees with the scripted site's Date header."""
        return GIGYA_TIME + self.seconds - 1_000.0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


def config(domain: str, **changes: Any) -> GigyaConfig:
    plain = {"api_domain": domain, "scheme": "http", "api_key": {"env": "API_KEY"}, "auth": USER_KEY_AUTH}
    return GigyaConfig.model_validate({**plain, "requests_per_second": 10_000, **changes})


def call(client: GigyaClient, method: str = GET, **params: Any) -> Envelope:
    return client.call(method, params, envelope_only)


@pytest.fixture
def site() -> Iterator[ScriptedSite]:
    with ScriptedSite() as running:
        yield running
    assert running.failures == []
    assert running.left == 0


@pytest.fixture
def fake() -> FakeTime:
    return FakeTime()


@pytest.fixture
def make_client(site: ScriptedSite, fake: FakeTime) -> Iterator[MakeClient]:
    """Makes clients of the site whose waits cost no time; closes them."""
    with ExitStack() as stack:

        def make(*, clock: Clock | None = None, **changes: Any) -> GigyaClient:
            environ = {**ENVIRON, **changes.pop("environ", {})}
            client = GigyaClient(
                config(site.domain, **changes),
                bucket=TokenBucket(10_000),
                clock=clock or Clock(wall=fake.wall, monotonic=fake.now),
                sleep=fake.sleep,
                environ=environ,
            )
            return stack.enter_context(client)

        yield make


@pytest.fixture
def client(make_client: MakeClient) -> GigyaClient:
    return make_client()


@pytest.fixture(scope="session")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
