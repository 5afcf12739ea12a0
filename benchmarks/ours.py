"""Our whole job in one process, as a schedule would run it: Dagster's in-process executor, all checks, the ledger.

    python -m benchmarks.ours WINDOW

The sync and the data folder come from GIGYA_CHEETAH_SYNCS and GIGYA_CHEETAH_DATA.
"""

from __future__ import annotations

import sys

from gigya_cheetah_assets.definitions import defs  # isort: skip - sets the collector's pace before Dagster is loaded

import dagster as dg


def main() -> None:
    """Materializes one window of the sync `bench`."""
    quiet = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
    with dg.DagsterInstance.ephemeral() as instance:
        job = defs.resolve_job_def("bench_outbound")
        result = job.execute_in_process(partition_key=sys.argv[1], instance=instance, run_config=quiet)
    sys.exit(0 if result.success else 1)


if __name__ == "__main__":
    main()
