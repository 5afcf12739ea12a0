"""Starts the site of `site_process` and waits until it listens; the same for all peers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gigya_cheetah_assets.sandbox import credentials

PATIENCE_SECONDS = 300
ENVIRON = {
    "SANDBOX_GIGYA_API_KEY": credentials.API_KEY,
    "SANDBOX_GIGYA_USER_KEY": credentials.USER_KEY,
    "SANDBOX_GIGYA_SECRET": credentials.SECRET,
}


@contextmanager
def site(accounts: int, folder: Path, faults: str = "") -> Iterator[int]:
    """Starts the site with so many accounts and gives its HTTP port; the folder is used again.

    Args:
        accounts: How many.
        folder: For its database and pages.
        faults: As the sandbox's `--faults`.
    """
    http = _free_port()
    command = [sys.executable, "-m", "benchmarks.site_process", str(accounts), str(folder), str(http), faults]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "site.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=os.environ)
        try:
            _wait(process, http)
            yield http
        finally:
            process.terminate()
            process.wait()


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise RuntimeError("the site did not start; see site.log in its folder")
