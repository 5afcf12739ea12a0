from __future__ import annotations

import gzip
import json
import logging
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gigya_cheetah_assets.errors import ConfigError, RetryLater, StopSync
from gigya_cheetah_assets.gigya import (
    AccountRejected,
    Clock,
    ClockSkew,
    GigyaClient,
    GigyaRefused,
    GigyaUnavailable,
    RateLimited,
    TokenBucket,
    UnexpectedAnswer,
)
from gigya_cheetah_assets.gigya.auth import base_string, decoded_secret, signature
from gigya_cheetah_assets.gigya.client import as_text
from gigya_cheetah_assets.gigya.envelope import Envelope, envelope_only
from gigya_cheetah_assets_tests.gigya.conftest import ENVIRON, FakeTime, MakeClient, config
from gigya_cheetah_assets_tests.gigya.scripted_site import GIGYA_TIME, Reply, ScriptedSite, failed, ok

GET = "accounts.getAccountInfo"
SET = "accounts.setAccountInfo"
SIGNED = {"type": "signed", "user_key": {"env": "USER_KEY"}, "secret": {"env": "SECRET"}}


def _call(client: GigyaClient, method: str = GET, **params: Any) -> Envelope:
    return client.call(method, params, envelope_only)


def test_a_call_is_a_form_with_what_gigya_wants(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(SET, ok())
    _call(client, SET, UID="u1", profile={"firstName": "Zoë", "zip": None}, isActive=True, lang=None, age=7)
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
    assert _call(client).error_code == 0


def test_the_signature_covers_what_is_sent(site: ScriptedSite, make_client: MakeClient) -> None:
    site.script(SET, ok())
    _call(make_client(auth=SIGNED), SET, UID="u!*'()~ é/1", data={"a": [1, "ü&="]})
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
    _call(client)
    _call(client)
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
    assert _call(make_client()).error_code == 0


def test_a_remote_site_goes_through_the_proxy_of_the_environment(
    site: ScriptedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A proxy that does not speak CONNECT: the call fails there and never leaves this machine.
    monkeypatch.setenv("https_proxy", f"http://{site.domain}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    settings = config("eu1.gigya.example", scheme="https", retry_seconds=0)
    with GigyaClient(settings, environ=ENVIRON) as client, pytest.raises(GigyaUnavailable, match="ProxyError"):
        _call(client)


def test_connections_are_kept(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(GET, *[ok()] * 5)
    for _ in range(5):
        _call(client)
    assert len({request.connection for request in site.requests}) == 1


def test_cookies_are_not_kept(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(GET, Reply(ok().body, headers={"Set-Cookie": "gac=1; path=/"}), ok())
    _call(client)
    _call(client)
    assert "cookie" not in site.requests[1].headers


def test_a_redirect_is_not_followed(site: ScriptedSite, make_client: MakeClient) -> None:
    target = f"http://{site.domain}/elsewhere"
    site.script(GET, Reply(b"<html>moved</html>", status=307, headers={"Location": target}))
    with pytest.raises(GigyaUnavailable, match="HTTP 307"):
        _call(make_client(retry_seconds=0))
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


@pytest.mark.parametrize("status", [200, 403, 500])
def test_only_the_body_judges(site: ScriptedSite, client: GigyaClient, status: int) -> None:
    site.script(GET, Reply(ok().body, status=status), Reply(failed(403007).body, status=status))
    assert _call(client).call_id == "c0ffee"
    with pytest.raises(GigyaRefused, match="403007"):
        _call(client)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>maintenance</html>", b'{"errorCode":0', b"[]", b'"ok"', b"{}", b'{"errorCode":"0"}', b"null"],
)
def test_what_gigya_did_not_write_is_repeated_and_never_taken_for_success(
    site: ScriptedSite, make_client: MakeClient, body: bytes
) -> None:
    client = make_client()
    site.script(GET, Reply(body), Reply(body), ok())
    assert _call(client).call_id == "c0ffee"
    site.script(GET, Reply(body))
    with pytest.raises(GigyaUnavailable):
        _call(make_client(retry_seconds=0))


def test_huge_numbers_in_an_answer_do_no_harm(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(GET, Reply(b'{"errorCode":0,"callId":"c","x":123456789012345678901234567890,"y":1e999}'))
    assert _call(client).call_id == "c"
    site.script(GET, Reply(b'{"errorCode":123456789012345678901234567890,"callId":"c"}'))
    with pytest.raises(UnexpectedAnswer, match="123456789012345678901234567890"):
        _call(client)


def test_an_unknown_code_fails_at_once(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(GET, failed(777777))
    with pytest.raises(UnexpectedAnswer, match=r"777777.*badca11"):
        _call(client)


def test_success_with_a_note_is_a_success(
    site: ScriptedSite, client: GigyaClient, caplog: pytest.LogCaptureFixture
) -> None:
    site.script(GET, failed(206001))
    with caplog.at_level(logging.INFO, "gigya_cheetah_assets.gigya"):
        assert _call(client).error_code == 206001
    assert "pending registration" in caplog.text


@pytest.mark.parametrize("fault", [Reply(hang_up=True), Reply(b'{"errorCode"', cut=50), failed(504001), failed(409030)])
def test_what_may_pass_is_repeated(site: ScriptedSite, client: GigyaClient, fault: Reply, fake: FakeTime) -> None:
    site.script(GET, fault, fault, fault, ok())
    assert _call(client).error_code == 0
    assert len(fake.slept) == 3
    assert fake.slept[0] <= 1
    assert max(fake.slept) <= 4


@pytest.mark.parametrize("code", [400093, 403003, 403005, 403010, 405001])
def test_what_will_not_pass_is_not_repeated(site: ScriptedSite, client: GigyaClient, code: int) -> None:
    site.script(GET, failed(code))
    with pytest.raises(StopSync):
        _call(client)


def test_an_import_that_gigya_refuses_rejects_its_account(site: ScriptedSite, client: GigyaClient) -> None:
    site.script("accounts.importFullAccount", failed(400003))
    with pytest.raises(AccountRejected) as caught:
        _call(client, "accounts.importFullAccount", uid="u1")
    assert caught.value.uid == "u1"


def test_a_refused_account_is_not_repeated(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(SET, failed(400009, validationErrors=[{"fieldName": "profile.zip", "errorCode": 400026}]))
    with pytest.raises(AccountRejected) as caught:
        _call(client, SET, UID="u1")
    assert (caught.value.uid, caught.value.fields) == ("u1", ("profile.zip",))


def test_an_error_body_that_the_decoder_cannot_read_is_still_judged_by_its_code(
    site: ScriptedSite, client: GigyaClient
) -> None:
    site.script(GET, failed(403007), ok(age="old"))
    with pytest.raises(GigyaRefused, match="403007"):
        client.call(GET, {}, _aged)
    with pytest.raises(UnexpectedAnswer, match="c0ffee"):
        client.call(GET, {}, _aged)


class _Aged(msgspec.Struct):
    age: int


def _aged(body: bytes) -> tuple[Envelope, int]:
    return envelope_only(body)[0], msgspec.json.decode(body, type=_Aged).age


def test_a_server_that_falls_silent_is_given_up_and_asked_again(site: ScriptedSite, make_client: MakeClient) -> None:
    site.script(GET, Reply(ok().body, stall=1.0), ok(callId="second"))
    started = time.monotonic()
    assert _call(make_client(timeout_seconds=0.1)).call_id == "second"
    assert time.monotonic() - started < 0.9


def test_a_fault_inside_gigya_is_worth_six_attempts(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(GET, *[failed(500001)] * 6)
    with pytest.raises(GigyaUnavailable, match="500001"):
        _call(client)


def test_imports_of_one_account_rest_for_a_minute(site: ScriptedSite, client: GigyaClient, fake: FakeTime) -> None:
    site.script("accounts.importFullAccount", failed(503001), ok())
    _call(client, "accounts.importFullAccount", uid="u1")
    assert fake.slept == [60.0]


def test_the_budget_bounds_the_whole_call(site: ScriptedSite, make_client: MakeClient, fake: FakeTime) -> None:
    site.always[GET] = failed(403048)
    with pytest.raises(RateLimited):
        _call(make_client(retry_seconds=30))
    assert 5 < fake.seconds - 1_000 <= 30
    fake.slept.clear()
    with pytest.raises(RateLimited):
        _call(make_client(retry_seconds=0))
    assert fake.slept == []


def test_a_rate_limit_slows_every_thread_of_the_site(site: ScriptedSite, fake: FakeTime) -> None:
    bucket = TokenBucket(10, monotonic=fake.now, sleep=fake.sleep)
    clock = Clock(wall=fake.wall, monotonic=fake.now)
    site.script(GET, failed(403048), *[ok()] * 7)
    with GigyaClient(config(site.domain), bucket=bucket, clock=clock, sleep=fake.sleep, environ=ENVIRON) as client:
        _call(client)
        started = fake.seconds
        for _ in range(6):
            _call(client)
    assert fake.seconds - started > 0.9


@pytest.mark.parametrize("wrong_by", [600.0, -600.0, 2_300_000_000.0])
def test_a_wrong_clock_is_corrected_once_from_the_date_header(
    site: ScriptedSite, make_client: MakeClient, fake: FakeTime, wrong_by: float
) -> None:
    client = make_client(auth=SIGNED, clock=Clock(wall=lambda: fake.wall() + wrong_by, monotonic=fake.now))
    site.script(GET, failed(403002), ok(), ok())
    _call(client)
    _call(client)
    first, second, third = site.forms(GET)
    assert int(first["timestamp"]) == int(GIGYA_TIME + wrong_by)
    assert int(second["timestamp"]) == int(third["timestamp"]) == int(GIGYA_TIME)
    assert first["nonce"] != second["nonce"]
    assert fake.slept == []


@pytest.mark.parametrize("headers", [{"Date": None}, {"Date": "soon"}])
def test_a_wrong_clock_without_a_date_stops_the_sync(
    site: ScriptedSite, client: GigyaClient, headers: dict[str, str | None]
) -> None:
    site.script(GET, Reply(failed(403002).body, headers=headers))
    with pytest.raises(ClockSkew, match="NTP"):
        _call(client)


def test_a_clock_that_the_date_does_not_mend_stops_the_sync(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(GET, failed(403002), failed(403002))
    with pytest.raises(ClockSkew):
        _call(client)


def test_a_used_nonce_is_replaced(site: ScriptedSite, make_client: MakeClient) -> None:
    site.script(GET, failed(403004), ok())
    _call(make_client(auth=SIGNED))
    first, second = site.forms(GET)
    assert first["nonce"] != second["nonce"]


def test_a_site_that_is_not_there_is_transient(site: ScriptedSite, fake: FakeTime) -> None:
    with ScriptedSite() as other:
        closed = other.domain
    clock = Clock(monotonic=fake.now)
    settings = config(closed, retry_seconds=20)
    client = GigyaClient(settings, clock=clock, sleep=fake.sleep, environ=ENVIRON)
    with client, pytest.raises(GigyaUnavailable, match="ConnectionError") as caught:
        _call(client)
    assert len(fake.slept) > 2
    assert isinstance(caught.value, RetryLater)
    assert "gigya.api_domain" in caught.value.next_step


def test_tls_that_fails_is_transient_and_sends_nothing(site: ScriptedSite, make_client: MakeClient) -> None:
    with pytest.raises(GigyaUnavailable, match="SSLError"):
        _call(make_client(scheme="https", retry_seconds=0))
    assert site.requests == []


def test_sixteen_threads_share_connections_and_the_rate(site: ScriptedSite) -> None:
    rate, calls = 200.0, 5
    site.always[GET] = ok()
    bucket = TokenBucket(rate)
    codes: list[int | None] = []

    def work() -> None:
        codes.extend(_call(client).error_code for _ in range(calls))

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
            _call(one)
            _call(two)
    assert time.monotonic() - started >= 5 / 20 - 0.001


def test_closing_ends_a_wait(site: ScriptedSite) -> None:
    site.always[GET] = failed(503001)
    client = GigyaClient(config(site.domain), environ=ENVIRON)
    ended: list[type[BaseException]] = []

    def work() -> None:
        with pytest.raises(RuntimeError, match="closed") as caught:
            _call(client)
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
        _call(client)
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
        _call(client, SET, UID="u1", profile={"email": "ana@example.org", "firstName": "Ana"})
        with pytest.raises(AccountRejected) as caught:
            _call(client, SET, UID="u1", profile={"email": "ana@example.org"})
    told = caplog.text + str(caught.value) + json.dumps(vars(caught.value), default=str)
    assert SET in caplog.text
    assert "badca11" in caplog.text
    assert "attempt 2" in caplog.text
    for secret in ("Ana", "ana@", ENVIRON["SECRET"], "TESTUSERKEY", site.forms(SET)[0]["sig"]):
        assert secret not in told
