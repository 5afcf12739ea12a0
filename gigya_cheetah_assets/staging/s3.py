"""Amazon S3, or a service that speaks as it does, as a `Bucket`; bytes move through Amazon's own transfer manager.

What its errors mean is in `s3_errors`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import UTC
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import boto3
from boto3.s3.transfer import TransferConfig, create_transfer_manager
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from s3transfer.exceptions import RetriesExceededError, S3DownloadFailedError
from s3transfer.subscribers import BaseSubscriber

from gigya_cheetah_assets.config.secrets import EnvVar
from gigya_cheetah_assets.config.staging import S3Staging
from gigya_cheetah_assets.errors import GigyaCheetahError
from gigya_cheetah_assets.progress import Moved
from gigya_cheetah_assets.staging import s3_errors
from gigya_cheetah_assets.staging.bucket import Changed, StoredObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)
_MEGABYTE = 1024 * 1024
# Each download goes in ranges, which alone carry the condition on the version; a few at a time keep memory small.
_DOWN = TransferConfig(multipart_threshold=1, multipart_chunksize=8 * _MEGABYTE, max_concurrency=4, max_io_queue=64)
_UP = TransferConfig(multipart_threshold=16 * _MEGABYTE, multipart_chunksize=16 * _MEGABYTE, max_concurrency=4)
_ORIGIN = "gigya-cheetah-origin"
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})


class S3Bucket:
    """One bucket, through one client.

    Args:
        config: The `staging` part of the sync file.
        environ: Where its variables are looked up; the process's environment unless given.

    Raises:
        ConfigError: A variable is not set.
    """

    errors: tuple[type[Exception], ...] = (BotoCoreError, ClientError, RetriesExceededError)

    def __init__(self, config: S3Staging, environ: Mapping[str, str] | None = None) -> None:
        self._name = config.bucket
        self.place = f"{config.endpoint_url or 's3'} {config.bucket}"
        self._client = _client(config, environ)
        self.url = self._client.meta.endpoint_url
        written = {"ServerSideEncryption": config.server_side_encryption, "SSEKMSKeyId": config.kms_key_id}
        self._written = {name: value for name, value in written.items() if value is not None}

    def look(self, key: str) -> StoredObject | None:
        """As `Bucket.look`."""
        try:
            found = self._client.head_object(Bucket=self._name, Key=key)
        except ClientError as error:
            if s3_errors.code(error) in _MISSING:
                return None
            raise
        origin = found["Metadata"].get(_ORIGIN, "")
        return StoredObject(key, found["ContentLength"], found["LastModified"].astimezone(UTC), found["ETag"], origin)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """As `Bucket.list`; a page of 1,000 a request."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=prefix, Delimiter="/")
        for page in pages:
            for entry in page.get("CommonPrefixes", []):
                yield StoredObject.of_folder(entry["Prefix"])
            for found in page.get("Contents", []):
                # Consoles write an empty object of this name to show a folder.
                if found["Key"] != prefix:
                    yield StoredObject(
                        found["Key"], found["Size"], found["LastModified"].astimezone(UTC), found["ETag"]
                    )

    def put(self, local: Path, key: str, moved: Moved) -> None:
        """As `Bucket.put`; large ones in parts, which the transfer manager removes when one of them fails."""
        if local.stat().st_size >= _UP.multipart_threshold:
            self._clear_parts(key)
        with create_transfer_manager(self._client, _UP) as manager:
            manager.upload(str(local), self._name, key, dict(self._written), [_Watch(moved)]).result()

    def read(self, found: StoredObject, offset: int, length: int) -> bytes:
        """As `Bucket.read`."""
        span = f"bytes={offset}-{offset + length - 1}"
        try:
            answer = self._client.get_object(Bucket=self._name, Key=found.key, Range=span, IfMatch=found.version)
        except ClientError as error:
            raise _changed(error) from error
        with answer["Body"] as body:
            return body.read()

    def download(self, found: StoredObject, writer: IO[bytes], moved: Moved) -> None:
        """As `Bucket.download`."""
        if not found.size:
            return
        try:
            with create_transfer_manager(self._client, _DOWN) as manager:
                manager.download(self._name, found.key, writer, None, [_Watch(moved, found)]).result()
        except S3DownloadFailedError as error:
            raise Changed from error
        except ClientError as error:
            raise _changed(error) from error

    def copy(self, found: StoredObject, key: str) -> bool:
        """As `Bucket.copy`; a step of its own looks for the key, since not every service has a condition for it."""
        if self.look(key) is not None:
            return False
        condition = {"CopySourceIfMatch": found.version, "MetadataDirective": "REPLACE"}
        noted: dict[str, Any] = {**self._written, **condition, "Metadata": {_ORIGIN: found.version}}
        source = {"Bucket": self._name, "Key": found.key}
        try:
            with create_transfer_manager(self._client, _UP) as manager:
                manager.copy(source, self._name, key, noted).result()
        except ClientError as error:
            raise _changed(error) from error
        return True

    def delete(self, key: str) -> None:
        """As `Bucket.delete`."""
        self._client.delete_object(Bucket=self._name, Key=key)

    def _clear_parts(self, key: str) -> None:
        """Removes the parts that a killed upload of this key left: nobody sees them, but they are stored and paid."""
        try:
            found = self._client.list_multipart_uploads(Bucket=self._name, Prefix=key).get("Uploads", [])
            for upload in found:
                if upload["Key"] == key:
                    self._client.abort_multipart_upload(Bucket=self._name, Key=key, UploadId=upload["UploadId"])
        except ClientError as error:
            # Many keys may not list them; then the bucket's lifecycle clears them away.
            log.info("parts of earlier uploads are not looked for: %s", s3_errors.code(error))

    def named(self, error: Exception, what: str) -> GigyaCheetahError | None:
        """As `Bucket.named`."""
        return s3_errors.named(error, what)

    def close(self) -> None:
        """As `Bucket.close`."""
        self._client.close()


class _Watch(BaseSubscriber):
    """Tells how far a transfer is, and which object a download is of: no request of its own, and a condition on it."""

    def __init__(self, moved: Moved, found: StoredObject | None = None) -> None:
        self._moved = moved
        self._found = found

    def on_queued(self, future: Any, **_: object) -> None:
        if self._found is not None:
            future.meta.provide_transfer_size(self._found.size)
            future.meta.provide_object_etag(self._found.version)

    def on_progress(self, future: Any, bytes_transferred: int, **_: object) -> None:  # noqa: ARG002 - its signature
        self._moved(bytes_transferred)


def _changed(error: ClientError) -> Exception:
    gone = {*_MISSING, "412", "PreconditionFailed"}
    return Changed() if s3_errors.code(error) in gone else error


def _client(config: S3Staging, environ: Mapping[str, str] | None) -> S3Client:
    def secret(value: EnvVar | None) -> str | None:
        return None if value is None else value.resolve(environ)

    session = boto3.session.Session(
        aws_access_key_id=secret(config.access_key),
        aws_secret_access_key=secret(config.secret_key),
        aws_session_token=secret(config.session_token),
        region_name=config.region,
    )
    settings = Config(
        connect_timeout=config.timeout_seconds,
        read_timeout=config.timeout_seconds,
        # Single requests of a long transfer; whole operations are repeated by `object_folders`.
        retries={"mode": "standard", "total_max_attempts": 3},
        s3={"addressing_style": "path" if config.endpoint_url else "auto"},
    )
    return session.client("s3", endpoint_url=config.endpoint_url, config=settings)
