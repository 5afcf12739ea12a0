"""Keeps Gigya (SAP Customer Data Cloud) and CheetahMail in agreement, as Dagster assets.

`definitions.py` is the whole system on one page; everything below the Dagster modules is plain Python.
"""

import os
import sys

from gigya_cheetah_assets import pace

pace.loading()
# Of Arrow's allocators the one that gives memory back soonest: a million accounts need no more than a hundred thousand.
# Read when pyarrow is loaded; its packages have this one on Linux only.
if sys.platform == "linux":
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "jemalloc")
