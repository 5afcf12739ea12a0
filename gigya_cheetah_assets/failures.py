"""From the project's errors to Dagster's: what may be retried is, everything else fails at once with its next step.

https://docs.dagster.io/guides/build/ops/op-retries
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from gigya_cheetah_assets.errors import GigyaCheetahError, RetryLater

# The clients retry transport faults themselves, for minutes; this is for an outage that outlasts them.
NETWORK_RETRIES = dg.RetryPolicy(max_retries=2, delay=60, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.FULL)


@contextmanager
def as_failures() -> Iterator[None]:
    """Turns an error of this project into a `dagster.Failure` with the same text.

    A step that is asked to end (SIGTERM, Ctrl-C) ends too: by its retry policy Dagster would begin it again a minute
    later, when whoever wants the process gone has killed it.
    """
    try:
        yield
    except (dg.DagsterExecutionInterruptedError, KeyboardInterrupt) as error:
        raise dg.Failure(
            description="the step was asked to end before it was finished. Next: run it again; what was finished stays",
            metadata={"kind": "Interrupted"},
            allow_retries=False,
        ) from error
    except GigyaCheetahError as error:
        raise dg.Failure(
            description=str(error),
            metadata={"kind": type(error).__name__},
            allow_retries=isinstance(error, RetryLater),
        ) from error
