"""What the site answers: the envelope around every body, and errors as Gigya words them.

Source: Gigya, REST API, response and error codes. HTTP stays 200 unless the caller asked for `httpStatusCodes`.
"""

from __future__ import annotations

import html
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec

from gigya_cheetah_assets.sandbox.gigya.clock import SiteClock, iso

MESSAGES = {
    400002: "Missing required parameter",
    400003: "Unique identifier exists",
    400006: "Invalid parameter value",
    400008: "Invalid authentication header",
    400009: "Validation error",
    400023: "Schema validation: invalid type",
    400025: "Schema validation: no write access",
    400093: "Invalid ApiKey parameter",
    403002: "Request has expired",
    403003: "Invalid request signature",
    403004: "Duplicate nonce",
    403005: "Unauthorized user",
    403007: "Permission denied",
    403010: "Invalid Secret",
    403048: "Api Rate limit exceeded",
    405001: "Invalid API method",
    500001: "General Server Error",
    503001: "Service unavailable",
    504001: "Timeout",
}


class SiteError(Exception):
    """An answer with an error code.

    Args:
        code: Six digits; the first three are the status.
        details: Free text for `errorDetails`; Gigya escapes it as HTML.
        extra: More keys of the body, such as `validationErrors`.
    """

    def __init__(self, code: int, details: str = "", extra: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{code} {MESSAGES[code]}")
        self.code = code
        self.details = details
        self.extra = dict(extra or {})


@dataclass(frozen=True)
class Answer:
    """A body and the status that it states.

    Attributes:
        status: What HTTP carries when the caller asked for `httpStatusCodes=true`.
        body: JSON.
    """

    status: int
    body: bytes


def success(clock: SiteClock, content: Mapping[str, Any], *, context: str | None = None) -> Answer:
    """An answer with `errorCode` 0."""
    return Answer(200, msgspec.json.encode({**_envelope(clock, 0, context), **content}))


def results(clock: SiteClock, rows: bytes, counts: Mapping[str, Any], *, context: str | None = None) -> Answer:
    """A search's answer whose `results` are JSON already."""
    head = msgspec.json.encode(_envelope(clock, 0, context))
    return Answer(200, b"".join((head[:-1], b',"results":', rows, b",", msgspec.json.encode(counts)[1:])))


def failure(clock: SiteClock, error: SiteError, *, context: str | None = None) -> Answer:
    """An answer with an error."""
    content = _envelope(clock, error.code, context) | {"errorMessage": MESSAGES[error.code]}
    if error.details:
        # Gigya: fixtures show &#39; in errorDetails; Python's escape would give the hexadecimal form.
        content["errorDetails"] = html.escape(error.details).replace("&#x27;", "&#39;")
    return Answer(error.code // 1000, msgspec.json.encode(content | error.extra))


def validation_failure(problems: Sequence[tuple[int, str, str]]) -> SiteError:
    """400009 with one entry a field: its code, its path and what is wrong."""
    entries = [{"errorCode": code, "message": message, "fieldName": field} for code, field, message in problems]
    return SiteError(400009, f"{len(entries)} field(s) failed", {"validationErrors": entries})


def _envelope(clock: SiteClock, code: int, context: str | None) -> dict[str, Any]:
    status = code // 1000 if code else 200
    content: dict[str, Any] = {
        "callId": uuid.uuid4().hex,
        "errorCode": code,
        "apiVersion": 2,
        "statusCode": status,
        "statusReason": HTTPStatus(status).phrase,
        "time": iso(clock.milliseconds()),
    }
    return content if context is None else {**content, "context": context}
