from __future__ import annotations

import dagster as dg
import pytest

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.definitions import build_definitions
from gigya_cheetah_assets_tests.syncs import minimal_sync

VARIABLES = ("GIGYA_API_KEY", "GIGYA_USER_KEY", "GIGYA_SECRET")
OUTBOUND = ("gigya_profiles", "cheetahmail_rows", "staged_import_files", "opt_out_clock", "retention")
DELETIONS = ("gigya_deletions", "staged_deletion_file")
SCHEDULES = ("outbound", "deletions", "opt_out_clock", "retention")
INBOUND = ("inbound_rows", "inbound_change_set", "gigya_account_updates", "reconciliation")


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "x")


def _sync(**changes: object) -> Sync:
    return Sync.model_validate(minimal_sync(**changes))


def test_the_definitions_are_loadable() -> None:
    dg.Definitions.validate_loadable(build_definitions(syncs=[_sync(), _sync(name="other")]))


def test_each_sync_has_its_own_assets_job_and_schedule() -> None:
    definitions = build_definitions(syncs=[_sync(), _sync(name="other")])
    repository = definitions.get_repository_def()
    names = {key.to_user_string() for key in repository.asset_graph.executable_asset_keys}
    assert names == {f"{sync}/{asset}" for sync in ("acme", "other") for asset in (*OUTBOUND, *DELETIONS)}
    assert {"acme_outbound", "other_outbound"} <= set(repository.job_names)
    assert {schedule.name for schedule in repository.schedule_defs} == {
        f"{sync}_{name}_schedule" for sync in ("acme", "other") for name in SCHEDULES
    }


def test_a_sync_with_inbound_files_has_the_other_direction_too() -> None:
    files = {"unsubscribes": {"pattern": "*unsubs_*"}}
    repository = build_definitions(syncs=[_sync(inbound_files=files)]).get_repository_def()
    names = {key.to_user_string() for key in repository.asset_graph.executable_asset_keys}
    assert names == {f"acme/{asset}" for asset in (*OUTBOUND, *DELETIONS, *INBOUND)}
    assert {sensor.name for sensor in repository.sensor_defs} == {"acme_inbox_sensor", "acme_delivery_sensor"}
    assert "acme_feeds_schedule" in {schedule.name for schedule in repository.schedule_defs}


def test_a_sync_without_its_variables_is_shown_but_cannot_run_and_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gigya = minimal_sync()["gigya"] | {"api_key": {"env": "OTHER_API_KEY"}}
    monkeypatch.delenv("OTHER_API_KEY", raising=False)
    repository = build_definitions(syncs=[_sync(), _sync(name="other", gigya=gigya)]).get_repository_def()
    assert {key.path[0] for key in repository.asset_graph.executable_asset_keys} == {"acme"}
    shown = repository.asset_graph.get(dg.AssetKey(["other", "staged_import_files"]))
    assert "OTHER_API_KEY (gigya.api_key)" in (shown.description or "")
    assert "other_outbound" not in repository.job_names
    assert "set the environment variables OTHER_API_KEY (gigya.api_key)" in caplog.text


def test_no_field_of_a_resource_holds_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIGYA_SECRET", "a-secret-of-the-site")
    definitions = build_definitions(syncs=[_sync()])
    resources = definitions.get_repository_def().get_top_level_resources()
    assert list(resources) == ["connections"]
    assert "a-secret-of-the-site" not in str(vars(resources["connections"]))


def test_each_segment_is_a_partition_with_a_schedule_of_its_own() -> None:
    segments = [
        {"name": "gold", "where": 'data.tier = "gold"'},
        {"name": "new", "where": "createdTimestamp > {now-1d}", "every": "hour"},
        {"name": "odd", "where": "isActive = false", "every": "5 */6 * * 1-5"},
    ]
    repository = build_definitions(syncs=[_sync(segments=segments)]).get_repository_def()
    graph = repository.asset_graph
    for name in ("segment_members", "staged_segment_file"):
        partitions = graph.get(dg.AssetKey(["acme", name])).partitions_def
        assert partitions is not None
        assert list(partitions.get_partition_keys()) == ["gold", "new", "odd"]
    schedules = {s.name: s.cron_schedule for s in repository.schedule_defs if "_segment_" in s.name}
    assert schedules == {
        "acme_segment_gold_schedule": "35 4 * * *",
        "acme_segment_new_schedule": "35 * * * *",
        "acme_segment_odd_schedule": "5 */6 * * 1-5",
    }
    with dg.build_schedule_context(repository_def=repository) as context:
        tick = repository.get_schedule_def("acme_segment_new_schedule").evaluate_tick(context)
    (request,) = tick.run_requests or []
    assert request.partition_key == "new"
