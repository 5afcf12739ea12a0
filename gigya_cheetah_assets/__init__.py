"""Keeps Gigya (SAP Customer Data Cloud) and CheetahMail in agreement, as Dagster assets.

`definitions.py` is the whole system on one page; everything below the Dagster modules is plain Python.
"""

import atexit
import gc
import os

# Imports and batches make hundreds of thousands of objects that stay: at its usual pace Python's collector walks over
# all of them again and again, a quarter of a start's time. Memory does not wait for it: there are hardly any cycles.
gc.set_threshold(100_000, 20, 100)
# The last collections, in the end of a process, would free what the system takes back anyway: half a second.
atexit.register(gc.freeze)
# Of Arrow's allocators the system's own is the quickest here and keeps a fifth less; read when pyarrow is loaded.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
