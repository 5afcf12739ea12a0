"""Object stores of this machine for a sandbox: moto's server answers as S3 does, Azurite as Azure Blob.

Both are programs of others that run beside the sandbox and keep their objects as long as they run.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gigya_cheetah_assets.errors import ConfigError

HOST = "127.0.0.1"
BUCKET = "gigya-cheetah"
_START_SECONDS = 60.0
# Azurite's own account, public since its emulator days (Azurite: Default storage account).
_ACCOUNT = "devstoreaccount1"
_ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@dataclass(frozen=True)
class ObjectStore:
    """A running object store with an empty bucket.

    Attributes:
        staging: The `staging` part of a sync file for it, outbox and inbox left to their defaults.
        environ: The variables that it names.
        port: Where it listens on 127.0.0.1.
    """

    staging: dict[str, Any]
    environ: dict[str, str]
    port: int


@contextmanager
def s3(folder: Path) -> Iterator[ObjectStore]:
    """Runs moto's server.

    Args:
        folder: Takes its log.

    Raises:
        ConfigError: It is not installed or does not start.
    """
    import boto3  # noqa: PLC0415 - an extra

    port = _free_port()
    command = [sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(port)]
    with _running(command, port, folder / "moto.log"):
        url = f"http://{HOST}:{port}"
        environ = {"SANDBOX_S3_ACCESS_KEY": "sandbox", "SANDBOX_S3_SECRET_KEY": "sandbox-demo-secret"}
        names = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox-demo-secret"}
        client = boto3.session.Session(region_name="us-east-1").client("s3", endpoint_url=url, **names)  # type: ignore[call-overload]  # the keys by name
        client.create_bucket(Bucket=BUCKET)
        client.close()
        staging = {
            "type": "s3", "bucket": BUCKET, "region": "us-east-1", "endpoint_url": url,
            "access_key": {"env": "SANDBOX_S3_ACCESS_KEY"}, "secret_key": {"env": "SANDBOX_S3_SECRET_KEY"},
        }  # fmt: skip
        yield ObjectStore(staging, environ, port)


@contextmanager
def azure_blob(folder: Path, certificate: tuple[Path, Path] | None = None) -> Iterator[ObjectStore]:
    """Runs Azurite.

    Args:
        folder: Takes its files and its log.
        certificate: PEM files of a certificate and its key; with them it speaks https and takes tokens of identities.

    Raises:
        ConfigError: It is not installed or does not start.
    """
    from azure.storage.blob import ContainerClient  # noqa: PLC0415 - an extra

    program = shutil.which("azurite-blob")
    if program is None:
        raise ConfigError(
            ["the sandbox's Azure Blob: expected the program azurite-blob, found none"],
            next_step="run `make azurite`, or `npm install -g azurite`",
        )
    port = _free_port()
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        program, "--blobHost", HOST, "--blobPort", str(port), "--location", str(folder / "azurite"), "--silent",
        "--skipApiVersionCheck", "--disableTelemetry",
    ]  # fmt: skip
    if certificate is not None:
        command += ["--oauth", "basic", "--cert", str(certificate[0]), "--key", str(certificate[1])]
    with _running(command, port, folder / "azurite.log"):
        url = f"{'http' if certificate is None else 'https'}://{HOST}:{port}/{_ACCOUNT}"
        with ContainerClient(url, BUCKET, credential=_ACCOUNT_KEY) as client:
            client.create_container()
        staging = {
            "type": "azure_blob", "container": BUCKET, "account_url": url,
            "account_key": {"env": "SANDBOX_AZURE_ACCOUNT_KEY"},
        }  # fmt: skip
        yield ObjectStore(staging, {"SANDBOX_AZURE_ACCOUNT_KEY": _ACCOUNT_KEY}, port)


STORES = {"s3": s3, "azure_blob": azure_blob}
"""What starts each kind of object store, by its `staging.type`."""


@contextmanager
def _running(command: Sequence[str], port: int, log: Path) -> Iterator[None]:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)  # noqa: S603 - our own command
        try:
            _wait_for(process, port, log)
            yield
        finally:
            process.terminate()
            process.wait()


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise ConfigError(
        [f"the sandbox's object store: expected it on port {port} within {_START_SECONDS:g} s, found no answer"],
        next_step=f"read {log}",
    )


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        return int(sock.getsockname()[1])
