from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from gigya_cheetah_assets.config import Sync, data_folder
from gigya_cheetah_assets.definitions import build_definitions
from gigya_cheetah_assets.inbound.arrivals import note_look
from gigya_cheetah_assets_tests.syncs import minimal_sync

FILES = {"unsubscribes": {"pattern": "*unsubs_*", "expect": "daily"}, "bounces": {"pattern": "*bounces_*"}}
NAMES = ("acme_inbox_sensor", "acme_delivery_sensor")


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("GIGYA_API_KEY", "GIGYA_USER_KEY", "GIGYA_SECRET"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("GIGYA_CHEETAH_DATA", str(tmp_path / "data"))


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster"), {"telemetry": {"enabled": False}}) as made:
        yield made


def sync(**changes: object) -> Sync:
    return Sync.model_validate(minimal_sync(inbound_files=FILES, **changes))


@pytest.mark.parametrize(
    ("automation", "status"),
    [("running", dg.DefaultSensorStatus.RUNNING), ("stopped", dg.DefaultSensorStatus.STOPPED)],
)
def test_sensors_start_with_the_daemon_where_the_sync_says_so(automation: str, status: dg.DefaultSensorStatus) -> None:
    repository = build_definitions(syncs=[sync(automation=automation)]).get_repository_def()
    assert [repository.get_sensor_def(name).default_status for name in NAMES] == [status, status]


def test_each_delivery_is_told_once_of_cheetahmails_list(instance: dg.DagsterInstance) -> None:
    sensor = build_definitions(syncs=[sync()]).resolve_sensor_def("acme_delivery_sensor")
    files = dg.AssetKey(["acme", "staged_import_files"])

    def tick(cursor: str | None) -> Any:
        with dg.build_sensor_context(instance=instance, cursor=cursor) as context:
            return sensor(context)

    assert "nothing was delivered" in str(tick(None).skip_reason)
    for window in ("2026-01-01-00:00", "2026-01-01-01:00"):
        metadata = {"delivered": 3, "ledger_revision": 7, "examples": "not for the list"}
        instance.report_runless_asset_event(dg.AssetMaterialization(files, partition=window, metadata=metadata))
    told = tick(None)
    assert [event.asset_key.path[-1] for event in told.asset_events] == ["cheetahmail_subscribers"] * 2
    found = [{name: value.value for name, value in event.metadata.items()} for event in told.asset_events]
    assert [one["window"] for one in found] == ["2026-01-01-00:00", "2026-01-01-01:00"]
    assert found[0] == {"window": "2026-01-01-00:00", "delivered": 3, "ledger_revision": 7}
    assert tick(told.cursor).asset_events == []


@pytest.mark.parametrize(("hours", "passed"), [(1, True), (27, False)])
def test_a_daily_feed_that_stays_away_turns_its_check_red(
    instance: dg.DagsterInstance, hours: int, passed: bool
) -> None:
    note_look(data_folder(), sync(), datetime.now(UTC) - timedelta(hours=hours))
    job = build_definitions(syncs=[sync()]).resolve_job_def("acme_feeds")
    result = job.execute_in_process(instance=instance)
    found = {one.check_name: one.passed for one in result.get_asset_check_evaluations()}
    assert found == {"unsubscribes_arrive": passed, "bounces_arrive": True, "any_feed_arrives": passed}
