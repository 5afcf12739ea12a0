from __future__ import annotations

import gzip
import json
import logging
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gigya_cheetah_assets.errors import ConfigError, RetryLater
from gigya_cheetah_assets.gigya import (
    AccountRejected,
    Clock,
    GigyaClient,
    GigyaUnavailable,
    TokenBucket,
)
from gigya_cheetah_assets.gigya.auth import base_string, decoded_secret, signature
from gigya_cheetah_assets.gigya.client import as_text
from gigya_cheetah_assets_tests.gigya.conftest import ENVIRON, GET, SET, FakeTime, MakeClient, call, config
from gigya_cheetah_assets_tests.gigya.scripted_site import GIGYA_TIME, Reply, ScriptedSite, failed, ok

SIGNED = {"type": "signed", "user_key": {"env": "USER_KEY"}, "secret": {"env": "SECRET"}}


def test_a_call_is_a_form_with_what_gigya_wants(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(SET, ok())
    call(client, SET, UID="u1", profile={"firstName": "Zoë", "zip": None}, isActive=True, lang=None, age=7)
    (request,) = site.requests
    assert request.form == {
        "apiKey": "3_TESTAPIKEY",
        "userKey": "TESTUSERKEY",
        "secret": ENVIRON["SECRET"],
        "format": "json",
        "httpStatusCodes": "false",
        "UID": "u1",
        "profile": '{"firstName":"Zoë","zip":null}',
        "isActive": "true",
        "age": "7",
    }
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (["a", 1], '["a",1]'), ({"a": None}, '{"a":null}'), ("é", "é"), (1.5, "1.5")]
)
def test_parameters_become_form_text(value: Any, text: str) -> None:
    assert as_text(value) == text


