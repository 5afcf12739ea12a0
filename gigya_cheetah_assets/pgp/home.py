"""The folder of a keyring: new, for this user only, gone afterwards with its agent; also after a kill, by the next one.

Whoever uses a folder holds a lock in it. The operating system frees the lock of a process that was killed, and so the
next keyring that is opened on this machine finds what is left and removes it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "gigya-cheetah-pgp-"
_LOCK = "in-use"


@contextmanager
def keyring_home() -> Iterator[Path]:
    """A new folder (0700) for gpg within the block."""
    # Not below the data folder: the path of an agent's socket may have some 100 bytes at most.
    home = Path(tempfile.mkdtemp(prefix=_PREFIX))
    remove_abandoned(home.parent)
    with (home / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield home
        finally:
            _remove(home)


def remove_abandoned(root: Path) -> None:
    """Removes the folders in `root` whose users were killed, and ends their agents."""
    for home in root.glob(f"{_PREFIX}*"):
        try:
            entry = home.lstat()
            if entry.st_uid != os.getuid() or not stat.S_ISDIR(entry.st_mode):
                continue
            with (home / _LOCK).open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(home)
        except OSError:
            # Locked: in use. No lock yet: as new as ours, or killed before any key came into it.
            continue


def _remove(home: Path) -> None:
    # gpgconf is part of GnuPG; an agent that it cannot reach ends itself when its folder is gone.
    gpgconf = shutil.which("gpgconf")
    if gpgconf is not None:
        command = [gpgconf, "--homedir", str(home), "--kill", "all"]
        subprocess.run(command, check=False, capture_output=True)  # noqa: S603 - no shell, our own folder
    shutil.rmtree(home, ignore_errors=True)
