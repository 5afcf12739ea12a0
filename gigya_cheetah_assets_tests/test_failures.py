from __future__ import annotations

import dagster as dg
import pytest

from gigya_cheetah_assets.errors import RefuseFile, RetryLater, StopSync
from gigya_cheetah_assets.failures import as_failures


@pytest.mark.parametrize(("kind", "again"), [(RetryLater, True), (StopSync, False), (RefuseFile, False)])
def test_only_what_may_succeed_later_is_tried_again(kind: type[StopSync], again: bool) -> None:
    with pytest.raises(dg.Failure) as caught, as_failures():
        raise kind("the site is down", next_step="wait")
    assert caught.value.allow_retries is again
    assert caught.value.description == "the site is down. Next: wait"
    assert caught.value.metadata["kind"].value == kind.__name__


def test_a_bug_stays_what_it_is() -> None:
    with pytest.raises(ZeroDivisionError), as_failures():
        raise ZeroDivisionError