def test_a_packed_answer_is_unpacked(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(GET, Reply(gzip.compress(ok().content()), headers={"Content-Encoding": "gzip"}))
    assert call(client).error_code == 0


def test_the_signature_covers_what_is_sent(site: ScriptedSite, make_client: MakeClient) -> None:
    site.script(SET, ok())
    call(make_client(auth=SIGNED), SET, UID="u!*'()~ é/1", data={"a": [1, "ü&="]})
    (form,) = site.forms(SET)
    assert "secret" not in form
    sent = dict(form)
    sig = sent.pop("sig")
    text = base_string("POST", f"http://{site.domain}/{SET}", sent)
    assert sig == signature(decoded_secret(ENVIRON["SECRET"]), text)
    assert sent["timestamp"] == str(int(GIGYA_TIME))


def test_a_bearer_token_goes_into_the_header_whatever_netrc_says(
    site: ScriptedSite,
    make_client: MakeClient,
    private_key: rsa.RSAPrivateKey,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "netrc").write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    pem = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    auth = {"type": "bearer", "user_key": {"env": "USER_KEY"}, "private_key": {"env": "PEM"}}
    site.script(GET, ok(), ok())
    client = make_client(auth=auth, environ={"PEM": pem})
    call(client)
    call(client)
    tokens = {request.headers["authorization"] for request in site.requests}
    assert all(token.startswith("Bearer ey") for token in tokens)
    assert len(tokens) == 2
    assert "userKey" not in site.forms(GET)[0]


def test_a_proxy_never_stands_before_a_local_site(
    site: ScriptedSite, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    site.script(GET, ok())
    assert call(make_client()).error_code == 0


def test_a_remote_site_goes_through_the_proxy_of_the_environment(
    site: ScriptedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A proxy that does not speak CONNECT: the call fails there and never leaves this machine.
    monkeypatch.setenv("https_proxy", f"http://{site.domain}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    settings = config("eu1.gigya.example", scheme="https", retry_seconds=0)
    with GigyaClient(settings, environ=ENVIRON) as client, pytest.raises(GigyaUnavailable, match="ProxyError"):
        call(client)


def test_connections_are_kept(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(GET, *[ok()] * 5)
    for _ in range(5):
        call(client)
    assert len({request.connection for request in site.requests}) == 1


def test_cookies_are_not_kept(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(GET, Reply(ok().body, headers={"Set-Cookie": "gac=1; path=/"}), ok())
    call(client)
    call(client)
    assert "cookie" not in site.requests[1].headers


def test_a_redirect_is_not_followed(site: ScriptedSite, make_client: MakeClient) -> None:
    target = f"http://{site.domain}/elsewhere"
    site.script(GET, Reply(b"<html>moved</html>", status=307, headers={"Location": target}))
    with pytest.raises(GigyaUnavailable, match="HTTP 307"):
        call(make_client(retry_seconds=0))
    assert site.forms("elsewhere") == []


@pytest.mark.parametrize(
    ("domain", "scheme", "method", "url"),
    [
        ("eu1.gigya.com", "https", "accounts.search", "https://accounts.eu1.gigya.com/accounts.search"),
        ("cn1.sapcdm.cn", "https", "accounts.webhooks.set", "https://accounts.cn1.sapcdm.cn/accounts.webhooks.set"),
        ("us1.gigya.com", "https", "getToken", "https://socialize.us1.gigya.com/getToken"),
        ("127.0.0.1:18400", "http", "accounts.search", "http://127.0.0.1:18400/accounts.search"),
        ("[::1]:18400", "http", "accounts.search", "http://[::1]:18400/accounts.search"),
    ],
)
def test_the_namespace_is_part_of_the_host_except_on_this_machine(
    domain: str, scheme: str, method: str, url: str
) -> None:
    with GigyaClient(config(domain, scheme=scheme), environ=ENVIRON) as client:
        assert client.url(method) == url


def test_a_site_that_is_not_there_is_transient(site: ScriptedSite, fake: FakeTime) -> None:
    with ScriptedSite() as other:
        closed = other.domain
    clock = Clock(monotonic=fake.now)
    settings = config(closed, retry_seconds=20)
    client = GigyaClient(settings, clock=clock, sleep=fake.sleep, environ=ENVIRON)
    with client, pytest.raises(GigyaUnavailable, match="ConnectionError") as caught:
        call(client)
    assert len(fake.slept) > 2
    assert isinstance(caught.value, RetryLater)
    assert "gigya.api_domain" in caught.value.next_step


def test_tls_that_fails_is_transient_and_sends_nothing(site: ScriptedSite, make_client: MakeClient) -> None:
    with pytest.raises(GigyaUnavailable, match="SSLError"):
        call(make_client(scheme="https", retry_seconds=0))
    assert site.requests == []


def test_sixteen_threads_share_connections_and_the_rate(site: ScriptedSite) -> None:
    rate, calls = 200.0, 5
    site.always[GET] = ok()
    bucket = TokenBucket(rate)
    codes: list[int | None] = []

    def work() -> None:
        codes.extend(call(client).error_code for _ in range(calls))

    started = time.monotonic()
    with GigyaClient(config(site.domain), bucket=bucket, environ=ENVIRON) as client:
        threads = [threading.Thread(target=work) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert codes == [0] * 16 * calls
    arrivals = sorted(request.at for request in site.requests)
    assert len(arrivals) == 16 * calls
    for position, moment in enumerate(arrivals):
        assert moment - started >= position / rate - 0.001
    assert len({request.connection for request in site.requests}) <= 16


def test_clients_of_one_site_share_its_rate(site: ScriptedSite) -> None:
    site.script(GET, *[ok()] * 6)
    started = time.monotonic()
    settings = config(site.domain, requests_per_second=20)
    with GigyaClient(settings, environ=ENVIRON) as one, GigyaClient(settings, environ=ENVIRON) as two:
        for _ in range(3):
            call(one)
            call(two)
    assert time.monotonic() - started >= 5 / 20 - 0.001


def test_closing_ends_a_wait(site: ScriptedSite) -> None:
    site.always[GET] = failed(503001)
    client = GigyaClient(config(site.domain), environ=ENVIRON)
    ended: list[type[BaseException]] = []

    def work() -> None:
        with pytest.raises(RuntimeError, match="closed") as caught:
            call(client)
        ended.append(caught.type)

    thread = threading.Thread(target=work)
    thread.start()
    while not site.requests:
        time.sleep(0.01)
    time.sleep(0.1)
    client.close()
    thread.join(5)
    assert not thread.is_alive()
    assert ended == [RuntimeError]


def test_a_session_of_the_callers_own_is_used_and_closed(site: ScriptedSite, fake: FakeTime) -> None:
    session = requests.Session()
    session.headers["User-Agent"] = "acme"
    site.script(GET, ok())
    with GigyaClient(config(site.domain), session=session, environ=ENVIRON) as client:
        call(client)
    assert site.requests[0].headers["user-agent"] == "acme"


def test_a_missing_variable_is_named_before_any_call(site: ScriptedSite) -> None:
    with pytest.raises(ConfigError, match="API_KEY"):
        GigyaClient(config(site.domain), environ={"USER_KEY": "k", "SECRET": ENVIRON["SECRET"]})


def test_logs_tell_the_call_and_nothing_of_the_person(
    site: ScriptedSite, make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    private = {"errorMessage": "ana@example.org", "errorDetails": "Ana", "profile": {"firstName": "Ana"}}
    site.script(SET, failed(500001, **private), Reply(b"Ana <ana@example.org>"), failed(206001, **private))
    site.script(SET, failed(400006, **private))
    client = make_client(auth=SIGNED)
    with caplog.at_level(logging.DEBUG):
        call(client, SET, UID="u1", profile={"email": "ana@example.org", "firstName": "Ana"})
        with pytest.raises(AccountRejected) as caught:
            call(client, SET, UID="u1", profile={"email": "ana@example.org"})
    told = caplog.text + str(caught.value) + json.dumps(vars(caught.value), default=str)
    assert SET in caplog.text
    assert "badca11" in caplog.text
    assert "attempt 2" in caplog.text
    for secret in ("Ana", "ana@", ENVIRON["SECRET"], "TESTUSERKEY", site.forms(SET)[0]["sig"]):
        assert secret not in told
