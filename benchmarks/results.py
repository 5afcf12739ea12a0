"""Lines of the report: what was measured, what was found, what is wanted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """One line of the report; without a target it is there to be known, and neither passes nor fails."""

    what: str
    found: str
    target: str = "none"
    passed: bool | None = None


def ratio(what: str, found: float, least: float | None) -> Result:
    """A ratio theirs/ours (above 1 ours is faster) that has to reach a target, if there is one."""
    if least is None:
        return Result(what, f"{found:.2f}x")
    return Result(what, f"{found:.2f}x", f">= {least:g}x", found >= least)


def at_least(what: str, found: float, least: float) -> Result:
    """A share that has to reach a target."""
    return Result(what, f"{found:.3f}", f">= {least:g}", found >= least)


def at_most(what: str, found: float, most: float, unit: str) -> Result:
    """A cost that has to stay within a target."""
    return Result(what, f"{found:.4g}{unit}", f"<= {most:g}{unit}", found <= most)


def report(results: Iterable[Result]) -> None:
    """Prints results as they come."""
    for result in results:
        mark = {True: "ok  ", False: "MISS", None: "    "}[result.passed]
        print(f"{mark} {result.what}: {result.found} (target {result.target})", flush=True)
