"""10,000 random histories of both sides: after quiet both agree, no opt-out is undone and no opt-in is lost.

Each world is a site, a list and a sync of its own, each of its people a history: see
`gigya_cheetah_assets_tests/integration/histories.py`. What is looked for are problems, not seconds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import results
from benchmarks.results import Result
from gigya_cheetah_assets_tests.integration.histories import Plan, playing

WORLDS, PEOPLE, SEED = 10, 1000, 1


def run(worlds: int = WORLDS, people: int = PEOPLE, seed: int = SEED) -> Result:
    """So many worlds one after the other, with seeds that count from the first one on."""
    problems = sum(_problems(Plan(each, people=people)) for each in range(seed, seed + worlds))
    return results.at_most(f"histories, {worlds * people:,} at random, problems after quiet", problems, 0, "")


def _problems(plan: Plan) -> int:
    """Plays a world and prints what should not be; identifiers of invented people only."""
    with tempfile.TemporaryDirectory() as folder, playing(plan, Path(folder)) as world:
        started = time.monotonic()
        world.play()
        found = world.problems()
        took = time.monotonic() - started
    acts = f"{world.done.total():,} acts, {world.killed} runs killed"
    print(f"  world {plan.seed}: {plan.people:,} people, {acts}, {len(found)} problems, {took:.0f} s", flush=True)
    for problem in found:
        print(f"    {problem}", flush=True)
    return len(found)


def main(arguments: Sequence[str] | None = None) -> int:
    """The report; the exit code is 1 if any history ended in a problem."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.histories", description=__doc__)
    parser.add_argument("--worlds", type=int, default=WORLDS, help="how many worlds, each of the next seed")
    parser.add_argument("--people", type=int, default=PEOPLE, help="people of a world, each a history")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of the first world")
    wanted = parser.parse_args(arguments)
    result = run(wanted.worlds, wanted.people, wanted.seed)
    results.report([result])
    return 0 if result.passed else 1


if __name__ == "__main__":
    sys.exit(main())
