"""Trying a staging of any kind: the way in first, then its outbox and, where files are read, its inbox."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from gigya_cheetah_assets.config import LocalStaging, SftpStaging
from gigya_cheetah_assets.config.staging import AzureBlobStaging, S3Staging, StagingConfig
from gigya_cheetah_assets.connecting.folders import ProbeFolder
from gigya_cheetah_assets.connecting.network import Server
from gigya_cheetah_assets.connecting.sftp import sftp_steps
from gigya_cheetah_assets.connecting.steps import Attempt, Step, in_a_row, try_all
from gigya_cheetah_assets.staging import Staging, open_staging
from gigya_cheetah_assets.staging.errors import StagingPermission
from gigya_cheetah_assets.staging.opening import open_bucket

PART = "staging"


def staging_steps(
    config: StagingConfig, *, inbox: bool, retry_seconds: float, environ: Mapping[str, str] | None = None
) -> list[Step]:
    """Tries a staging.

    Args:
        config: The `staging` part of the sync file.
        inbox: Whether files are read and put away there.
        retry_seconds: How long a broken connection is tried again, instead of the sync's own.
        environ: Instead of the process's environment.

    Raises:
        ConfigError: A variable is not set, a key cannot be read, or libraries are not installed.
    """
    if not isinstance(config, LocalStaging):
        config = config.model_copy(update={"retry_seconds": retry_seconds})
    with open_staging(config, environ) as staging, TemporaryDirectory() as scratch:
        steps = _way_in(config, staging, environ)
        folders = {"outbox": config.outbox} | ({"inbox": config.inbox} if inbox else {})
        for part, folder in folders.items():
            attempts = ProbeFolder(staging, folder, Path(scratch)).attempts()
            if any(step.outcome != "works" for step in steps if step.part == PART):
                steps += [Step(part, attempt.name, "not tried") for attempt in attempts]
            else:
                steps += try_all(part, attempts)
    return steps


def _way_in(config: StagingConfig, staging: Staging, environ: Mapping[str, str] | None) -> list[Step]:
    if isinstance(config, LocalStaging):
        return []
    if isinstance(config, SftpStaging):
        return sftp_steps(PART, config, environ)
    return _store_steps(config, staging, environ)


def _store_steps(
    config: S3Staging | AzureBlobStaging, staging: Staging, environ: Mapping[str, str] | None
) -> list[Step]:
    setting = "staging.endpoint_url" if isinstance(config, S3Staging) else "staging.account_url"
    with closing(open_bucket(config, environ)) as bucket:
        server, place = Server.of_url(bucket.url, setting), bucket.place

    def log_in() -> str:
        # Who may not list is known to the store all the same; the outbox's own steps tell.
        with suppress(StagingPermission):
            staging.list(config.outbox)
        return f"{place}: the credentials are accepted"

    return try_all(PART, in_a_row([*server.attempts(config.timeout_seconds), Attempt("log in", log_in)]))
