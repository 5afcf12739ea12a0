from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pytest

from gigya_cheetah_assets.inbound.times import moments

NEW_YORK = "America/New_York"


def at(text: str | None, zone: str = NEW_YORK, *, late: bool = False) -> int | None:
    found, wrong = moments(pa.array([text], pa.string()), zone, late=late)
    assert wrong[0].as_py() == (bool(text) and found[0].as_py() is None)
    return found[0].as_py()


def ms(iso: str) -> int:
    return int(datetime.fromisoformat(iso).timestamp() * 1000)


@pytest.mark.parametrize(
    "text", ["20260701120000", "20260701120000123", "20260701120000 EST", "2026-07-01 12:00:00", "01-Jul-2026 12:00:00"]
)
def test_a_time_is_read_in_the_zone_of_the_feed(text):
    assert at(text) == ms("2026-07-01T12:00:00-04:00")
    assert at(text, "Asia/Tokyo") == ms("2026-07-01T12:00:00+09:00")


@pytest.mark.parametrize("text", ["20260701", "2026-07-01", "01-JUL-2026"])
def test_a_day_without_a_time_is_its_begin_or_for_an_opt_out_its_end(text):
    assert at(text) == ms("2026-07-01T00:00:00-04:00")
    assert at(text, late=True) == ms("2026-07-01T23:59:59.999-04:00")


def test_an_hour_that_comes_twice_is_the_earlier_one_or_for_an_opt_out_the_later_one():
    assert at("20261101013000") == ms("2026-11-01T01:30:00-04:00")
    assert at("20261101013000", late=True) == ms("2026-11-01T01:30:00.999-05:00")


def test_an_hour_that_never_was_lies_at_the_edge_of_the_gap():
    edge = ms("2026-03-08T03:00:00-04:00")
    assert at("20260308023000") == edge - 1
    assert at("20260308023000", late=True) == edge + 999


def test_an_opt_out_counts_until_the_end_of_its_second():
    assert at("20260701120000", late=True) == ms("2026-07-01T12:00:00.999-04:00")


@pytest.mark.parametrize(
    "text",
    ["20260230120000", "20261301000000", "20260101246000", "2026", "soon", "01-Foo-2026", "00010101000000", "2026-0701",
     "\u0662\u0660\u0662\u0666-01-01"],
)  # fmt: skip
def test_what_is_no_time_is_told(text):
    assert at(text) is None


def test_no_time_is_not_a_wrong_one():
    found, wrong = moments(pa.array([None, "", "20260701120000", "x"]), NEW_YORK, late=False)
    assert found.to_pylist()[:2] == [None, None]
    assert wrong.to_pylist() == [False, False, False, True]
