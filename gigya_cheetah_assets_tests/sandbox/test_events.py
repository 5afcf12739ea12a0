"""The audit log and the stream of changes over HTTP."""

from __future__ import annotations

import time
from typing import Any

from gigya_cheetah_assets.sandbox import Sandbox
from gigya_cheetah_assets_tests.sandbox.site_calls import call

DELETIONS = 'SELECT * FROM auditLog WHERE endpoint = "accounts.deleteAccount"'
JUNE = 1_780_300_800_000  # 2026-06-01T08:00:00Z


def audit(sandbox: Sandbox, query: str, **params: str) -> dict[str, Any]:
    body = call(sandbox, "audit.search", query=query, **params)
    assert body["errorCode"] == 0, body
    return body


def uids(body: dict[str, Any]) -> list[str]:
    return [entry["uid"] for entry in body["results"]]


def test_who_deletes_her_account_is_in_the_log_with_the_documented_fields(changeable: Sandbox) -> None:
    changeable.site.delete("u2", at=JUNE)
    (entry,) = audit(changeable, DELETIONS)["results"]
    assert entry.pop("callID")
    assert entry == {
        "@timestamp": "2026-06-01T08:00:00.000Z",
        "errCode": "0",
        "endpoint": "accounts.deleteAccount",
        "uid": "u2",
        "params": {"UID": "u2"},
    }


def test_a_call_with_an_application_key_is_not_in_the_log(changeable: Sandbox) -> None:
    assert call(changeable, "accounts.deleteAccount", UID="u2")["errorCode"] == 0
    assert audit(changeable, DELETIONS)["results"] == []


def test_a_lite_account_is_deleted_by_its_token(changeable: Sandbox) -> None:
    changeable.site.delete("t5")
    (entry,) = audit(changeable, 'SELECT * FROM auditLog WHERE endpoint = "accounts.deleteLiteAccount"')["results"]
    assert (entry["params"], "uid" in entry) == ({"emailAccountToken": "t5"}, False)


def test_times_are_compared_as_times_and_codes_as_texts(changeable: Sandbox) -> None:
    for number in range(3):
        changeable.site.delete(f"u{number + 1}", at=JUNE + number * 1000)
    changeable.site.events.note_call("accounts.deleteAccount", "u9", at=JUNE, code="403005")
    span = '@timestamp >= "2026-06-01T08:00:01Z" AND @timestamp < "2026-06-01T08:00:02Z"'
    assert uids(audit(changeable, f"{DELETIONS} AND {span}")) == ["u2"]
    assert uids(audit(changeable, f'{DELETIONS} AND errCode = "403005"')) == ["u9"]


def test_only_everything_is_selected_and_only_from_the_log(changeable: Sandbox) -> None:
    assert call(changeable, "audit.search", query="SELECT uid FROM auditLog")["errorCode"] == 400006
    assert call(changeable, "audit.search", query="SELECT * FROM accounts")["errorCode"] == 400006
    assert call(changeable, "audit.search")["errorCode"] == 400002


def test_a_cursor_gives_page_after_page_and_the_same_id_the_same_page(changeable: Sandbox) -> None:
    for number in range(3):
        changeable.site.delete(f"u{number + 1}", at=JUNE + number)
    body = audit(changeable, f"{DELETIONS} LIMIT 2", openCursor="true")
    assert (uids(body), body["totalCount"]) == (["u1", "u2"], 3)
    again = [call(changeable, "audit.search", cursorId=body["nextCursorId"]) for _ in range(2)]
    assert [(uids(page), page.get("nextCursorId")) for page in again] == [(["u3"], None)] * 2
    assert "nextCursorId" not in audit(changeable, f"{DELETIONS} LIMIT 2")
    assert call(changeable, "audit.search", cursorId="unknown")["errorCode"] == 400006


def test_the_stream_tells_changes_in_their_order_until_there_are_none(changeable: Sandbox) -> None:
    changeable.site.change("u1", data={"x": "1"})
    assert call(changeable, "accounts.deleteAccount", UID="u2")["errorCode"] == 0
    cursor = call(changeable, "accounts.stream.create", since=str(int(time.time()) - 60))["cursorId"]
    found = []
    for _ in range(3):
        body = call(changeable, "accounts.stream.read", cursorId=cursor, limit="1")
        found += [(change["uid"], change["operation"]) for change in body["results"]]
        cursor = body["cursorId"]
    assert found == [("u1", "upsert"), ("u2", "delete")]


def test_the_stream_reaches_thirty_days_back(changeable: Sandbox) -> None:
    old = str(int(time.time()) - 31 * 86_400)
    assert call(changeable, "accounts.stream.create", since=old)["errorCode"] == 400006
    assert call(changeable, "accounts.stream.read", cursorId="nothing")["errorCode"] == 400006
