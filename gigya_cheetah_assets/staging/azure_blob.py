"""An Azure Blob container as a `Bucket`.

A large file goes up as blocks, which are no blob before the last step commits them all. What the errors mean is in
`azure_errors`. Nothing here takes a lease: what must be claimed is claimed in the ledger, which all kinds of staging
share, and conditions on the ETag keep a blob from changing under a read or a copy.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential
from azure.storage.blob import BlobPrefix, BlobProperties, ContainerClient, LinearRetry

from gigya_cheetah_assets.config.staging import AzureBlobStaging
from gigya_cheetah_assets.errors import GigyaCheetahError
from gigya_cheetah_assets.progress import Moved
from gigya_cheetah_assets.staging import azure_errors
from gigya_cheetah_assets.staging.bucket import Changed, StoredObject

_BLOCK = 8 * 1024 * 1024
_AT_ONCE = 4
# Metadata names must be C# identifiers (Azure: Naming and Referencing Containers, Blobs, and Metadata).
_ORIGIN = "gigya_cheetah_origin"
# What accounts with a hierarchical namespace set on their folders.
_FOLDER = "hdi_isfolder"
_POLL_SECONDS = 0.5


class BlobContainer:
    """One container, through one client.

    Args:
        config: The `staging` part of the sync file.
        environ: Where its variables are looked up; the process's environment unless given.

    Raises:
        ConfigError: A variable is not set, or the connection string cannot be read.
    """

    errors: tuple[type[Exception], ...] = (AzureError,)

    def __init__(self, config: AzureBlobStaging, environ: Mapping[str, str] | None = None) -> None:
        self._client = _client(config, environ)
        self.place = f"{self._client.account_name} {config.container}"
        self.url = self._client.url

    def look(self, key: str) -> StoredObject | None:
        """As `Bucket.look`."""
        try:
            return _stored(self._client.get_blob_client(key).get_blob_properties())
        except ResourceNotFoundError as error:
            if azure_errors.code(error) == azure_errors.NO_CONTAINER:
                raise
            return None

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """As `Bucket.list`; a page of 5,000 a request."""
        for found in self._client.walk_blobs(prefix, include=["metadata"]):
            if isinstance(found, BlobPrefix):
                yield StoredObject.of_folder(str(found.name))
            elif found.name != prefix:
                yield _stored(found)

    def put(self, local: Path, key: str, moved: Moved) -> None:
        """As `Bucket.put`."""
        with local.open("rb") as reader:
            self._client.get_blob_client(key).upload_blob(
                reader,
                length=local.stat().st_size,
                overwrite=True,
                max_concurrency=_AT_ONCE,
                progress_hook=_Steps(moved),
            )

    def read(self, found: StoredObject, offset: int, length: int) -> bytes:
        """As `Bucket.read`."""
        try:
            return self._client.get_blob_client(found.key).download_blob(
                offset, length, etag=found.version, match_condition=MatchConditions.IfNotModified
            ).readall()  # fmt: skip
        except HttpResponseError as error:
            raise _changed(error) from error

    def download(self, found: StoredObject, writer: IO[bytes], moved: Moved) -> None:
        """As `Bucket.download`."""
        try:
            self._client.get_blob_client(found.key).download_blob(
                etag=found.version,
                match_condition=MatchConditions.IfNotModified,
                max_concurrency=_AT_ONCE,
                progress_hook=_Steps(moved),
            ).readinto(writer)
        except HttpResponseError as error:
            raise _changed(error) from error

    def copy(self, found: StoredObject, key: str) -> bool:
        """As `Bucket.copy`; the service itself looks whether the key is taken."""
        target = self._client.get_blob_client(key)
        try:
            target.start_copy_from_url(
                self._client.get_blob_client(found.key).url,
                metadata={_ORIGIN: found.version},
                source_etag=found.version,
                source_match_condition=MatchConditions.IfNotModified,
                match_condition=MatchConditions.IfMissing,
            )
        except HttpResponseError as error:
            if target.exists():
                return False
            raise _changed(error) from error
        # Within one account it is done at once, or nearly so.
        while target.get_blob_properties().copy.status == "pending":
            time.sleep(_POLL_SECONDS)
        return True

    def delete(self, key: str) -> None:
        """As `Bucket.delete`."""
        try:
            self._client.get_blob_client(key).delete_blob(delete_snapshots="include")
        except ResourceNotFoundError as error:
            if azure_errors.code(error) == azure_errors.NO_CONTAINER:
                raise

    def named(self, error: Exception, what: str) -> GigyaCheetahError | None:
        """As `Bucket.named`."""
        return azure_errors.named(error, what)

    def close(self) -> None:
        """As `Bucket.close`."""
        self._client.close()


class _Steps:
    """Turns the library's running totals into steps."""

    def __init__(self, moved: Moved) -> None:
        self._moved = moved
        self._before = 0

    def __call__(self, current: int, total: int | None) -> None:  # noqa: ARG002 - the library's signature
        self._moved(current - self._before)
        self._before = current


def _stored(found: BlobProperties) -> StoredObject:
    metadata = found.metadata or {}
    # A copy that is not whole yet is nobody's.
    whole = found.copy.status in (None, "success")
    origin = metadata.get(_ORIGIN, "") if whole else ""
    folder = metadata.get(_FOLDER) == "true"
    return StoredObject(str(found.name), found.size, found.last_modified, str(found.etag), origin, folder)


def _changed(error: HttpResponseError) -> Exception:
    gone = error.status_code == 412 or azure_errors.code(error) in azure_errors.NO_BLOB
    return Changed() if gone else error


def _client(config: AzureBlobStaging, environ: Mapping[str, str] | None) -> ContainerClient:
    settings: dict[str, Any] = {
        "max_single_put_size": _BLOCK,
        "max_block_size": _BLOCK,
        "max_single_get_size": _BLOCK,
        "max_chunk_get_size": _BLOCK,
        "connection_timeout": config.timeout_seconds,
        "read_timeout": config.timeout_seconds,
        # Single requests of a long transfer; whole operations are repeated by `object_folders`.
        "retry_policy": LinearRetry(backoff=1, retry_total=2, random_jitter_range=1),
    }
    if config.connection_string is not None:
        text = config.connection_string.resolve(environ)
        with azure_errors.readable(config.connection_string.env):
            return ContainerClient.from_connection_string(text, config.container, **settings)
    secret = config.sas_token or config.account_key
    credential = secret.resolve(environ) if secret is not None else DefaultAzureCredential()
    return ContainerClient(config.account_url or "", config.container, credential=credential, **settings)
