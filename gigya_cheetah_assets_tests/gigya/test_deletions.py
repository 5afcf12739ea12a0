from __future__ import annotations

import json
from pathlib import Path

import pytest

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.gigya import GigyaClient, GigyaRefused
from gigya_cheetah_assets.gigya.deletions import (
    DeletedAccount,
    _Call,
    _of_call,
    audit_query,
    from_audit_log,
    from_stream,
)
from gigya_cheetah_assets.sandbox import Population, Sandbox
from gigya_cheetah_assets_tests.integration.sync_content import sync_content

JUNE = 1_780_300_800_000


def test_the_query_asks_for_everything_of_the_window_and_of_the_kinds_that_are_read() -> None:
    assert str(audit_query(JUNE, JUNE + 1, lite=False)) == (
        'SELECT * FROM auditLog WHERE (endpoint = "accounts.deleteAccount")'
        ' AND @timestamp >= "2026-06-01T08:00:00.000Z" AND @timestamp < "2026-06-01T08:00:00.001Z" LIMIT 1000'
    )
    assert "accounts.deleteLiteAccount" in str(audit_query(None, None, lite=True))
    assert "@timestamp" not in str(audit_query(None, None, lite=True))


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (
            _Call("2026-06-01T08:00:00.000Z", "0", "accounts.deleteAccount", "u1", {"UID": "u1"}),
            DeletedAccount("u1", JUNE, "accounts.deleteAccount"),
        ),
        (
            _Call("2026-06-01T08:00:00", 0, "accounts.deleteAccount", None, {"UID": "u1"}),
            DeletedAccount("u1", JUNE, "accounts.deleteAccount"),
        ),
        (
            _Call("soon", "403005", "accounts.deleteAccount", "u1", "UID=u1"),
            DeletedAccount("u1", None, "accounts.deleteAccount", succeeded=False),
        ),
        (
            _Call(None, "0", "accounts.deleteLiteAccount", "admin", {"emailAccountToken": "t1"}),
            DeletedAccount("t1", None, "accounts.deleteLiteAccount"),
        ),
        (
            _Call(endpoint="accounts.deleteAccount"),
            DeletedAccount(None, None, "accounts.deleteAccount", succeeded=False),
        ),
    ],
)
def test_an_entry_of_the_log_is_read_however_it_is_spelled(call: _Call, expected: DeletedAccount) -> None:
    assert _of_call(call) == expected


def test_log_and_stream_of_a_site_are_read_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = tmp_path / "accounts.jsonl"
    accounts.write_text("\n".join(json.dumps({"UID": f"u{number}"}) for number in range(30)), encoding="utf-8")
    with Sandbox(tmp_path / "sandbox", Population(load=accounts), faults="short_pages") as sandbox:
        for name, value in sandbox.environ.items():
            monkeypatch.setenv(name, value)
        config = Sync.model_validate(sync_content(sandbox, tmp_path)).gigya
        since = sandbox.site.clock.milliseconds() - 60_000
        for number in range(20):
            sandbox.site.delete(f"u{number}", audited=number % 2 == 0)
        with GigyaClient(config) as client:
            logged = [one.uid for page in from_audit_log(client, audit_query(since, None, lite=False)) for one in page]
            told = [one.uid for page in from_stream(client, since) for one in page]
            assert (set(logged), len(told)) == ({f"u{number}" for number in range(0, 20, 2)}, 20)
            with pytest.raises(GigyaRefused):
                list(from_stream(client, since - 40 * 86_400_000))
