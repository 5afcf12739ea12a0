"""Folders of keyrings: gone afterwards, whatever became of the process."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gigya_cheetah_assets.pgp.home import keyring_home, remove_abandoned
from gigya_cheetah_assets_tests.packages import require_program

# Prints its folder when an agent runs in it, then waits.
_USER = """
import subprocess, sys, time
from gigya_cheetah_assets.pgp.home import keyring_home
with keyring_home() as home:
    subprocess.run(["gpg", "--homedir", str(home), "--batch", "--passphrase", "", "--quick-gen-key", "a@example.org"],
                   check=True, capture_output=True)
    print(home, flush=True)
    time.sleep(60)
"""


def agents(home: Path) -> list[str]:
    lines = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [line for line in lines if line.startswith("gpg-agent") and str(home) in line]


def test_what_a_killed_process_left_is_removed_with_its_agent_by_the_next_one() -> None:
    require_program("gpg", "gnupg")
    with subprocess.Popen([sys.executable, "-c", _USER], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().strip())
        assert (left / "private-keys-v1.d").is_dir()
        with keyring_home():
            # In use: not ours to remove.
            assert left.is_dir()
            assert agents(left)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert left.is_dir()
    with keyring_home() as home:
        assert not left.exists()
        assert not agents(left)
    assert not home.exists()


def test_links_and_folders_without_a_lock_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "gigya-cheetah-pgp-new").mkdir()
    other = tmp_path / "other"
    other.mkdir()
    (other / "in-use").touch()
    (tmp_path / "gigya-cheetah-pgp-link").symlink_to(other)
    remove_abandoned(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "gigya-cheetah-pgp-link", "gigya-cheetah-pgp-new", "other",
    ]  # fmt: skip
    assert (other / "in-use").exists()


def test_a_block_that_raises_leaves_nothing() -> None:
    homes = []

    def broken() -> None:
        with keyring_home() as home:
            homes.append(home)
            (home / "key").write_text("x")
            raise KeyError

    with pytest.raises(KeyError):
        broken()
    assert not homes[0].exists()
