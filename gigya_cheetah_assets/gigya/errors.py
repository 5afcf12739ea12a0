"""Gigya's error codes, once, and the class that each one raises.

Judge by `errorCode` in the body only: HTTP is 200 on errors too. Codes and their meaning: Gigya, response codes and
errors. The branches (repeat, reject, stop) are those of `gigya_cheetah_assets.errors`.
"""

from __future__ import annotations

from gigya_cheetah_assets.errors import RejectRecord, RetryLater, StopSync
from gigya_cheetah_assets.gigya.envelope import Envelope


class GigyaUnavailable(RetryLater):
    """The site did not answer, or answered that it can't now."""


class RateLimited(GigyaUnavailable):
    """More requests than the contract allows, or too many at once for one account."""


class ClockSkew(RetryLater):
    """The request's time is too far from the site's clock; corrected once from the `Date` header."""


class CursorExpired(RetryLater):
    """The site no longer knows the cursor: what was read of this query must be thrown away and read again."""


class AccountRefused(RejectRecord):
    """Gigya refused one account's data; `code` is Gigya's."""

    def __init__(self, problem: str, *, uid: str, column: str, reason: str, code: int) -> None:
        super().__init__(problem, uid=uid, column=column, reason=reason)
        self.code = code


class GigyaRefused(StopSync):
    """Credentials, permissions, a query or a setting that the site does not accept; `code` is Gigya's."""

    def __init__(self, problem: str, *, code: int, next_step: str = "") -> None:
        super().__init__(problem, next_step=next_step)
        self.code = code


_SETTINGS = "compare gigya.api_key, user_key and secret in the sync file's variables with the console"
_PERMISSION = (
    "give the application key the permission for this call in the console (accounts.search, getAccountInfo)"
)
_LATER = (
    403048,
    409030,
    500000,
    500001,
    500002,
    500023,
    500026,
    500028,
    500034,
    503001,
    504001,
    504002,
    100001,
    403004,
)
_NOTES = (0, 200008, 200009, 200010, 206001, 206002, 206003)
_REFUSED = {
    301001: "set gigya.api_domain to the data centre that the problem names",
    400002: "see errorDetails in Gigya's console log by the callId",
    400006: "check gigya.where and the paths in `fields` against the site's schema",
    400008: "check the private key and the user key of gigya.auth",
    400093: _SETTINGS,
    403000: _PERMISSION,
    403003: _SETTINGS,
    403005: _SETTINGS,
    403006: "use scheme https",
    403007: _PERMISSION,
    403010: _SETTINGS,
    403023: _PERMISSION,
    403026: _PERMISSION,
    403035: _SETTINGS,
    403036: "ask Gigya to enable accounts (RaaS) for this site",
    405001: "check gigya.api_domain",
}


def error_of(envelope: Envelope, method: str) -> GigyaUnavailable | ClockSkew | GigyaRefused | None:
    """The error that an answer stands for, or None for success (also success with a note)."""
    code = envelope.error_code
    if code in _NOTES:
        return None
    where = f" (data centre {envelope.api_domain})" if envelope.api_domain else ""
    problem = (
        f"Gigya answered {method} with {code} {envelope.error_message or ''}{where}, callId {envelope.call_id}"
    )
    if code == 403002:
        return ClockSkew(problem, next_step="set this machine's clock")
    if code in (403048, 409030):
        return RateLimited(problem, next_step="lower gigya.requests_per_second")
    if code in _LATER:
        return GigyaUnavailable(problem, next_step="run again later")
    return GigyaRefused(
        problem, code=code, next_step=_REFUSED.get(code, "look the code up in Gigya's response codes")
    )
