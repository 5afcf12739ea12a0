"""From the `staging` part of a sync file to the staging itself."""

from __future__ import annotations

from collections.abc import Mapping

from gigya_cheetah_assets.config.staging import LocalStaging, SftpStaging, StagingConfig
from gigya_cheetah_assets.errors import ConfigError
from gigya_cheetah_assets.staging.local import LocalFolders
from gigya_cheetah_assets.staging.protocol import Staging


def open_staging(config: StagingConfig, environ: Mapping[str, str] | None = None) -> Staging:
    """The staging of a sync; nothing is connected before its first use.

    Args:
        config: The `staging` part of the sync file.
        environ: Where its variables are looked up; the process's environment unless given.

    Raises:
        ConfigError: A variable is not set, a key or known_hosts cannot be read, or the kind cannot be used yet.
    """
    if isinstance(config, LocalStaging):
        return LocalFolders(config)
    if isinstance(config, SftpStaging):
        from gigya_cheetah_assets.staging.sftp import SftpFolders  # noqa: PLC0415 - start-up time, paramiko
        from gigya_cheetah_assets.staging.sftp_connect import SftpLogin  # noqa: PLC0415 - as above

        return SftpFolders(config, SftpLogin.of(config, environ))
    raise ConfigError(
        [f"staging.type: expected local or sftp, found {config.type}, which this version does not deliver to"],
        next_step="use sftp: CheetahMail documents no import from S3 or Azure Blob",
    )
