from __future__ import annotations

import dagster as dg
import msgspec
import pytest

from gigya_cheetah_assets import checks
from gigya_cheetah_assets.outbound.brakes import Brake
from gigya_cheetah_assets.outbound.summary import RowsSummary

ROWS = RowsSummary(
    window="w1", read=10, changed=4, unchanged=3, filtered=2, rejected=1, reasons={}, value_errors={}, problems=[],
    kinds={}, flips={}, known=0, unaddressable=0, ledger_revision=0, mapping_version="v", sample_size=None,
)  # fmt: skip


def _value(result: dg.AssetCheckResult, name: str) -> object:
    return result.metadata[name].value


def test_the_count_identity_fails_for_the_window_that_does_not_add_up() -> None:
    assert checks.of_identity([ROWS]).passed
    result = checks.of_identity([ROWS, msgspec.structs.replace(ROWS, window="w2", read=11)])
    assert not result.passed
    assert _value(result, "windows_that_do_not_add_up") == "w2"
    assert _value(result, "read") == 21


def test_frame_problems_are_told_apart_into_keys_and_columns() -> None:
    found = {"w1": ["duplicate keys: 2 in UID"], "w2": ["X: column_in_schema"]}
    by_name = {result.check_name: result for result in checks.of_problems(found)}
    assert _value(by_name["keys"], "problems") == "w1: duplicate keys: 2 in UID"
    assert _value(by_name["columns"], "problems") == "w2: X: column_in_schema"
    assert not by_name["keys"].passed
    assert not by_name["columns"].passed
    assert all(result.passed for result in checks.of_problems({"w1": []}))


@pytest.mark.parametrize(("released", "passed"), [(set(), False), ({"w1"}, False), ({"w1", "w2"}, True)])
def test_a_brake_passes_when_every_window_over_it_was_released(released: set[str], passed: bool) -> None:
    over = Brake("reject_share", 0.5, 0.02, "5 of 10 accounts rejected")
    fine = Brake("reject_share", 0.0, 0.02, "0 of 10 accounts rejected")
    found = {"w1": [over], "w2": [over], "w3": [fine]}
    (result,) = checks.of_brakes(found, lambda window, brake: brake == "reject_share" and window in released)
    assert result.passed is passed
    assert _value(result, "found") == 0.5
    assert _value(result, "released_by_a_person") == len(released)
    assert "w2: 5 of 10 accounts rejected" in str(_value(result, "figures"))


def test_a_brake_without_anything_to_compare_with_passes() -> None:
    (result,) = checks.of_brakes({"w1": [Brake("volume", None, 0.5, "too few")]}, lambda *_: False)
    assert result.passed
    assert "found" not in result.metadata


def test_reasons_are_counted_over_all_windows_and_only_warn() -> None:
    result = checks.of_reasons("rejects", [{"EMAIL": {"missing": 2}}, {"EMAIL": {"missing": 1}, "N": {"too_long": 4}}])
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert _value(result, "records") == 7
    assert _value(result, "EMAIL: missing") == 3
    assert _value(result, "N: too_long") == 4
    assert checks.of_reasons("rejects", [{}]).passed
