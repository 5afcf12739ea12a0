"""Every kind of staging behind one face, so that one suite can ask the same of each."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import boto3
from azure.storage.blob import ContainerClient

from gigya_cheetah_assets.config.staging import (
    AzureBlobStaging,
    LocalStaging,
    S3Staging,
    SftpStaging,
    StagingConfig,
)
from gigya_cheetah_assets.sandbox import credentials, object_stores, sftp
from gigya_cheetah_assets.sandbox.credentials import KeyFiles
from gigya_cheetah_assets.sandbox.faults import Dice, Faults
from gigya_cheetah_assets.sandbox.object_stores import BUCKET, ObjectStore
from gigya_cheetah_assets.staging import Staging, open_staging
from gigya_cheetah_assets_tests.integration import password_server, sshd
from gigya_cheetah_assets_tests.packages import require_program

FOLDERS = ("autoproc", "fromcheetah", "archive")
PREFIX = "acme/exchange"
OBJECTS = {"prefix": PREFIX, "timeout_seconds": 5, "retry_seconds": 5}


class Disk:
    """The files behind a staging that stands on a folder of this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, folder: str, name: str, content: bytes) -> None:
        (self.root / folder / name).write_bytes(content)

    def read(self, folder: str, name: str) -> bytes:
        return (self.root / folder / name).read_bytes()

    def names(self, folder: str) -> list[str]:
        return sorted(path.name for path in (self.root / folder).iterdir())

    def clear(self) -> None:
        for folder in FOLDERS:
            shutil.rmtree(self.root / folder, ignore_errors=True)
            (self.root / folder).mkdir()


class S3Objects:
    """The same of a bucket, by Amazon's client."""

    def __init__(self, store: ObjectStore) -> None:
        keys = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox-demo-secret"}
        self.client = boto3.session.Session(region_name="us-east-1").client(
            "s3", endpoint_url=store.staging["endpoint_url"], **keys
        )

    def put(self, folder: str, name: str, content: bytes) -> None:
        self.client.put_object(Bucket=BUCKET, Key=f"{PREFIX}/{folder}/{name}", Body=content)

    def read(self, folder: str, name: str) -> bytes:
        with self.client.get_object(Bucket=BUCKET, Key=f"{PREFIX}/{folder}/{name}")["Body"] as body:
            return body.read()

    def names(self, folder: str) -> list[str]:
        return sorted(key.removeprefix(f"{PREFIX}/{folder}/") for key in self._keys(f"{PREFIX}/{folder}/"))

    def clear(self) -> None:
        for key in self._keys(""):
            self.client.delete_object(Bucket=BUCKET, Key=key)

    def _keys(self, prefix: str) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [found["Key"] for page in pages for found in page.get("Contents", [])]


class AzureBlobs:
    """The same of a container, by Azure's client."""

    def __init__(self, store: ObjectStore) -> None:
        [key] = store.environ.values()
        self.client = ContainerClient(store.staging["account_url"], BUCKET, credential=key)

    def put(self, folder: str, name: str, content: bytes) -> None:
        self.client.upload_blob(f"{PREFIX}/{folder}/{name}", content, overwrite=True)

    def read(self, folder: str, name: str) -> bytes:
        return self.client.download_blob(f"{PREFIX}/{folder}/{name}").readall()

    def names(self, folder: str) -> list[str]:
        prefix = f"{PREFIX}/{folder}/"
        return sorted(name.removeprefix(prefix) for name in self.client.list_blob_names(name_starts_with=prefix))

    def clear(self) -> None:
        for name in list(self.client.list_blob_names()):
            self.client.delete_blob(name)


class Files(Protocol):
    """What a test does past the staging, by other means than the staging's own."""

    def put(self, folder: str, name: str, content: bytes) -> None: ...

    def read(self, folder: str, name: str) -> bytes: ...

    def names(self, folder: str) -> list[str]: ...

    def clear(self) -> None: ...


@dataclass(frozen=True)
class BackEnd:
    """A staging and, past it, the files that it stands on."""

    name: str
    files: Files
    config: StagingConfig
    environ: dict[str, str] = field(default_factory=dict)

    def open(self) -> Staging:
        return open_staging(self.config, self.environ)

    @property
    def root(self) -> Path:
        """The folder behind a staging on a disk."""
        assert isinstance(self.files, Disk)
        return self.files.root


@contextmanager
def local(folder: Path) -> Iterator[BackEnd]:
    config = LocalStaging(type="local", path=str(folder))
    yield BackEnd("local", Disk(folder), config)


@contextmanager
def openssh(folder: Path) -> Iterator[BackEnd]:
    # A small limit makes the keys change in the middle of each larger file.
    with sshd.running(folder, more=["RekeyLimit 1M"]) as server:
        yield BackEnd("openssh", Disk(server.root), server.config(), server.environ)


@contextmanager
def openssh_without_posix_rename(folder: Path) -> Iterator[BackEnd]:
    with sshd.running(folder, sftp_options="-P posix-rename") as server:
        yield BackEnd("openssh_plain_rename", Disk(server.root), server.config(), server.environ)


@contextmanager
def asyncssh(folder: Path) -> Iterator[BackEnd]:
    with password_server.running(folder) as (port, known):
        config = by_password(port, password_server.USER)
        environ = {"PASSWORD": password_server.PASSWORD, "KNOWN": known}
        yield BackEnd("asyncssh", Disk(folder), config, environ)


@contextmanager
def sandbox(folder: Path) -> Iterator[BackEnd]:
    keys = KeyFiles.of(folder)
    root = folder / "sftp"
    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    config = by_password(port, credentials.SFTP_USER)
    environ = {"PASSWORD": credentials.SFTP_PASSWORD, "KNOWN": sftp.known_hosts("127.0.0.1", port, keys)}
    with password_server.serving(lambda: sftp.listen(sock, root, keys, Dice(Faults())), sftp.Listening.close):
        yield BackEnd("sandbox", Disk(root), config, environ)


@contextmanager
def s3(folder: Path) -> Iterator[BackEnd]:
    with object_stores.s3(folder) as store:
        objects = S3Objects(store)
        config = S3Staging.model_validate({**store.staging, **OBJECTS})
        with closing(objects.client):
            yield BackEnd("s3", objects, config, store.environ)


@contextmanager
def azure_blob(folder: Path) -> Iterator[BackEnd]:
    require_program("azurite-blob", "nodejs npm, then: make azurite")
    with object_stores.azure_blob(folder) as store:
        blobs = AzureBlobs(store)
        config = AzureBlobStaging.model_validate({**store.staging, **OBJECTS})
        with blobs.client:
            yield BackEnd("azure_blob", blobs, config, store.environ)


def by_password(port: int, user: str, **changes: object) -> SftpStaging:
    settings: dict[str, object] = {
        "type": "sftp", "host": "127.0.0.1", "port": port, "username": user, "password": {"env": "PASSWORD"},
        "known_hosts": {"env": "KNOWN"}, "timeout_seconds": 5, "retry_seconds": 5,
    }  # fmt: skip
    return SftpStaging.model_validate({**settings, **changes})


ON_DISKS: dict[str, Callable[[Path], AbstractContextManager[BackEnd]]] = {
    "local": local,
    "openssh": openssh,
    "openssh_plain_rename": openssh_without_posix_rename,
    "asyncssh": asyncssh,
    "sandbox": sandbox,
}
IN_OBJECT_STORES: dict[str, Callable[[Path], AbstractContextManager[BackEnd]]] = {"s3": s3, "azure_blob": azure_blob}
ALL = {**ON_DISKS, **IN_OBJECT_STORES}
