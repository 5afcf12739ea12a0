"""What stops a window, and what the person who reads the failure is told."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gigya_cheetah_assets.errors import RetryLater
from gigya_cheetah_assets.gigya import GigyaClient
from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound.extract import extract
from gigya_cheetah_assets.outbound.window import window_of
from gigya_cheetah_assets.sandbox import Sandbox
from gigya_cheetah_assets_tests.integration.reading import delivery_summary, failure, folder_of, lines, rows_summary
from gigya_cheetah_assets_tests.integration.runs import FIRST, PEOPLE, Runs, runs

HOURLY = {"every": "hour", "start": "2026-03-01T22:00:00Z"}
FUNCTIONS = "gigya_cheetah_assets_tests.integration.user_functions"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox", PEOPLE) as sandbox:
        yield sandbox


@pytest.fixture
def outbound(sandbox: Sandbox, tmp_path: Path) -> Iterator[Runs]:
    with runs(sandbox, tmp_path / "run") as outbound:
        yield outbound


def _ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def test_a_window_far_smaller_than_those_before_stops_until_released(sandbox: Sandbox, tmp_path: Path) -> None:
    hours = ["2026-03-01-23:00", "2026-03-02-00:00", "2026-03-02-01:00"]
    with runs(sandbox, tmp_path / "run", windows=HOURLY) as outbound:
        assert outbound.run("2026-03-01-22:00").success
        for number, hour in zip((60, 60, 5), hours, strict=True):
            sandbox.site.touch(number, at=_ms(f"{hour[:10]}T{hour[11:]}:00") + 600_000)
            result = outbound.run(hour)
        assert not result.success
        volume = next(e for e in result.get_asset_check_evaluations() if e.check_name == "volume")
        assert not volume.passed
        assert re.search(r"\d accounts, the smallest of the 3 windows before had \d\d", str(volume.metadata["figures"]))
        assert not folder_of(outbound, "cheetahmail_rows", hours[-1]).exists()
        window = window_of(outbound.sync.windows, hours[-1], now=datetime.now(UTC))
        with Ledger.open() as ledger:
            ledger.release("sandbox", window.stamp, "volume")
        again = outbound.run(hours[-1])
        assert again.success
        volume = next(e for e in again.get_asset_check_evaluations() if e.check_name == "volume")
        assert volume.passed
        assert volume.metadata["released_by_a_person"].value == 1
        assert delivery_summary(outbound, hours[-1]).read > 0


def test_mass_opt_outs_stop_before_anything_is_delivered(outbound: Runs) -> None:
    assert outbound.run(FIRST).success
    before = outbound.files()
    outbound.content["limits"]["max_opt_out_share"] = 0.1
    opted_in = [row["GIGYA_UID"] for row in lines(outbound, "profiles", FIRST) if row["NEWSLETTER"] == "1"]
    full = {doc["UID"] for doc in outbound.sandbox.site.accounts() if doc.get("UID")}
    for uid in [uid for uid in opted_in if uid in full][:40]:
        opt_out = {"newsletter": {"email": {"isSubscribed": False}}}
        outbound.sandbox.site.change(uid, subscriptions=opt_out, at=_ms("2026-03-02T10:00:00"))
    result = outbound.run("2026-03-02")
    assert not result.success
    assert {e.check_name for e in result.get_asset_check_evaluations() if not e.passed} >= {"opt_out_share"}
    assert outbound.files() == before
    alone = outbound.run("2026-03-02", assets="staged_import_files")
    assert "gigya-cheetah release sandbox 2026-03-02 opt_out_share" in failure(alone)
    assert "40 of 40 known people turned to opt_out in NEWSLETTER" in failure(alone)


def test_profiles_of_other_fields_are_not_mapped(outbound: Runs) -> None:
    assert outbound.run(FIRST, assets="gigya_profiles").success
    outbound.content["fields"] = outbound.content["fields"][:-1]
    result = outbound.run(FIRST, assets="cheetahmail_rows")
    assert not result.success
    assert "materialize gigya_profiles of this window again" in failure(result)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"function": f"{FUNCTIONS}:fails"}, f"function {FUNCTIONS}:fails failed with ValueError"),
        ({"function": f"{FUNCTIONS}:too_short"}, f"{FUNCTIONS}:too_short must return a Series"),
        ({"function": f"{FUNCTIONS}:nowhere"}, f"function {FUNCTIONS}:nowhere: AttributeError"),
    ],
)
def test_a_wrong_function_of_the_user_is_named_without_a_value(
    outbound: Runs, changes: dict[str, Any], says: str
) -> None:
    outbound.content["fields"].append({"cheetahmail": "OWN", "gigya": "profile.lastName", **changes})
    result = outbound.run(FIRST)
    assert not result.success
    assert says in failure(result)
    assert "cannot read" not in failure(result)
    assert outbound.files() == {}


def test_a_record_filter_that_gives_no_mask_is_named(outbound: Runs) -> None:
    # A segment needs a filter that can be asked of accounts.
    outbound.content |= {"record_filter": [{"function": f"{FUNCTIONS}:no_mask"}], "segments": []}
    result = outbound.run(FIRST)
    assert not result.success
    assert "must return a boolean Series" in failure(result)


def test_an_unknown_host_key_stops_and_nothing_is_recorded(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging = {
        "type": "sftp",
        "host": "127.0.0.1",
        "port": sandbox.sftp_port,
        "username": "sandbox",
        "password": {"env": "SANDBOX_SFTP_PASSWORD"},
        "known_hosts": {"env": "SANDBOX_SFTP_KNOWN_HOSTS"},
    }
    other = "AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ"
    with runs(sandbox, tmp_path / "run", staging=staging) as outbound:
        monkeypatch.setenv("SANDBOX_SFTP_KNOWN_HOSTS", f"[127.0.0.1]:{sandbox.sftp_port} ssh-ed25519 {other}")
        result = outbound.run(FIRST)
        assert not result.success
        assert "host key" in failure(result)
        assert "known_hosts" in failure(result)
        assert other not in failure(result)
        assert list((sandbox.sftp_root / "autoproc").iterdir()) == []
        with Ledger.open() as ledger:
            assert ledger.revision("sandbox") == 0
        monkeypatch.setenv("SANDBOX_SFTP_KNOWN_HOSTS", sandbox.known_hosts)
        assert outbound.run(FIRST).success


def test_an_unreachable_site_is_named_and_may_be_tried_later(outbound: Runs, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        outbound.content["gigya"] |= {"api_domain": f"127.0.0.1:{taken.getsockname()[1]}", "retry_seconds": 0}
        sync = outbound.sync
        window = window_of(sync.windows, FIRST, now=datetime.now(UTC))
        with GigyaClient(sync.gigya) as client, pytest.raises(RetryLater) as caught:
            extract(client, sync, FieldTable.from_sync(sync), [window], data=tmp_path / "data")
    assert "no whole answer from 127.0.0.1" in str(caught.value)
    assert "Next: check gigya.api_domain" in str(caught.value)
    assert [path for path in (tmp_path / "data").rglob("*") if path.is_file()] == []


def test_counts_of_a_stopped_window_still_add_up(outbound: Runs) -> None:
    outbound.content["limits"]["max_reject_share"] = 0.0
    assert not outbound.run(FIRST).success
    rows = rows_summary(outbound, FIRST)
    assert rows.read == rows.changed + rows.unchanged + rows.filtered + rows.rejected
    assert rows.rejected > 0
