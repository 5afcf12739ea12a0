"""What only S3 has: encryption by the server, roles, checksums, uploads in parts that a killed run left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest

from gigya_cheetah_assets.config.staging import S3Staging
from gigya_cheetah_assets.sandbox import object_stores
from gigya_cheetah_assets.sandbox.object_stores import BUCKET, ObjectStore
from gigya_cheetah_assets.staging import Staging, open_staging
from gigya_cheetah_assets.staging.errors import LoginRefused
from gigya_cheetah_assets_tests.integration import gateway, local_agent
from gigya_cheetah_assets_tests.integration.gateway import Answer

LARGE = 20_000_000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with object_stores.s3(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture(scope="module")
def client(store: ObjectStore) -> Iterator[Any]:
    names = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox-demo-secret"}
    url = store.staging["endpoint_url"]
    with closing(boto3.session.Session(region_name="us-east-1").client("s3", endpoint_url=url, **names)) as made:
        yield made


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(os.urandom(LARGE))
    return path


def opened(store: ObjectStore, **changes: Any) -> Staging:
    settings = {**store.staging, "timeout_seconds": 5, "retry_seconds": 1, **changes}
    return open_staging(S3Staging.model_validate({k: v for k, v in settings.items() if v is not None}), store.environ)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"server_side_encryption": "AES256"}, ("AES256", None)),
        ({"server_side_encryption": "aws:kms", "kms_key_id": "alias/exchange"}, ("aws:kms", "alias/exchange")),
    ],
)
def test_files_are_encrypted_as_the_settings_say_also_large_and_moved_ones(store, client, source, changes, expected):
    (source.parent / "small").write_bytes(b"x")
    with opened(store, **changes) as staging:
        staging.deliver(source, "large.csv")
        staging.deliver(source.parent / "small", "small.csv")
        staging.move("small.csv", "archive")
    for key in ("autoproc/large.csv", "archive/small.csv"):
        found = client.head_object(Bucket=BUCKET, Key=key)
        assert (found["ServerSideEncryption"], found.get("SSEKMSKeyId")) == expected
        client.delete_object(Bucket=BUCKET, Key=key)


def test_what_is_sent_carries_a_checksum(store, source):
    headers: list[dict[str, str]] = []

    def note(method: str, _: str, found: dict[str, str]) -> Answer | None:
        headers.extend([{name.lower(): value for name, value in found.items()}] if method == "PUT" else [])
        return None

    (source.parent / "small").write_bytes(b"x")
    with gateway.running(store.port) as front:
        front.refuse = note
        with opened(store, endpoint_url=f"http://127.0.0.1:{front.port}") as staging:
            staging.deliver(source, "large.csv")
            staging.deliver(source.parent / "small", "small.csv")
    assert len(headers) == 3
    for found in headers:
        assert "x-amz-checksum-crc32" in found or found.get("x-amz-trailer") == "x-amz-checksum-crc32"


def test_parts_that_a_killed_upload_left_are_removed_by_the_next_one_and_others_stay(store, client, source):
    for key in ("autoproc/a.csv", "autoproc/a.csv.b"):
        begun = client.create_multipart_upload(Bucket=BUCKET, Key=key)
        client.upload_part(Bucket=BUCKET, Key=key, UploadId=begun["UploadId"], PartNumber=1, Body=b"x" * 1000)
    with opened(store) as staging:
        staging.deliver(source, "a.csv")
    left = client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
    assert [upload["Key"] for upload in left] == ["autoproc/a.csv.b"]
    client.abort_multipart_upload(Bucket=BUCKET, Key=left[0]["Key"], UploadId=left[0]["UploadId"])


def test_who_may_not_list_parts_delivers_all_the_same(store, source):
    with gateway.running(store.port) as front:
        front.refuse = lambda method, path, _: (
            Answer(403, "AccessDenied") if method == "GET" and "uploads" in path else None
        )
        with opened(store, endpoint_url=f"http://127.0.0.1:{front.port}") as staging:
            assert staging.deliver(source, "a.csv").size == LARGE


def test_without_keys_the_role_of_the_machine_serves(store, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    keys = {"AccessKeyId": "ROLE", "SecretAccessKey": "s", "Token": "t", "Expiration": "2099-01-01T00:00:00Z"}
    with local_agent.answering(keys) as (url, asked):
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
        with opened(store, access_key=None, secret_key=None) as staging:
            assert isinstance(staging.list(), list)
    assert asked


def test_without_keys_and_without_a_role_it_is_told_what_is_missing(store, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with (
        opened(store, access_key=None, secret_key=None, retry_seconds=60) as staging,
        pytest.raises(LoginRefused, match="no credentials"),
    ):
        staging.list()
