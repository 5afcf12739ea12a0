"""Attempts, one after another, and what came of each. What they do is in the modules beside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from gigya_cheetah_assets.errors import GigyaCheetahError

Outcome = Literal["works", "fails", "not tried"]


@dataclass(frozen=True)
class Attempt:
    """One step before it is tried.

    Attributes:
        name: In a word or two.
        action: Does it and says what it found; raises `GigyaCheetahError` when it does not work.
        needs: Names of the attempts of the same part that must have worked, or there is no point in trying.
    """

    name: str
    action: Callable[[], str]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One step and what came of it.

    Attributes:
        part: What it belongs to, such as `Gigya` or `outbox`.
        name: As of its attempt.
        outcome: `not tried` when a step that it needs does not work.
        found: What was found, or what went wrong.
        next_step: What to do about it; empty when it works.
    """

    part: str
    name: str
    outcome: Outcome
    found: str = ""
    next_step: str = ""


def try_all(part: str, attempts: Sequence[Attempt]) -> list[Step]:
    """Tries each attempt once, in order; one that fails holds up only those that need it."""
    steps: list[Step] = []
    working: set[str] = set()
    for attempt in attempts:
        if not working.issuperset(attempt.needs):
            steps.append(Step(part, attempt.name, "not tried"))
            continue
        try:
            steps.append(Step(part, attempt.name, "works", attempt.action()))
        except GigyaCheetahError as error:
            steps.append(Step(part, attempt.name, "fails", error.problem, error.next_step))
        else:
            working.add(attempt.name)
    return steps


def in_a_row(attempts: Sequence[Attempt]) -> list[Attempt]:
    """The attempts, each of which needs the one before it beside its own needs."""
    needed: tuple[str, ...] = ()
    chained = []
    for attempt in attempts:
        chained.append(Attempt(attempt.name, attempt.action, (*attempt.needs, *needed)))
        needed = (attempt.name,)
    return chained
