"""All connections of one sync."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.connecting import gigya, staging
from gigya_cheetah_assets.connecting.steps import Step
from gigya_cheetah_assets.errors import ConfigError

# Who watches wants an answer; a run waits longer.
RETRY_SECONDS = 5.0


def tried(sync: Sync, *, retry_seconds: float = RETRY_SECONDS, environ: Mapping[str, str] | None = None) -> list[Step]:
    """Tries the Gigya site and the staging of a sync, in the order in which a person would look.

    Args:
        sync: Which one.
        retry_seconds: How long what may pass is tried again.
        environ: Instead of the process's environment.

    """
    inbox = sync.inbound_files is not None
    return [
        *_with_settings(gigya.PART, lambda: gigya.gigya_steps(sync, retry_seconds=retry_seconds, environ=environ)),
        *_with_settings(
            staging.PART,
            lambda: staging.staging_steps(sync.staging, inbox=inbox, retry_seconds=retry_seconds, environ=environ),
        ),
    ]


def _with_settings(part: str, steps: Callable[[], list[Step]]) -> list[Step]:
    """The steps; where they cannot even begin, one that says why."""
    try:
        return steps()
    except ConfigError as error:
        return [Step(part, "settings", "fails", error.problem, error.next_step)]
