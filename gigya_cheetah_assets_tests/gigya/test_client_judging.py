from __future__ import annotations

import logging
import time

import msgspec
import pytest

from gigya_cheetah_assets.errors import StopSync
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
from gigya_cheetah_assets.gigya.envelope import Envelope, envelope_only
from gigya_cheetah_assets_tests.gigya.conftest import ENVIRON, GET, SET, FakeTime, MakeClient, call, config
from gigya_cheetah_assets_tests.gigya.scripted_site import GIGYA_TIME, Reply, ScriptedSite, failed, ok

SIGNED = {"type": "signed", "user_key": {"env": "USER_KEY"}, "secret": {"env": "SECRET"}}


@pytest.mark.parametrize("status", [200, 403, 500])
def test_only_the_body_judges(site: ScriptedSite, client: GigyaClient, status: int) -> None:
    site.script(GET, Reply(ok().body, status=status), Reply(failed(403007).body, status=status))
    assert call(client).call_id == "c0ffee"
    with pytest.raises(GigyaRefused, match="403007"):
        call(client)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>maintenance</html>", b'{"errorCode":0', b"[]", b'"ok"', b"{}", b'{"errorCode":"0"}', b"null"],
)
def test_what_gigya_did_not_write_is_repeated_and_never_taken_for_success(
    site: ScriptedSite, make_client: MakeClient, body: bytes
) -> None:
    client = make_client()
    site.script(GET, Reply(body), Reply(body), ok())
    assert call(client).call_id == "c0ffee"
    site.script(GET, Reply(body))
    with pytest.raises(GigyaUnavailable):
        call(make_client(retry_seconds=0))


def test_huge_numbers_in_an_answer_do_no_harm(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(GET, Reply(b'{"errorCode":0,"callId":"c","x":123456789012345678901234567890,"y":1e999}'))
    assert call(client).call_id == "c"
    site.script(GET, Reply(b'{"errorCode":123456789012345678901234567890,"callId":"c"}'))
    with pytest.raises(UnexpectedAnswer, match="123456789012345678901234567890"):
        call(client)


def test_an_unknown_code_fails_at_once(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(GET, failed(777777))
    with pytest.raises(UnexpectedAnswer, match=r"777777.*badca11"):
        call(client)


def test_success_with_a_note_is_a_success(
    site: ScriptedSite, client: GigyaClient, caplog: pytest.LogCaptureFixture
) -> None:
    site.script(GET, failed(206001))
    with caplog.at_level(logging.INFO, "gigya_cheetah_assets.gigya"):
        assert call(client).error_code == 206001
    assert "pending registration" in caplog.text


@pytest.mark.parametrize("fault", [Reply(hang_up=True), Reply(b'{"errorCode"', cut=50), failed(504001), failed(409030)])
def test_what_may_pass_is_repeated(site: ScriptedSite, client: GigyaClient, fault: Reply, fake: FakeTime) -> None:
    site.script(GET, fault, fault, fault, ok())
    assert call(client).error_code == 0
    assert len(fake.slept) == 3
    assert fake.slept[0] <= 1
    assert max(fake.slept) <= 4


@pytest.mark.parametrize("code", [400093, 403003, 403005, 403010, 405001])
def test_what_will_not_pass_is_not_repeated(site: ScriptedSite, client: GigyaClient, code: int) -> None:
    site.script(GET, failed(code))
    with pytest.raises(StopSync):
        call(client)


def test_an_import_that_gigya_refuses_rejects_its_account(site: ScriptedSite, client: GigyaClient) -> None:
    site.script("accounts.importFullAccount", failed(400003))
    with pytest.raises(AccountRejected) as caught:
        call(client, "accounts.importFullAccount", uid="u1")
    assert caught.value.uid == "u1"


def test_a_refused_account_is_not_repeated(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(SET, failed(400009, validationErrors=[{"fieldName": "profile.zip", "errorCode": 400026}]))
    with pytest.raises(AccountRejected) as caught:
        call(client, SET, UID="u1")
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
    assert call(make_client(timeout_seconds=0.1)).call_id == "second"
    assert time.monotonic() - started < 0.9


def test_a_fault_inside_gigya_is_worth_six_attempts(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(GET, *[failed(500001)] * 6)
    with pytest.raises(GigyaUnavailable, match="500001"):
        call(client)


def test_imports_of_one_account_rest_for_a_minute(site: ScriptedSite, client: GigyaClient, fake: FakeTime) -> None:
    site.script("accounts.importFullAccount", failed(503001), ok())
    call(client, "accounts.importFullAccount", uid="u1")
    assert fake.slept == [60.0]


def test_the_budget_bounds_the_whole_call(site: ScriptedSite, make_client: MakeClient, fake: FakeTime) -> None:
    site.always[GET] = failed(403048)
    with pytest.raises(RateLimited):
        call(make_client(retry_seconds=30))
    assert 5 < fake.seconds - 1_000 <= 30
    fake.slept.clear()
    with pytest.raises(RateLimited):
        call(make_client(retry_seconds=0))
    assert fake.slept == []


def test_a_rate_limit_slows_every_thread_of_the_site(site: ScriptedSite, fake: FakeTime) -> None:
    bucket = TokenBucket(10, monotonic=fake.now, sleep=fake.sleep)
    clock = Clock(wall=fake.wall, monotonic=fake.now)
    site.script(GET, failed(403048), *[ok()] * 7)
    with GigyaClient(config(site.domain), bucket=bucket, clock=clock, sleep=fake.sleep, environ=ENVIRON) as client:
        call(client)
        started = fake.seconds
        for _ in range(6):
            call(client)
    assert fake.seconds - started > 0.9


@pytest.mark.parametrize("wrong_by", [600.0, -600.0, 2_300_000_000.0])
def test_a_wrong_clock_is_corrected_once_from_the_date_header(
    site: ScriptedSite, make_client: MakeClient, fake: FakeTime, wrong_by: float
) -> None:
    client = make_client(auth=SIGNED, clock=Clock(wall=lambda: fake.wall() + wrong_by, monotonic=fake.now))
    site.script(GET, failed(403002), ok(), ok())
    call(client)
    call(client)
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
        call(client)


def test_a_clock_that_the_date_does_not_mend_stops_the_sync(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(GET, failed(403002), failed(403002))
    with pytest.raises(ClockSkew):
        call(client)


def test_a_used_nonce_is_replaced(site: ScriptedSite, make_client: MakeClient) -> None:
    site.script(GET, failed(403004), ok())
    call(make_client(auth=SIGNED))
    first, second = site.forms(GET)
    assert first["nonce"] != second["nonce"]
