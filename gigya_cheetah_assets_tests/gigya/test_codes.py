from __future__ import annotations

import pytest

from gigya_cheetah_assets.errors import GigyaCheetahError, RejectRecord, RetryLater, StopSync
from gigya_cheetah_assets.gigya.codes import CODES, NOTES, error_for, raise_for
from gigya_cheetah_assets.gigya.envelope import Envelope, ValidationError
from gigya_cheetah_assets.gigya.errors import (
    AccountBusy,
    AccountGone,
    AccountPaused,
    AccountRejected,
    ClockSkew,
    CursorExpired,
    GigyaRefused,
    GigyaUnavailable,
    RateLimited,
    ServerFault,
    UnexpectedAnswer,
)


def _error(code: int | None, *, uid: str = "", cursor: bool = False, details: str = "") -> GigyaCheetahError:
    envelope = Envelope(error_code=code, call_id="badca11", error_message="a@example.org", error_details=details)
    error = error_for(envelope, "accounts.search", uid=uid, cursor=cursor)
    assert error is not None
    return error


@pytest.mark.parametrize("code", [0, *NOTES])
def test_success_and_success_with_a_note_raise_nothing(code: int) -> None:
    raise_for(Envelope(error_code=code), "accounts.getAccountInfo", uid="u")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (100001, GigyaUnavailable),
        (301001, GigyaRefused),
        (400008, GigyaRefused),
        (400093, GigyaRefused),
        (403002, ClockSkew),
        (403003, GigyaRefused),
        (403004, ServerFault),
        (403007, GigyaRefused),
        (403010, GigyaRefused),
        (403036, GigyaRefused),
        (403048, RateLimited),
        (405001, GigyaRefused),
        (409030, AccountBusy),
        (500001, ServerFault),
        (503001, AccountPaused),
        (504001, GigyaUnavailable),
        (504002, GigyaUnavailable),
    ],
)
def test_a_code_becomes_its_error(code: int, kind: type[GigyaCheetahError]) -> None:
    assert type(_error(code)) is kind


@pytest.mark.parametrize("code", CODES)
def test_every_error_says_what_happened_and_what_to_do(code: int) -> None:
    for uid in ("", "u1"):
        error = _error(code, uid=uid, details="Invalid value: a@example.org")
        assert isinstance(error, RetryLater | RejectRecord | StopSync)
        assert str(code) in error.problem
        assert "badca11" in error.problem
        assert error.next_step
        assert "example.org" not in str(error)


@pytest.mark.parametrize("code", CODES)
def test_no_account_is_rejected_by_a_call_about_no_account(code: int) -> None:
    assert not isinstance(_error(code), RejectRecord)


def test_an_account_that_breaks_the_schema_is_rejected_with_the_names_of_its_fields() -> None:
    faults = [
        ValidationError(error_code=400025, field_name="profile.phones.type", message="a@example.org"),
        ValidationError(error_code=400023, field_name="data.points"),
        ValidationError(error_code=400023),
    ]
    envelope = Envelope(error_code=400009, call_id="badca11", validation_errors=faults)
    with pytest.raises(AccountRejected) as caught:
        raise_for(envelope, "accounts.setAccountInfo", uid="u1")
    assert caught.value.fields == ("profile.phones.type", "data.points")
    assert (caught.value.uid, caught.value.column) == ("u1", "profile.phones.type")
    assert (caught.value.code, caught.value.reason) == (400009, "gigya_400009")
    assert "example.org" not in str(caught.value)


def test_an_unknown_account_is_gone_but_an_unknown_user_key_stops_the_sync() -> None:
    assert type(_error(403005, uid="u1")) is AccountGone
    stopped = _error(403005, uid="u1", details="supplied userkey was not found")
    assert type(stopped) is GigyaRefused
    assert "user" in stopped.next_step or "auth" in stopped.next_step
    assert type(_error(403005)) is GigyaRefused


def test_a_bad_value_means_the_query_the_account_or_the_cursor_by_what_was_asked() -> None:
    query = _error(400006)
    assert type(query) is GigyaRefused
    assert "gigya.where" in query.next_step
    assert type(_error(400006, uid="u1")) is AccountRejected
    assert type(_error(400006, cursor=True)) is CursorExpired


def test_credentials_that_fail_in_the_middle_of_a_scan_are_no_expired_cursor() -> None:
    assert type(_error(403007, cursor=True)) is GigyaRefused
    assert type(_error(403048, cursor=True)) is RateLimited


def test_the_wrong_data_centre_names_the_right_one() -> None:
    with pytest.raises(GigyaRefused, match=r"set gigya.api_domain to eu1\.gigya\.com") as caught:
        raise_for(Envelope(error_code=301001, api_domain="eu1.gigya.com"), "accounts.search")
    assert caught.value.api_domain == "eu1.gigya.com"


def test_a_data_centre_that_is_no_host_name_is_not_repeated() -> None:
    with pytest.raises(GigyaRefused) as caught:
        raise_for(Envelope(error_code=301001, api_domain="eu1.gigya.com\nforged log line"), "accounts.search")
    assert caught.value.api_domain == ""
    assert "forged" not in str(caught.value)


@pytest.mark.parametrize("code", [999999, -1, 200001, 10**30])
def test_an_unknown_code_is_a_failure_that_names_code_and_call(code: int) -> None:
    error = _error(code, uid="u1")
    assert type(error) is UnexpectedAnswer
    assert str(code) in str(error)
    assert "badca11" in str(error)


def test_a_body_without_a_code_is_not_gigyas_and_no_success() -> None:
    assert type(_error(None)) is GigyaUnavailable
