"""The `staging` part of the sync file: the middle platform between the two systems."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from gigya_cheetah_assets.config.model import Model
from gigya_cheetah_assets.config.secrets import Secret, TextOrEnv


class _Folders(Model):
    """What every kind of staging has: the folder CheetahMail imports from and the one it extracts to."""

    outbox: Annotated[str, Field(min_length=1)] = "autoproc"
    inbox: Annotated[str, Field(min_length=1)] = "fromcheetah"


class LocalStaging(_Folders):
    """A folder of this machine, or one that is mounted here."""

    type: Literal["local"]
    path: Annotated[str, Field(min_length=1)]


class SftpStaging(_Folders):
    """An SFTP server. `known_hosts` holds lines of OpenSSH's format: no host is trusted unseen."""

    type: Literal["sftp"]
    host: TextOrEnv
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    username: TextOrEnv
    password: Secret | None = None
    private_key: Secret | None = None
    passphrase: Secret | None = None
    known_hosts: Secret
    timeout_seconds: Annotated[float, Field(gt=0)] = 30
    retry_seconds: Annotated[float, Field(ge=0)] = 120

    @model_validator(mode="after")
    def _one_credential(self) -> SftpStaging:
        if (self.password is None) == (self.private_key is None):
            raise ValueError("expected either password or private_key")
        if self.passphrase is not None and self.private_key is None:
            raise ValueError("passphrase needs a private_key")
        return self


class S3Staging(_Folders):
    """An S3 bucket, with keys or the machine's own role."""

    type: Literal["s3"]
    bucket: Annotated[str, Field(min_length=3)]
    prefix: str = ""
    region: str | None = None
    endpoint_url: str | None = None
    access_key: Secret | None = None
    secret_key: Secret | None = None


class AzureBlobStaging(_Folders):
    """An Azure Blob container, by connection string, SAS, account key or managed identity."""

    type: Literal["azure_blob"]
    container: Annotated[str, Field(min_length=3)]
    prefix: str = ""
    account_url: str | None = None
    connection_string: Secret | None = None
    sas_token: Secret | None = None
    account_key: Secret | None = None


StagingConfig = Annotated[LocalStaging | SftpStaging | S3Staging | AzureBlobStaging, Field(discriminator="type")]
