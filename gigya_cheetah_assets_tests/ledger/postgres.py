"""A PostgreSQL server of its own for the tests: on a unix socket in a folder that goes with it, no TCP port."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def binaries() -> Path | None:
    """The newest installed server: Debian's folder, else where `postgres` is found."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    found = debian[-1] if debian else shutil.which("postgres")
    return Path(found).resolve().parent if found else None


@contextmanager
def server() -> Iterator[str]:
    """Starts a server and yields its SQLAlchemy URL; skips when there is none, but not where CI=true."""
    found = binaries()
    if found is None:
        reason = "PostgreSQL's server is not installed (Debian: apt-get install postgresql)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    # Not pytest's tmp_path: only its owner may enter that, and the name of a socket must be short.
    folder = Path(tempfile.mkdtemp(prefix="gca-pg-"))
    try:
        with _running(found, folder):
            yield f"postgresql://tester@/postgres?host={folder}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(found: Path, folder: Path) -> Iterator[None]:
    data = folder / "data"
    user = _server_user(folder)
    setup = [found / "initdb", "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
    subprocess.run([*user, *setup], check=True, capture_output=True, cwd="/")
    options = f"-k {folder} -c listen_addresses='' -c fsync=off -c max_connections=20"
    control = [*user, found / "pg_ctl", "-D", data, "-w", "-t", "30", "-l", folder / "log"]
    subprocess.run([*control, "-o", options, "start"], check=True, stdout=subprocess.DEVNULL, cwd="/")
    try:
        yield
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, stdout=subprocess.DEVNULL, cwd="/")


def _server_user(folder: Path) -> list[str]:
    # The server refuses to run as root.
    if os.geteuid() != 0:
        return []
    name = (
        "postgres" if subprocess.run(["id", "postgres"], capture_output=True, check=False).returncode == 0 else "nobody"
    )
    shutil.chown(folder, name)
    return ["runuser", "-u", name, "--"]
