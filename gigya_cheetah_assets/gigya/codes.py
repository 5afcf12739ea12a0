"""Gigya's error codes: what each means, which error it becomes, what a person should do.

Source: Gigya, response codes. A code stands here once. The HTTP status plays no part: it is 200 for errors too.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gigya_cheetah_assets.errors import GigyaCheetahError, RejectRecord
from gigya_cheetah_assets.gigya.envelope import Envelope
from gigya_cheetah_assets.gigya.errors import (
    AccountBusy,
    AccountGone,
    AccountPaused,
    AccountRejected,
    ClockSkew,
    CursorExpired,
    GigyaFault,
    GigyaRefused,
    GigyaUnavailable,
    RateLimited,
    ServerFault,
    UnexpectedAnswer,
)


class Code(NamedTuple):
    """One code: the error that it becomes, its meaning, what a person should do."""

    error: type[GigyaFault | AccountRejected]
    meaning: str
    next_step: str


_WAIT = "run it again later; if it stays so, look up the callId in Gigya's console"
_LESS = "run it again; if it stays so, use a smaller gigya.page_size or shorter windows"
_SLOWER = "run it again; if it stays so, lower gigya.requests_per_second"
_KEYS = "check gigya.api_key and gigya.auth of the sync and their environment variables"
_RIGHTS = "give the application key this permission in Gigya's console"
_QUERY = "check gigya.where and the field paths of the sync"
_DATA = "correct the account's data or the site's schema; the other accounts go on"
_PERSON = "the person or the site's staff must finish this in Gigya; the other accounts go on"
_GONE = "nothing: the account is left out"
_VERSION = "update gigya-cheetah-assets, or report the code"

# Data were saved or found; the account itself is not complete yet.
NOTES = {
    200008: "ok, with errors in parts",
    200009: "accounts linked",
    200010: "ok, but the login id exists elsewhere",
    206001: "account pending registration",
    206002: "account pending verification",
    206003: "account without login id",
}

CODES = {
    100001: Code(GigyaUnavailable, "data pending", _WAIT),
    301001: Code(GigyaRefused, "wrong data centre", "set gigya.api_domain to the site's data centre"),
    400001: Code(AccountRejected, "bad format", _DATA),
    400002: Code(GigyaRefused, "missing parameter", _VERSION),
    400003: Code(AccountRejected, "identifier belongs to another account", _DATA),
    400004: Code(AccountRejected, "bad parameter format", _DATA),
    400006: Code(AccountRejected, "bad parameter value", _DATA),
    400007: Code(AccountRejected, "duplicate value", _DATA),
    400008: Code(GigyaRefused, "bad authentication header", _KEYS),
    400009: Code(AccountRejected, "validation error", _DATA),
    400020: Code(AccountRejected, "schema validation failed", _DATA),
    400022: Code(AccountRejected, "unique index violated", _DATA),
    400023: Code(AccountRejected, "wrong type for the schema", _DATA),
    400024: Code(AccountRejected, "field not in the schema", _DATA),
    400025: Code(AccountRejected, "no write access to a field", _DATA),
    400026: Code(AccountRejected, "format of the schema broken", _DATA),
    400027: Code(AccountRejected, "required field missing", _DATA),
    400028: Code(AccountRejected, "e-mail not verified", _PERSON),
    400029: Code(AccountRejected, "schema conflict", _DATA),
    400030: Code(AccountRejected, "operation not allowed", _DATA),
    400093: Code(GigyaRefused, "invalid API key", _KEYS),
    400096: Code(AccountRejected, "not supported for this account", _DATA),
    400124: Code(GigyaRefused, "limit reached", _WAIT),
    400125: Code(GigyaRefused, "frequency limit reached", _WAIT),
    400302: Code(ServerFault, "the site's extension failed", "check the extension in Gigya's console"),
    400303: Code(AccountRejected, "the site's extension refused", _DATA),
    403000: Code(GigyaRefused, "forbidden", _RIGHTS),
    403002: Code(ClockSkew, "request expired", "set this machine's clock (NTP)"),
    403003: Code(GigyaRefused, "invalid signature", _KEYS),
    403004: Code(ServerFault, "nonce used before", _WAIT),
    403005: Code(AccountGone, "unauthorized user: account or user key unknown to the site", _GONE),
    403006: Code(GigyaRefused, "secret sent without TLS", "set gigya.scheme to https"),
    403007: Code(GigyaRefused, "permission denied", _RIGHTS),
    403010: Code(GigyaRefused, "invalid secret", _KEYS),
    403011: Code(GigyaRefused, "session expired", _KEYS),
    403012: Code(GigyaRefused, "no session", _KEYS),
    403023: Code(GigyaRefused, "no user permission", _RIGHTS),
    403025: Code(GigyaRefused, "invalid token", _KEYS),
    403026: Code(GigyaRefused, "unauthorized access", _RIGHTS),
    403035: Code(GigyaRefused, "no credentials", _KEYS),
    403036: Code(GigyaRefused, "product not enabled for this site", "ask SAP to enable it for the site"),
    403041: Code(AccountRejected, "account disabled", _PERSON),
    403042: Code(AccountRejected, "invalid login", _PERSON),
    403043: Code(AccountRejected, "login identifier belongs to another account", _DATA),
    403044: Code(AccountRejected, "under age", _PERSON),
    403045: Code(GigyaRefused, "site storage misconfigured", "ask SAP support"),
    403047: Code(AccountGone, "login id does not exist", _GONE),
    403048: Code(RateLimited, "rate limit exceeded", _SLOWER),
    403100: Code(AccountRejected, "pending password change", _PERSON),
    403101: Code(AccountRejected, "pending two-factor verification", _PERSON),
    403102: Code(AccountRejected, "pending two-factor registration", _PERSON),
    403110: Code(AccountRejected, "pending recent login", _PERSON),
    403120: Code(AccountRejected, "account locked out", _PERSON),
    403200: Code(AccountRejected, "redundant operation", _DATA),
    403201: Code(GigyaRefused, "bad application id", _KEYS),
    404000: Code(AccountGone, "not found", _GONE),
    404003: Code(AccountGone, "UID not found", _GONE),
    405001: Code(GigyaRefused, "invalid API method", _VERSION),
    409001: Code(AccountRejected, "identity exists", _DATA),
    409003: Code(AccountRejected, "login id exists", _DATA),
    409011: Code(GigyaRefused, "counter not registered", _VERSION),
    409030: Code(AccountBusy, "concurrent requests for one account", _WAIT),
    410000: Code(GigyaRefused, "gone", _VERSION),
    413001: Code(AccountRejected, "entity too large", _DATA),
    413003: Code(AccountRejected, "object larger than 512 KB", _DATA),
    414000: Code(GigyaRefused, "URI too long", _VERSION),
    500000: Code(GigyaUnavailable, "transport fault", _WAIT),
    500001: Code(ServerFault, "general server error, also for an overlong query", _LESS),
    500002: Code(ServerFault, "login error", _WAIT),
    500023: Code(ServerFault, "provider error", _WAIT),
    500026: Code(ServerFault, "network error", _WAIT),
    500028: Code(
        ServerFault, "database error, also for the wrong data centre", "check gigya.api_domain; else run it again"
    ),
    500034: Code(ServerFault, "backend error", _WAIT),
    503001: Code(AccountPaused, "one account imported too often", _WAIT),
    504001: Code(GigyaUnavailable, "search timed out", _LESS),
    504002: Code(GigyaUnavailable, "request timed out", _LESS),
}

# Who calls is known, and may not do this.
PERMISSION_CODES = frozenset(code for code, known in CODES.items() if known.next_step == _RIGHTS)

# No source names the code of an expired cursor. A cursor's request has no other parameter that can be wrong.
_CURSOR_CODES = {400001, 400002, 400004, 400006, 404000, 410000}
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}\Z")


def raise_for(envelope: Envelope, method: str, *, uid: str = "", cursor: bool = False) -> None:
    """Raises the error of an answer; returns for success and for success with a note.

    Args:
        envelope: The answer.
        method: Gigya's method, for the message.
        uid: The account that the call was about; without one, what would reject an account stops the sync.
        cursor: Whether the call continued a search by its cursor.

    Raises:
        GigyaCheetahError: Of the class that `CODES` names.
    """
    error = error_for(envelope, method, uid=uid, cursor=cursor)
    if error is not None:
        raise error


def error_for(envelope: Envelope, method: str, *, uid: str = "", cursor: bool = False) -> GigyaCheetahError | None:
    """The error of an answer, `None` for success; parameters as in `raise_for`."""
    code, call_id = envelope.error_code, envelope.call_id or ""
    if code is None:
        return GigyaUnavailable(f"{method} was answered by something without errorCode", next_step=_WAIT)
    if code == 0 or code in NOTES:
        return None
    known = CODES.get(code, Code(UnexpectedAnswer, "a code that this version does not know", _VERSION))
    problem = f"{method} answered {code} ({known.meaning}), callId {call_id or 'absent'}"
    kind = _kind(code, known.error, envelope, uid=uid, cursor=cursor)
    if issubclass(kind, AccountRejected):
        fields = _field_names(envelope)
        return kind(problem, uid=uid, code=code, call_id=call_id, fields=fields, next_step=known.next_step)
    error = kind(problem, next_step=_next_step(kind, known, envelope), code=code, call_id=call_id)
    if isinstance(error, GigyaRefused):
        error.api_domain = _api_domain(envelope)
    return error


def _kind(
    code: int, usual: type[GigyaFault | AccountRejected], envelope: Envelope, *, uid: str, cursor: bool
) -> type[GigyaFault | AccountRejected]:
    if cursor and code in _CURSOR_CODES:
        return CursorExpired
    # 403005 is both "no such account" and "no such user key"; only the details tell (Gigya: response codes).
    about_key = code == 403005 and "userkey" in (envelope.error_details or "").replace(" ", "").lower()
    if issubclass(usual, RejectRecord) and (about_key or not uid):
        return GigyaRefused
    return usual


def _next_step(kind: type[GigyaFault | AccountRejected], known: Code, envelope: Envelope) -> str:
    if kind is CursorExpired:
        return "start the search again and throw away what it gave"
    if known.error is AccountGone:
        return _KEYS
    if kind is GigyaRefused and known.error is AccountRejected:
        return _QUERY
    domain = _api_domain(envelope)
    return f"set gigya.api_domain to {domain}" if kind is GigyaRefused and domain else known.next_step


def _api_domain(envelope: Envelope) -> str:
    """The data centre that an answer names; empty if that is not a host name."""
    named = envelope.api_domain or ""
    return named if _HOST.match(named) else ""


def _field_names(envelope: Envelope) -> tuple[str, ...]:
    named = (error.field_name for error in envelope.validation_errors or ())
    return tuple(name for name in named if name)
