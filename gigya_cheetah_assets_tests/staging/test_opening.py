from __future__ import annotations

import pytest

from gigya_cheetah_assets.config.staging import AzureBlobStaging, S3Staging, SftpStaging
from gigya_cheetah_assets.errors import ConfigError
from gigya_cheetah_assets.staging import open_staging
from gigya_cheetah_assets.staging.sftp_connect import SftpLogin

KNOWN = "sftp.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


def config() -> SftpStaging:
    return SftpStaging.model_validate(
        {
            "type": "sftp",
            "host": {"env": "HOST"},
            "username": "acme",
            "password": {"env": "PASSWORD"},
            "known_hosts": {"env": "KNOWN"},
        }
    )


def test_opening_sftp_connects_to_nothing():
    with open_staging(config(), {"HOST": "sftp.example.com", "PASSWORD": "x", "KNOWN": KNOWN}):
        pass


def test_a_variable_that_is_not_set_is_named():
    with pytest.raises(ConfigError, match="PASSWORD is not set"):
        open_staging(config(), {"HOST": "sftp.example.com", "KNOWN": KNOWN})


@pytest.mark.parametrize(
    "kind",
    [
        S3Staging.model_validate(
            {"type": "s3", "bucket": "bucket", "access_key": {"env": "KEY"}, "secret_key": {"env": "SECRET"}}
        ),
        AzureBlobStaging.model_validate(
            {"type": "azure_blob", "container": "container", "connection_string": {"env": "KEY"}}
        ),
    ],
    ids=["s3", "azure_blob"],
)
def test_a_variable_of_an_object_store_that_is_not_set_is_named(kind):
    with pytest.raises(ConfigError, match="KEY is not set"):
        open_staging(kind, {})


def test_opening_an_object_store_connects_to_nothing():
    s3 = {"type": "s3", "bucket": "bucket", "region": "eu-central-1"}
    azure = {"type": "azure_blob", "container": "container", "account_url": "https://acme.blob.core.windows.net"}
    with open_staging(S3Staging.model_validate(s3)), open_staging(AzureBlobStaging.model_validate(azure)):
        pass


def test_a_connection_string_that_cannot_be_read_is_not_shown():
    config = AzureBlobStaging.model_validate(
        {"type": "azure_blob", "container": "container", "connection_string": {"env": "AZURE"}}
    )
    with pytest.raises(ConfigError, match="AZURE: expected a connection string") as caught:
        open_staging(config, {"AZURE": "hidden-word"})
    assert "hidden-word" not in str(caught.value)


def test_secrets_do_not_show_in_the_logins_repr():
    login = SftpLogin.of(config(), {"HOST": "sftp.example.com", "PASSWORD": "hidden-word", "KNOWN": KNOWN})
    assert login.password == "hidden-word"
    assert "hidden-word" not in repr(login)
    assert login.place == "sftp.example.com:22"
