"""How often Python's collector runs: hardly ever while modules are loaded, seldom while work is done.

Imports make hundreds of thousands of objects that stay, and batches make many that go by themselves: at its usual pace
the collector walks over all of them again and again, a quarter of a start's time.
"""

from __future__ import annotations

import atexit
import gc


def loading() -> None:
    """Called before the first of the package's modules is loaded."""
    gc.set_threshold(1_000_000, 20, 100)
    # The last collections, in the end of a process, would free what the system takes back anyway: half a second.
    atexit.register(gc.freeze)


def working() -> None:
    """Called when all modules are loaded: they stay, so nobody needs to look at them again."""
    gc.freeze()
    # Memory does not wait for the collector: there are hardly any cycles.
    gc.set_threshold(100_000, 20, 100)
