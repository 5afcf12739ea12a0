from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from gigya_cheetah_assets.config.staging import StagingConfig

READ = TypeAdapter(StagingConfig)
S3 = {"type": "s3", "bucket": "acme-exchange"}
AZURE = {"type": "azure_blob", "container": "exchange"}
KEY, OTHER = {"env": "KEY"}, {"env": "OTHER"}
URL = "https://acme.blob.core.windows.net"


@pytest.mark.parametrize(
    "given",
    [
        S3,
        {**S3, "access_key": KEY, "secret_key": OTHER, "session_token": KEY},
        {**S3, "server_side_encryption": "aws:kms", "kms_key_id": "alias/exchange"},
        {**S3, "endpoint_url": "http://127.0.0.1:9000"},
        {**AZURE, "account_url": URL},
        {**AZURE, "account_url": URL, "sas_token": KEY},
        {**AZURE, "connection_string": KEY},
    ],
)
def test_each_way_to_sign_in_is_accepted(given):
    assert READ.validate_python(given).type == given["type"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({**S3, "access_key": KEY}, "both access_key and secret_key"),
        ({**S3, "session_token": KEY}, "session_token needs"),
        ({**S3, "kms_key_id": "alias/x"}, "kms_key_id needs"),
        ({**S3, "endpoint_url": "http://minio.example.com"}, "expected https"),
        ({**S3, "endpoint_url": "minio.example.com"}, "expected an address"),
        ({**S3, "secret_key": "plain", "access_key": KEY}, "a secret is never written"),
        (AZURE, "either account_url or connection_string"),
        ({**AZURE, "account_url": URL, "connection_string": KEY}, "either account_url or connection_string"),
        ({**AZURE, "account_url": URL, "account_key": KEY, "sas_token": OTHER}, "one of connection_string"),
        ({**AZURE, "account_url": "http://acme.example.com"}, "expected https"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_expectation(given, expected):
    with pytest.raises(ValidationError, match=expected):
        READ.validate_python(given)


def test_a_prefix_is_the_same_with_slashes_around_it_and_without():
    assert READ.validate_python({**S3, "prefix": "/acme/exchange/"}).prefix == "acme/exchange"
