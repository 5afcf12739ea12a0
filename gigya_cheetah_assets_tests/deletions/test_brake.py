from __future__ import annotations

import pytest

from gigya_cheetah_assets.config.sync import Limits
from gigya_cheetah_assets.deletions.brake import deletion_share
from gigya_cheetah_assets.deletions.summary import DeletionsSummary


def found(*, known: int, population: int) -> DeletionsSummary:
    counts = dict.fromkeys(("read", "failed", "nameless", "repeated", "alive", "rejected", "erased", "deleted"), 0)
    return DeletionsSummary(
        window="w", source="audit_log", query="", **counts, known=known, population=population, reasons={}, problems=[]
    )


@pytest.mark.parametrize(
    ("known", "population", "holds"), [(5, 100, True), (6, 100, False), (19, 19, True), (0, 0, True), (20, 20, False)]
)
def test_the_brake_holds_up_to_its_limit_and_needs_people_to_compare_with(
    known: int, population: int, *, holds: bool
) -> None:
    assert deletion_share(found(known=known, population=population), Limits()).holds is holds
