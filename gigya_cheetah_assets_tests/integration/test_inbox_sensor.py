"""The inbox sensor on every kind of staging: from a file in the inbox to its run, its copy and the archive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.definitions import build_definitions
from gigya_cheetah_assets.inbound.fetch import fetch
from gigya_cheetah_assets.inbound.offers import read_offer
from gigya_cheetah_assets.inbound.put_away import put_away
from gigya_cheetah_assets.resources import Connections
from gigya_cheetah_assets_tests.integration.back_ends import ALL, BackEnd
from gigya_cheetah_assets_tests.syncs import DESIGN_EXAMPLE

CONTENT = b"EMAIL,GIGYA_UID,REASON\na@example.org,u1,w\n"


@pytest.fixture(params=ALL)
def back_end(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BackEnd]:
    (tmp_path / "server").mkdir()
    with ALL[request.param](tmp_path / "server") as back_end:
        back_end.files.clear()
        yield back_end


@pytest.fixture
def sync(back_end: BackEnd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sync:
    """A sync with that staging, its variables and a data folder."""
    for name in ("GIGYA_API_KEY", "GIGYA_USER_KEY", "GIGYA_SECRET"):
        monkeypatch.setenv(name, "x")
    for name, value in back_end.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GIGYA_CHEETAH_DATA", str(tmp_path / "data"))
    plain = yaml.safe_load(DESIGN_EXAMPLE)
    plain["inbound_files"]["defaults"]["min_age_seconds"] = 0
    plain["staging"] = {"type": "local", "path": "unused"}
    return Sync.model_validate(plain).model_copy(update={"staging": back_end.config})


def test_a_file_becomes_a_run_at_the_second_look_and_is_fetched_and_put_away(back_end, sync, tmp_path) -> None:
    back_end.files.put("fromcheetah", "unsubs_1.dat", CONTENT)
    sensor = build_definitions(syncs=[sync]).resolve_sensor_def("acme_inbox_sensor")
    looks: list[Any] = []
    with dg.instance_for_test() as instance:
        for _ in range(3):
            cursor = looks[-1].cursor if looks else None
            context = dg.build_sensor_context(
                instance=instance, cursor=cursor, resources={"connections": Connections()}
            )
            with context:
                looks.append(sensor(context))
    assert [len(look.run_requests) for look in looks] == [0, 1, 0]
    [request] = looks[1].run_requests
    offer = read_offer(tmp_path / "data", sync, request.partition_key)
    with back_end.open() as staging:
        copy = fetch(staging, sync, offer, tmp_path / "copy")
        away = put_away(staging, sync, offer, "processed", b"{}")
    assert copy.path.read_bytes() == CONTENT
    assert back_end.files.read("fromcheetah/processed", "unsubs_1.dat") == CONTENT
    assert back_end.files.read("fromcheetah/processed", away.result) == b"{}"
