"""From the `staging` part of a sync file to the staging itself."""

from __future__ import annotations

from collections.abc import Mapping

from gigya_cheetah_assets.config.staging import AzureBlobStaging, LocalStaging, S3Staging, SftpStaging, StagingConfig
from gigya_cheetah_assets.errors import ConfigError
from gigya_cheetah_assets.staging.bucket import Bucket
from gigya_cheetah_assets.staging.local import LocalFolders
from gigya_cheetah_assets.staging.protocol import Staging


def open_staging(config: StagingConfig, environ: Mapping[str, str] | None = None) -> Staging:
    """The staging of a sync; nothing is connected before its first use.

    Args:
        config: The `staging` part of the sync file.
        environ: Where its variables are looked up; the process's environment unless given.

    Raises:
        ConfigError: A variable is not set, a key or known_hosts cannot be read, or its libraries are not installed.
    """
    if isinstance(config, LocalStaging):
        return LocalFolders(config)
    if isinstance(config, SftpStaging):
        from gigya_cheetah_assets.staging.sftp import SftpFolders  # noqa: PLC0415 - start-up time, paramiko
        from gigya_cheetah_assets.staging.sftp_connect import SftpLogin  # noqa: PLC0415 - as above

        return SftpFolders(config, SftpLogin.of(config, environ))
    from gigya_cheetah_assets.staging.object_folders import ObjectFolders  # noqa: PLC0415 - start-up time

    bucket = open_bucket(config, environ)
    return ObjectFolders(bucket, outbox=config.outbox, prefix=config.prefix, retry_seconds=config.retry_seconds)


def open_bucket(config: S3Staging | AzureBlobStaging, environ: Mapping[str, str] | None = None) -> Bucket:
    """The object store alone.

    Raises:
        ConfigError: As `open_staging`.
    """
    return _s3(config, environ) if isinstance(config, S3Staging) else _azure_blob(config, environ)


def _s3(config: S3Staging, environ: Mapping[str, str] | None) -> Bucket:
    try:
        from gigya_cheetah_assets.staging.s3 import S3Bucket  # noqa: PLC0415 - an extra, and start-up time
    except ModuleNotFoundError as error:
        raise _not_installed("s3") from error
    return S3Bucket(config, environ)


def _azure_blob(config: AzureBlobStaging, environ: Mapping[str, str] | None) -> Bucket:
    try:
        from gigya_cheetah_assets.staging.azure_blob import BlobContainer  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        raise _not_installed("azure") from error
    return BlobContainer(config, environ)


def _not_installed(extra: str) -> ConfigError:
    return ConfigError(
        [f"staging.type: expected the libraries of the extra {extra}, found them not installed"],
        next_step=f"pip install 'gigya-cheetah-assets[{extra}]'",
    )
