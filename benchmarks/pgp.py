"""Encrypting and signing 200 MB, and opening it again, beside the program `gpg` on a ready keyring, in turns.

Ours begins with no keyring: it makes one, fills it, works, and removes it.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks import process
from gigya_cheetah_assets.config.pgp import PgpIn, PgpOut
from gigya_cheetah_assets.pgp import Sealer, decrypt
from gigya_cheetah_assets_tests.pgp.people_keys import Gpg, gpg

MEGABYTES = 200
ROUNDS = 5


def measure(megabytes: int = MEGABYTES, rounds: int = ROUNDS) -> dict[str, float]:
    """The median ratios gpg/ours, pair by pair (above 1 ours is faster), and our median rates in MB/s."""
    with tempfile.TemporaryDirectory() as folder, gpg() as keys:
        place = Path(folder)
        # Random bytes: gzip files do not compress once more.
        (place / "source").write_bytes(os.urandom(megabytes * 1_000_000))
        keys.make("us")
        keys.make("cheetah")
        os.environ |= {"US": keys.secret("us"), "US_PUBLIC": keys.public("us")}
        os.environ |= {"THEM": keys.secret("cheetah"), "THEM_PUBLIC": keys.public("cheetah")}
        pairs = {
            "seal": (lambda: _gpg_seals(keys, place), lambda: _we_seal(place)),
            "open": (lambda: _gpg_opens(keys, place), lambda: _we_open(place)),
        }
        found = {}
        for name, (theirs, ours) in pairs.items():
            times = [(_seconds(theirs), _seconds(ours)) for _ in range(rounds)]
            found[f"{name}_ratio"] = process.median_ratio([t for t, _ in times], [o for _, o in times])
            found[f"{name}_mb_per_second"] = megabytes / median(o for _, o in times)
    return found


def run(megabytes: int = MEGABYTES, rounds: int = ROUNDS) -> tuple[float, float]:
    """The ratios of `measure` alone: encrypting, decrypting."""
    found = measure(megabytes, rounds)
    return found["seal_ratio"], found["open_ratio"]


def main() -> None:
    found = measure()
    for name, verb in (("seal", "encrypting and signing"), ("open", "decrypting and verifying")):
        print(
            f"{verb} {MEGABYTES} MB: {found[f'{name}_ratio']:.2f} times as fast as gpg (median of {ROUNDS} pairs), "
            f"{found[f'{name}_mb_per_second']:.0f} MB/s"
        )


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _gpg_seals(keys: Gpg, place: Path) -> None:
    sign = ["--sign", "--local-user", keys.fingerprints["us"], "--recipient", keys.fingerprints["cheetah"]]
    # As ours: what is packed already is not compressed again, which would take gpg many times as long.
    keys.run(
        "--compress-algo", "none", *sign, "--output", str(place / "theirs.pgp"), "--encrypt", str(place / "source")
    )


def _we_seal(place: Path) -> None:
    settings = PgpOut.model_validate({"encrypt_to": {"env": "THEM_PUBLIC"}, "sign_with": {"env": "US"}})
    with Sealer(settings) as sealer:
        sealer.seal(place / "source", place / "ours.pgp")


def _gpg_opens(keys: Gpg, place: Path) -> None:
    keys.run("--output", str(place / "theirs"), "--decrypt", str(place / "theirs.pgp"))


def _we_open(place: Path) -> None:
    settings = PgpIn.model_validate({"decrypt_with": {"env": "THEM"}, "verify_with": {"env": "US_PUBLIC"}})
    opened = decrypt(place / "theirs.pgp", place / "ours", settings, max_bytes=1 << 40)
    assert opened.signed_by
    assert (place / "ours").stat().st_size == (place / "source").stat().st_size


if __name__ == "__main__":
    main()
