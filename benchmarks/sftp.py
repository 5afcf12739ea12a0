"""Moving 200 MB with the staging and with OpenSSH's `sftp -b`, in turns, to and from the same server on this machine.

Up, ours connects, writes under a temporary name, confirms the size and renames; theirs connects and puts. Down, ours
connects, looks at the file before and after, and renames its copy; theirs connects and gets.
"""

from __future__ import annotations

import getpass
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import process
from gigya_cheetah_assets.staging import Staging, open_staging
from gigya_cheetah_assets_tests.integration import sshd
from gigya_cheetah_assets_tests.packages import require_program

MEGABYTES = 200
ROUNDS = 5


def run(megabytes: int = MEGABYTES, rounds: int = ROUNDS) -> tuple[float, float]:
    """The median ratio theirs/ours, up and down, pair by pair: above 1 the staging is faster."""
    with tempfile.TemporaryDirectory() as folder, sshd.running(Path(folder)) as server:
        source, target = Path(folder) / "source", Path(folder) / "target"
        # Random bytes: gzip files do not compress once more.
        source.write_bytes(os.urandom(megabytes * 1_000_000))
        times: dict[str, list[float]] = {"put": [], "up": [], "get": [], "down": []}
        for _ in range(rounds):
            times["put"].append(_openssh(server, f"put {source} autoproc/theirs.bin"))
            times["up"].append(_staging(server, lambda staging: staging.deliver(source, "ours.bin")))
            times["get"].append(_openssh(server, f"get autoproc/theirs.bin {target}"))
            assert target.read_bytes() == source.read_bytes()
            times["down"].append(_staging(server, lambda staging: staging.fetch("ours.bin", target)))
            assert target.read_bytes() == source.read_bytes()
    return process.median_ratio(times["put"], times["up"]), process.median_ratio(times["get"], times["down"])


def main() -> None:
    up, down = run()
    print(f"sftp, {MEGABYTES} MB, OpenSSH's time / ours (median of {ROUNDS} pairs): up {up:.2f}x, down {down:.2f}x")


def _staging(server: sshd.Sshd, work: Callable[[Staging], object]) -> float:
    started = time.perf_counter()
    with open_staging(server.config(), server.environ) as staging:
        work(staging)
    return time.perf_counter() - started


def _openssh(server: sshd.Sshd, line: str) -> float:
    known, batch = server.folder / "known_hosts", server.folder / "batch"
    known.write_text(server.environ["KNOWN_HOSTS"])
    batch.write_text(f"{line}\n")
    options = ["-q", "-b", str(batch), "-P", str(server.port), "-i", str(server.folder / "user"), "-F", "none"]
    checked = ["-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes"]
    target = f"{getpass.getuser()}@127.0.0.1"
    sftp = require_program("sftp", "openssh-client")
    return process.run([sftp, *options, *checked, target], {}, server.folder / "sftp.log").seconds


if __name__ == "__main__":
    main()
