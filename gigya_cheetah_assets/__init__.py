"""Keeps Gigya (SAP Customer Data Cloud) and CheetahMail in agreement, as Dagster assets.

`definitions.py` is the whole system on one page; everything below the Dagster modules is plain Python.
"""

import atexit
import gc
import os
import sys

# Imports and batches make hundreds of thousands of objects that stay: at its usual pace Python's collector walks over
# all of them again and again, a quarter of a start's time. Memory does not wait for it: there are hardly any cycles.
gc.set_threshold(100_000, 20, 100)
# The last collections, in the end of a process, would free what the system takes back anyway: half a second.
atexit.register(gc.freeze)
# Of Arrow's allocators the one that gives memory back soonest: a million accounts need no more than a hundred thousand.
# Read when pyarrow is loaded; its packages have this one on Linux only.
if sys.platform == "linux":
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "jemalloc")
