from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg
import pytest

from gigya_cheetah_assets.assets.outbound import outbound_assets
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.definitions import build_definitions
from gigya_cheetah_assets.schedules import outbound_job, window_schedule
from gigya_cheetah_assets_tests.syncs import minimal_sync


def _schedule(**changes: object) -> dg.ScheduleDefinition:
    sync = Sync.model_validate(minimal_sync(**changes))
    return window_schedule(sync, outbound_job(sync, outbound_assets(sync)))


def _requested(moment: datetime, **changes: object) -> str | None:
    """The window that the schedule requests at a moment, inside the definitions as they are loaded."""
    repository = build_definitions(syncs=[Sync.model_validate(minimal_sync(**changes))]).get_repository_def()
    schedule = repository.get_schedule_def("acme_outbound_schedule")
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance=instance, scheduled_execution_time=moment, repository_def=repository
        )
        requests = schedule.evaluate_tick(context).run_requests or []
    assert len(requests) <= 1
    return requests[0].partition_key if requests else None


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIGYA_API_KEY", "GIGYA_USER_KEY", "GIGYA_SECRET"):
        monkeypatch.setenv(name, "x")


@pytest.mark.parametrize(
    ("windows", "cron", "moment", "window"),
    [
        ({"every": "hour"}, "5 * * * *", datetime(2026, 3, 1, 11, 5, tzinfo=UTC), "2026-03-01-10:00"),
        ({"every": "day", "delay_minutes": 20}, "20 0 * * *", datetime(2026, 3, 2, 0, 20, tzinfo=UTC), "2026-03-01"),
    ],
)
def test_the_window_that_has_just_ended_is_requested_after_the_delay(
    windows: dict[str, object], cron: str, moment: datetime, window: str
) -> None:
    windows = {"start": "2026-01-01T00:00:00Z", **windows}
    schedule = _schedule(windows=windows)
    assert (schedule.cron_schedule, schedule.execution_timezone) == (cron, "UTC")
    assert _requested(moment, windows=windows) == window


def test_before_the_first_window_has_ended_nothing_is_requested() -> None:
    windows = {"every": "day", "start": "2026-03-05T00:00:00Z"}
    assert _requested(datetime(2026, 3, 5, 0, 5, tzinfo=UTC), windows=windows) is None
    assert _requested(datetime(2026, 3, 6, 0, 5, tzinfo=UTC), windows=windows) == "2026-03-05"


def test_a_schedule_is_on_only_where_the_sync_says_so() -> None:
    assert _schedule().default_status is dg.DefaultScheduleStatus.STOPPED
    assert _schedule(automation="running").default_status is dg.DefaultScheduleStatus.RUNNING


def test_what_is_too_old_is_removed_every_night() -> None:
    repository = build_definitions(syncs=[Sync.model_validate(minimal_sync())]).get_repository_def()
    schedule = repository.get_schedule_def("acme_retention_schedule")
    assert (schedule.cron_schedule, schedule.job_name) == ("20 3 * * *", "acme_retention")


@pytest.mark.parametrize(("delay", "cron"), [(5, "15 * * * *"), (49, "59 * * * *"), (55, "59 * * * *")])
def test_deletions_are_read_after_the_outbound_window_of_the_same_hour(delay: int, cron: str) -> None:
    windows = {"every": "hour", "start": "2026-01-01T00:00:00Z", "delay_minutes": delay}
    repository = build_definitions(syncs=[Sync.model_validate(minimal_sync(windows=windows))]).get_repository_def()
    assert repository.get_schedule_def("acme_deletions_schedule").cron_schedule == cron
