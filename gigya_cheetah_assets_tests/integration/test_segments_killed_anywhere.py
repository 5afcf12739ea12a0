"""A segment that was killed at each of its steps: CheetahMail ends with the members that the site has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gigya_cheetah_assets.sandbox import Sandbox
from gigya_cheetah_assets.store import steps
from gigya_cheetah_assets_tests.integration.runs import PEOPLE, Runs, runs
from gigya_cheetah_assets_tests.integration.segment_runs import NAME, SEGMENT, lapsed, members, replayed, set_tier

SIGKILLED = -9


@pytest.fixture
def segments(tmp_path: Path) -> Iterator[Runs]:
    with Sandbox(tmp_path / "sandbox", PEOPLE) as sandbox, runs(sandbox, tmp_path / "run") as started:
        started.content["segments"] = [SEGMENT]
        syncs = started.folder / "syncs"
        syncs.mkdir()
        (syncs / "sandbox.yaml").write_text(yaml.safe_dump(started.content), encoding="utf-8")
        os.environ["GIGYA_CHEETAH_SYNCS"] = str(syncs)
        yield started


@pytest.fixture
def killer() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "gigya_cheetah_assets_tests.integration.killable"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


def run(killer: subprocess.Popen[str], step: str = "") -> dict[str, Any]:
    """The whole job in a process of its own, killed at a durable step."""
    assert killer.stdin is not None
    assert killer.stdout is not None
    order = {"environ": dict(os.environ), "job": "sandbox_segments", "window": NAME, "step": step}
    killer.stdin.write(json.dumps(order) + "\n")
    killer.stdin.flush()
    answer: dict[str, Any] = json.loads(killer.stdout.readline())
    return answer


def people_change(site: Sandbox) -> str:
    """Somebody joins and somebody leaves; returns the UID of who joins."""
    joiner, leaver = lapsed(site, "silver")[0], lapsed(site)[0]
    set_tier(site, joiner, "gold")
    set_tier(site, leaver, "silver")
    return joiner


@pytest.mark.timeout(300)
def test_after_a_kill_at_each_durable_step_the_same_file_comes_again_and_then_what_changed(
    killer: subprocess.Popen[str], segments: Runs
) -> None:
    site = segments.sandbox
    assert tuple(run(killer)["steps"]) == steps.SEGMENTS
    for step in steps.SEGMENTS:
        joiner = people_change(site)
        assert run(killer, step)["code"] == SIGKILLED
        left = {name: content for name, content in segments.files().items() if name.startswith(NAME)}
        lost = replayed(left) != members()
        assert lost == (step == steps.FILE_DELIVERED)
        # CheetahMail may have imported by now what was left; and the one who joined is a member no more.
        set_tier(site, joiner, "none")
        for _ in range(2):
            again = run(killer)
            assert again["code"] == 0, again["output"]
        files = segments.files()
        assert {name: files[name] for name in left} == left, step
        assert replayed(files) == members() == set(lapsed(site)), step
