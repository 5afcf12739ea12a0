from __future__ import annotations

import logging

import pytest

from gigya_cheetah_assets.gigya import Clock

DATE = "Tue, 14 Nov 2023 22:13:20 GMT"


@pytest.mark.parametrize("wrong_by", [600, -600, 3600 * 24 * 365 * 75])
def test_a_wrong_clock_follows_the_date_header(wrong_by: int) -> None:
    clock = Clock(wall=lambda: 1_700_000_000.0 + wrong_by)
    assert clock.follow(DATE)
    assert clock.now() == 1_700_000_000


def test_a_correction_is_logged_once_with_its_size(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        Clock(wall=lambda: 1_700_000_600.0).follow(DATE)
    assert "-600 s" in caplog.text


@pytest.mark.parametrize("header", [None, "", "yesterday", "14 Nov"])
def test_a_header_that_is_no_date_changes_nothing(header: str | None) -> None:
    clock = Clock(wall=lambda: 1_234.0)
    assert not clock.follow(header)
    assert clock.now() == 1_234


def test_the_steady_clock_does_not_follow() -> None:
    clock = Clock(wall=lambda: 0.0, monotonic=lambda: 5.0)
    clock.follow(DATE)
    assert clock.monotonic() == 5.0
