"""A file of 1 GB out and in again over each kind of staging: the peak memory of the process that moves it.

Each transfer runs in a process of its own (`python -m benchmarks.large_files KIND …`), with its progress in the log.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pydantic import TypeAdapter

from benchmarks import process
from gigya_cheetah_assets.config.staging import StagingConfig
from gigya_cheetah_assets.sandbox import object_stores
from gigya_cheetah_assets.staging import open_staging
from gigya_cheetah_assets_tests.integration import sshd

MEGABYTES = 1000
KINDS = ("local", "sftp", *object_stores.STORES)


def run(megabytes: int = MEGABYTES) -> dict[str, float]:
    """The peak resident memory in MiB by kind of staging."""
    return {kind: _peak(kind, megabytes) for kind in KINDS}


def _peak(kind: str, megabytes: int) -> float:
    with tempfile.TemporaryDirectory() as name, _started(kind, Path(name)) as (settings, environ):
        folder = Path(name)
        with (folder / "source").open("wb") as file:
            for _ in range(megabytes):
                file.write(os.urandom(1_000_000))
        command = process.python("benchmarks.large_files", json.dumps(settings), str(folder))
        found = process.run(command, environ, folder / "transfer.log")
        assert (folder / "back").stat().st_size == megabytes * 1_000_000
        return found.peak_mib


@contextmanager
def _started(kind: str, folder: Path) -> Iterator[tuple[dict[str, object], dict[str, str]]]:
    with ExitStack() as stack:
        if kind == "local":
            yield {"type": "local", "path": str(folder / "local")}, {}
        elif kind == "sftp":
            server = stack.enter_context(sshd.running(folder))
            yield server.config().model_dump(mode="json", exclude_none=True), server.environ
        else:
            store = stack.enter_context(object_stores.STORES[kind](folder))
            yield store.staging, store.environ


def move(settings: str, folder: Path) -> None:
    """Out of a folder and back into it."""
    logging.basicConfig(level=logging.INFO)
    with open_staging(TypeAdapter(StagingConfig).validate_json(settings)) as staging:
        staging.deliver(folder / "source", "large.bin")
        staging.fetch("large.bin", folder / "back")


def main() -> None:
    for kind, peak in run().items():
        print(f"{kind}: {MEGABYTES} MB out and in, peak {peak:.0f} MiB")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        move(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
