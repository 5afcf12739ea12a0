from __future__ import annotations

from gigya_cheetah_assets.staging.refusals import SECONDS, Refusals


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_refused_login_rests_for_half_an_hour_and_another_credential_does_not() -> None:
    clock = Clock()
    refusals = Refusals(clock)
    refusals.note("host:22", "acme", "old")
    assert refusals.seconds_left("host:22", "acme", "old") == SECONDS
    assert refusals.seconds_left("host:22", "acme", b"new") == 0
    assert refusals.seconds_left("host:22", "acm", "eold") == 0
    clock.now += SECONDS - 1
    assert refusals.seconds_left("host:22", "acme", "old") == 1
    clock.now += 1
    assert refusals.seconds_left("host:22", "acme", "old") == 0


def test_nothing_of_a_credential_is_kept() -> None:
    refusals = Refusals()
    refusals.note("host:22", "acme", "hidden-word")
    assert "hidden-word" not in repr(vars(refusals))
