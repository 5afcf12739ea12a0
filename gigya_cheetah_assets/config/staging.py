"""The `staging` part of the sync file: the middle platform between the two systems."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator, model_validator

from gigya_cheetah_assets.config.hosts import is_loopback
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


def _plain_http_for_loopback_only(url: str | None) -> str | None:
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("expected an address such as https://storage.example.com")
    if parts.scheme == "http" and not is_loopback(parts.netloc):
        raise ValueError("expected https: plain http is for a loopback host only")
    return url


Address = Annotated[str, AfterValidator(_plain_http_for_loopback_only)]


class _ObjectStore(_Folders):
    """What object stores have in common: keys begin with the prefix, requests end in time and are repeated."""

    prefix: str = ""
    timeout_seconds: Annotated[float, Field(gt=0)] = 30
    retry_seconds: Annotated[float, Field(ge=0)] = 120

    @field_validator("prefix")
    @classmethod
    def _prefix_without_slashes(cls, value: str) -> str:
        return value.strip("/")


class S3Staging(_ObjectStore):
    """An S3 bucket, with keys or, without them, the role that the machine has.

    Attributes:
        endpoint_url: Of another service that speaks S3; Amazon's own unless given.
        session_token: Of temporary keys.
        server_side_encryption: `AES256` or `aws:kms`; the bucket's own default unless given.
        kms_key_id: The key of `aws:kms`; the account's own unless given.
    """

    type: Literal["s3"]
    bucket: Annotated[str, Field(min_length=3)]
    region: str | None = None
    endpoint_url: Address | None = None
    access_key: Secret | None = None
    secret_key: Secret | None = None
    session_token: Secret | None = None
    server_side_encryption: Literal["AES256", "aws:kms"] | None = None
    kms_key_id: str | None = None

    @model_validator(mode="after")
    def _whole_credentials(self) -> S3Staging:
        if (self.access_key is None) != (self.secret_key is None):
            raise ValueError("expected both access_key and secret_key, or neither for the machine's own role")
        if self.session_token is not None and self.access_key is None:
            raise ValueError("session_token needs access_key and secret_key")
        if self.kms_key_id is not None and self.server_side_encryption != "aws:kms":
            raise ValueError("kms_key_id needs server_side_encryption: aws:kms")
        return self


class AzureBlobStaging(_ObjectStore):
    """An Azure Blob container, by connection string, SAS, account key or, with none of them, managed identity."""

    type: Literal["azure_blob"]
    container: Annotated[str, Field(min_length=3)]
    account_url: Address | None = None
    connection_string: Secret | None = None
    sas_token: Secret | None = None
    account_key: Secret | None = None

    @model_validator(mode="after")
    def _one_credential(self) -> AzureBlobStaging:
        given = [self.connection_string, self.sas_token, self.account_key]
        if sum(one is not None for one in given) > 1:
            raise ValueError("expected one of connection_string, sas_token and account_key, or none for an identity")
        if (self.account_url is None) == (self.connection_string is None):
            raise ValueError("expected either account_url or connection_string")
        return self


StagingConfig = Annotated[LocalStaging | SftpStaging | S3Staging | AzureBlobStaging, Field(discriminator="type")]
