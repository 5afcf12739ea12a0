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


@pytest.mark.parametrize(
    "kind",
    [S3Staging(type="s3", bucket="bucket"), AzureBlobStaging(type="azure_blob", container="container")],
)
def test_a_kind_that_cannot_be_used_yet_is_a_config_error(kind):
    with pytest.raises(ConfigError, match=f"expected local or sftp, found {kind.type}"):
        open_staging(kind)


def test_opening_sftp_connects_to_nothing():
    with open_staging(config(), {"HOST": "sftp.example.com", "PASSWORD": "x", "KNOWN": KNOWN}):
        pass


def test_a_variable_that_is_not_set_is_named():
    with pytest.raises(ConfigError, match="PASSWORD is not set"):
        open_staging(config(), {"HOST": "sftp.example.com", "KNOWN": KNOWN})


def test_secrets_do_not_show_in_the_logins_repr():
    login = SftpLogin.of(config(), {"HOST": "sftp.example.com", "PASSWORD": "hidden-word", "KNOWN": KNOWN})
    assert login.password == "hidden-word"
    assert "hidden-word" not in repr(login)
    assert login.place == "sftp.example.com:22"
