"""Whose accounts were deleted: read from the audit log, or from the stream of changes.

Source: Gigya, audit.search and accounts.stream. The log is kept for 12 months and does not tell of calls with
application keys; the stream reaches 30 days back and is not in every contract.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from gigya_cheetah_assets.gigya.client import GigyaClient
from gigya_cheetah_assets.gigya.envelope import Envelope, page_decoder
from gigya_cheetah_assets.gigya.query import Query, any_equals, quoted
from gigya_cheetah_assets.gigya.search import search

DELETE, DELETE_LITE = "accounts.deleteAccount", "accounts.deleteLiteAccount"
STREAM = "accounts.stream"
_PAGE = 1000
_DELETED = "delete"


class DeletedAccount(NamedTuple):
    """One deletion as the site tells it.

    Attributes:
        uid: Of the account, or the token of a lite account; None where the record does not tell.
        at: When, epoch ms; None where the record does not tell.
        reason: The method that deleted it, or the stream.
        succeeded: Whether the call did what it was for.
    """

    uid: str | None
    at: int | None
    reason: str
    succeeded: bool = True


class _Call(msgspec.Struct):
    """An entry of the audit log, as far as it matters here; `errCode` is a text in some versions."""

    at: str | None = msgspec.field(name="@timestamp", default=None)
    err_code: str | int | None = msgspec.field(name="errCode", default=None)
    endpoint: str = ""
    uid: str | None = None
    params: Any = None


class _Change(msgspec.Struct):
    uid: str | None = None
    operation: str = ""


class _Changes(Envelope, rename="camel", kw_only=True):
    results: list[_Change] | None = None
    cursor_id: str | None = None


def audit_query(lower: int | None, upper: int | None, *, lite: bool) -> Query:
    """What is asked of the log.

    Args:
        lower: First millisecond; None for all that is kept.
        upper: First millisecond that is not asked for; None for all up to now.
        lite: Also deletions of lite accounts.
    """
    conditions = [any_equals("endpoint", [DELETE, DELETE_LITE] if lite else [DELETE])]
    bounds = [(">=", lower), ("<", upper)]
    conditions += [f"@timestamp {sign} {quoted(_iso(at))}" for sign, at in bounds if at is not None]
    return Query(["*"], "auditLog", conditions, _PAGE)


def from_audit_log(client: GigyaClient, query: Query) -> Iterator[list[DeletedAccount]]:
    """The deletions of the log, page by page.

    Raises:
        CursorExpired: Throw away what came and start again.
        GigyaCheetahError: As `GigyaClient.call`.
    """
    for page in search(client, query, page_decoder(_Call), method="audit.search"):
        yield [_of_call(call) for call in page.records]


def from_stream(client: GigyaClient, since: int) -> Iterator[list[DeletedAccount]]:
    """The deletions since a time (epoch ms) up to now, page by page; the stream tells no time of its changes.

    Raises:
        GigyaRefused: The site has no such stream, or it does not reach that far back.
        GigyaCheetahError: As `GigyaClient.call`.
    """
    cursor = client.call("accounts.stream.create", {"since": since // 1000}, _changes).cursor_id
    while cursor:
        answer = client.call("accounts.stream.read", {"cursorId": cursor, "limit": _PAGE}, _changes)
        found = answer.results or []
        yield [DeletedAccount(change.uid, None, STREAM) for change in found if change.operation == _DELETED]
        cursor = answer.cursor_id if found else None


def _of_call(call: _Call) -> DeletedAccount:
    params = call.params if isinstance(call.params, dict) else {}
    told = params.get("emailAccountToken") if call.endpoint == DELETE_LITE else call.uid or params.get("UID")
    return DeletedAccount(str(told) if told else None, _milliseconds(call.at), call.endpoint, _succeeded(call.err_code))


def _succeeded(code: str | int | None) -> bool:
    return str(code) == "0"


def _milliseconds(text: str | None) -> int | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return round(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)


def _iso(at: int) -> str:
    moment = datetime.fromtimestamp(at // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"


def _changes(body: bytes) -> tuple[Envelope, _Changes]:
    answer = msgspec.json.decode(body, type=_Changes)
    return answer, answer
