"""Moving 200 MB to and from object stores of this machine: the staging beside the vendors' own transfer helpers.

The peers are `boto3`'s `upload_file` and `download_file` and Azure's `upload_blob` and `download_blob`, as their
documentation shows them. Ours does more: it looks at the object before and after, under a condition, into a file that
appears whole.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
from azure.storage.blob import ContainerClient

from benchmarks import process
from gigya_cheetah_assets.config.staging import AzureBlobStaging, S3Staging
from gigya_cheetah_assets.sandbox import object_stores
from gigya_cheetah_assets.sandbox.object_stores import BUCKET, ObjectStore
from gigya_cheetah_assets.staging import open_staging

MEGABYTES = 200
ROUNDS = 6


@dataclass(frozen=True)
class Peer:
    """A vendor's helpers: up from a path, down to a path."""

    up: Callable[[Path], None]
    down: Callable[[Path], None]


def run(megabytes: int = MEGABYTES, rounds: int = ROUNDS) -> dict[str, float]:
    """The median ratio theirs/ours (above 1 ours is faster) by kind of store and direction."""
    found = {}
    for kind, start in object_stores.STORES.items():
        with tempfile.TemporaryDirectory() as folder, start(Path(folder)) as store:
            source = Path(folder) / "source"
            source.write_bytes(os.urandom(megabytes * 1_000_000))
            up, down = _measured(kind, store, source, rounds)
            found |= {f"{kind}, up": up, f"{kind}, down": down}
    return found


def _measured(kind: str, store: ObjectStore, source: Path, rounds: int) -> tuple[float, float]:
    target = source.with_name("target")
    model = S3Staging if kind == "s3" else AzureBlobStaging
    ours: dict[str, list[float]] = {"up": [], "down": []}
    theirs: dict[str, list[float]] = {"up": [], "down": []}
    with _peer(kind, store) as peer, open_staging(model.model_validate(store.staging), store.environ) as staging:
        for number in range(rounds):
            # Who comes second writes while the disk is still busy with the first, so they take turns at that, too.
            ups = [(theirs["up"], lambda: peer.up(source)), (ours["up"], lambda: staging.deliver(source, "ours"))]
            downs = [(theirs["down"], lambda: peer.down(target)), (ours["down"], lambda: staging.fetch("ours", target))]
            for times, work in ups[:: -1 if number % 2 else 1]:
                times.append(_seconds(work))
            for times, work in downs[:: -1 if number % 2 else 1]:
                times.append(_seconds(work))
                assert target.stat().st_size == source.stat().st_size
                target.unlink()
    return process.median_ratio(theirs["up"], ours["up"]), process.median_ratio(theirs["down"], ours["down"])


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@contextmanager
def _peer(kind: str, store: ObjectStore) -> Iterator[Peer]:
    if kind == "s3":
        key, secret = store.environ.values()
        session = boto3.session.Session(aws_access_key_id=key, aws_secret_access_key=secret, region_name="us-east-1")
        client = session.client("s3", endpoint_url=store.staging["endpoint_url"])
        yield Peer(
            lambda path: client.upload_file(str(path), BUCKET, "theirs"),
            lambda path: client.download_file(BUCKET, "theirs", str(path)),
        )
        client.close()
        return
    [account_key] = store.environ.values()
    with ContainerClient(store.staging["account_url"], BUCKET, credential=account_key) as container:

        def up(path: Path) -> None:
            with path.open("rb") as reader:
                container.upload_blob("theirs", reader, overwrite=True, max_concurrency=4)

        def down(path: Path) -> None:
            with path.open("wb") as writer:
                container.download_blob("theirs", max_concurrency=4).readinto(writer)

        yield Peer(up, down)


def main() -> None:
    for what, ratio in run().items():
        print(f"{what}: theirs / ours {ratio:.2f}x")


if __name__ == "__main__":
    main()
