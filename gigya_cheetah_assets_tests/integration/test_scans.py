"""Reading windows from a site that forgets cursors, repeats accounts, or hides whose e-mail account it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.gigya import GigyaClient
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound.by_key import ByKey
from gigya_cheetah_assets.outbound.extract import extract
from gigya_cheetah_assets.outbound.scan import scans
from gigya_cheetah_assets.outbound.spool import in_stable_order
from gigya_cheetah_assets.outbound.summary import ProfilesSummary
from gigya_cheetah_assets.outbound.window import window_of
from gigya_cheetah_assets.sandbox import Sandbox
from gigya_cheetah_assets.store import folders
from gigya_cheetah_assets_tests.integration.runs import FIRST, PEOPLE
from gigya_cheetah_assets_tests.integration.sync_content import sync_content


@contextmanager
def _site(folder: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Iterator[tuple[Sandbox, Sync, GigyaClient]]:
    with Sandbox(folder / "sandbox", PEOPLE, **options) as sandbox:
        for name, value in sandbox.environ.items():
            monkeypatch.setenv(name, value)
        content = sync_content(sandbox, folder)
        content["gigya"] |= {"page_size": 20}
        sync = Sync.model_validate(content)
        with GigyaClient(sync.gigya) as client:
            yield sandbox, sync, client


def _read(client: GigyaClient, sync: Sync, folder: Path) -> tuple[ProfilesSummary, pa.Table]:
    window = window_of(sync.windows, FIRST, now=datetime.now(UTC))
    (summary,) = extract(client, sync, FieldTable.from_sync(sync), [window], data=folder)
    return summary, pq.read_table(
        folders.asset_folder(folder, sync.name, folders.PROFILES, window.stamp) / "profiles.parquet"
    )


def test_a_forgotten_cursor_and_repeated_accounts_neither_lose_nor_double_anybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with _site(tmp_path / "calm", monkeypatch) as (_, sync, client):
        calm, expected = _read(client, sync, tmp_path / "data")
    assert calm.duplicates == 0
    with _site(tmp_path / "wild", monkeypatch, faults="duplicates=0.5") as (_, sync, client):
        wild, found = _read(client, sync, tmp_path / "wild-data")
    assert wild.duplicates > 0
    assert found == expected
    with _site(tmp_path / "forgetful", monkeypatch, faults="cursor_expiry=0.08", fault_seed=2) as (_, sync, client):
        restarted, found = _read(client, sync, tmp_path / "forgetful-data")
    assert found == expected
    assert restarted.read == calm.read
    assert "Gigya forgot the cursor" in caplog.text


def test_a_run_of_windows_leaves_no_spool_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with _site(tmp_path, monkeypatch) as (_, sync, client):
        _read(client, sync, tmp_path / "data")
    assert list((tmp_path / "data" / sync.name / ".spool").iterdir()) == []


def test_accounts_are_looked_up_by_key_within_the_syncs_own_condition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _site(tmp_path, monkeypatch) as (sandbox, sync, client):
        by_key = ByKey(client, sync, FieldTable.from_sync(sync))
        documents = [doc for doc in sandbox.site.accounts() if doc.get("UID")]
        registered = {doc["UID"] for doc in documents if doc.get("isRegistered")}
        found = by_key.accounts(pa.array([doc["UID"] for doc in documents]))
        assert set(found["UID"].to_pylist()) == registered
        assert by_key.count == len(registered) < len(documents)
        assert len(by_key.accounts(pa.array([], pa.string()))) == 0


def test_consent_of_an_address_that_several_accounts_have_is_given_to_none_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _site(tmp_path, monkeypatch, expose_uid=False) as (sandbox, sync, client):
        table = FieldTable.from_sync(sync)
        own = sandbox.site.add_full(isRegistered=True, profile={"email": "Own@example.org"})
        for _ in range(2):
            sandbox.site.add_full(isRegistered=True, profile={"email": "both@example.org"})
        rows = [
            {"UID": None, "email": email, "is_full": full}
            for email, full in (("Own@example.org", True), ("both@example.org", True), ("lite@example.org", False))
        ]
        emails = pa.Table.from_pylist(rows, table.email_account_schema)
        named = ByKey(client, sync, table).with_uids(emails)
    assert dict(zip(named["email"].to_pylist(), named["UID"].to_pylist(), strict=True)) == {
        "Own@example.org": own,
        "lite@example.org": None,
    }


def test_a_large_scan_reads_in_a_second_process_what_it_reads_in_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _site(tmp_path, monkeypatch, faults="cursor_expiry=0.08", fault_seed=2) as (_, sync, client):
        table = FieldTable.from_sync(sync)
        window = window_of(sync.windows, FIRST, now=datetime.now(UTC))
        accounts = scans(sync, table, [window], ByKey(client, sync, table))[0]
        found = []
        for name, large in (("one", 10**9), ("two", 1)):
            (tmp_path / name).mkdir()
            spool = replace(accounts, large=large).into(tmp_path / name, client, 1).spool
            found.append(in_stable_order(pa.concat_tables(spool.read(spool.parts)), "UID", latest_by="updated"))
        assert len(found[0]) > 200
        assert found[0] == found[1]
