"""Uploading 200 MB with the staging and with OpenSSH's `sftp -b`, in turns, to the same server on this machine.

Ours connects, uploads under a temporary name, confirms the size and renames; theirs connects and puts.
"""

from __future__ import annotations

import getpass
import os
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks import process
from gigya_cheetah_assets.staging import open_staging
from gigya_cheetah_assets_tests.integration import sshd
from gigya_cheetah_assets_tests.packages import require_program

MEGABYTES = 200
ROUNDS = 5


def measure(megabytes: int = MEGABYTES, rounds: int = ROUNDS) -> dict[str, float]:
    """The median ratio theirs/ours, pair by pair (above 1 the staging is faster), and both median rates in MB/s."""
    with tempfile.TemporaryDirectory() as folder, sshd.running(Path(folder)) as server:
        source = Path(folder) / "source"
        # Random bytes: gzip files do not compress once more.
        source.write_bytes(os.urandom(megabytes * 1_000_000))
        ours, theirs = [], []
        for _ in range(rounds):
            theirs.append(_openssh(server, source))
            ours.append(_staging(server, source))
    return {
        "ratio": process.median_ratio(theirs, ours),
        "ours_mb_per_second": megabytes / median(ours),
        "openssh_mb_per_second": megabytes / median(theirs),
    }


def run(megabytes: int = MEGABYTES, rounds: int = ROUNDS) -> float:
    """The ratio of `measure` alone."""
    return measure(megabytes, rounds)["ratio"]


def main() -> None:
    found = measure()
    print(
        f"sftp upload of {MEGABYTES} MB: {found['ratio']:.2f} times as fast as OpenSSH (median of {ROUNDS} pairs); "
        f"{found['ours_mb_per_second']:.0f} and {found['openssh_mb_per_second']:.0f} MB/s"
    )


def _staging(server: sshd.Sshd, source: Path) -> float:
    started = time.perf_counter()
    with open_staging(server.config(), server.environ) as staging:
        staging.deliver(source, "ours.bin")
    seconds = time.perf_counter() - started
    assert (server.root / "autoproc/ours.bin").stat().st_size == source.stat().st_size
    return seconds


def _openssh(server: sshd.Sshd, source: Path) -> float:
    known, batch = server.folder / "known_hosts", server.folder / "batch"
    known.write_text(server.environ["KNOWN_HOSTS"])
    batch.write_text(f"put {source} autoproc/theirs.bin\n")
    options = ["-q", "-b", str(batch), "-P", str(server.port), "-i", str(server.folder / "user"), "-F", "none"]
    checked = ["-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes"]
    target = f"{getpass.getuser()}@127.0.0.1"
    sftp = require_program("sftp", "openssh-client")
    seconds = process.run([sftp, *options, *checked, target], {}, server.folder / "sftp.log").seconds
    assert (server.root / "autoproc/theirs.bin").stat().st_size == source.stat().st_size
    return seconds


if __name__ == "__main__":
    main()
