from __future__ import annotations

import pytest

from gigya_cheetah_assets.config import Limits
from gigya_cheetah_assets.outbound import brakes
from gigya_cheetah_assets.outbound.summary import RowsSummary

LIMITS = Limits()


def _summary(**changes: object) -> RowsSummary:
    values: dict[str, object] = {
        "window": "2026-03-01-10:00", "read": 100, "changed": 100, "unchanged": 0, "filtered": 0, "rejected": 0,
        "reasons": {}, "value_errors": {}, "problems": [], "kinds": {}, "flips": {}, "known": 100,
        "unaddressable": 0, "ledger_revision": 1, "mapping_version": "v", "sample_size": None,
    }  # fmt: skip
    return RowsSummary(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("read", "earlier", "holds"),
    [
        (49, [100, 100, 100], False),
        (50, [100, 100, 100], True),
        (300, [100, 100, 100], True),
        (0, [100, 100, 100], False),
        (60, [1000, 100, 500], True),
        (0, [100, 100], True),
        (0, [5, 100, 100], True),
    ],
)
def test_a_window_far_below_the_smallest_before_it_brakes(read: int, earlier: list[int], holds: bool) -> None:
    assert brakes.volume(read, earlier, LIMITS).holds is holds


def test_the_reject_share_counts_all_accounts_read() -> None:
    assert brakes.reject_share(_summary(rejected=2), LIMITS).holds
    assert not brakes.reject_share(_summary(rejected=3), LIMITS).holds
    assert brakes.reject_share(_summary(read=0), LIMITS).found == 0


def test_mass_opt_outs_and_mass_opt_ins_brake_each_by_the_worst_column() -> None:
    flips = {"A": {"opt_out": 11, "opt_in": 0}, "B": {"opt_in": 50}}
    out, into = brakes.consent_shares(_summary(flips=flips), LIMITS)
    assert (out.name, out.found, out.holds) == ("opt_out_share", 0.11, False)
    assert "in A" in out.explanation
    assert (into.name, into.found, into.holds) == ("opt_in_share", 0.5, False)


def test_a_handful_of_known_people_says_nothing_about_shares() -> None:
    assert all(b.holds for b in brakes.consent_shares(_summary(known=5, flips={"A": {"opt_out": 5}}), LIMITS))
