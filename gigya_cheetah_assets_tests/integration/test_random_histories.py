"""After random histories of both sides, and quiet, both sides agree and no opt-out is undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from gigya_cheetah_assets_tests.integration.histories import Plan, playing


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [1, 2])
def test_after_quiet_both_sides_agree_and_no_opt_out_is_undone(seed: int, tmp_path: Path) -> None:
    with playing(Plan(seed, people=150), tmp_path) as world:
        world.play()
        assert world.killed
        assert len(world.said) > 100
        assert world.problems() == []
