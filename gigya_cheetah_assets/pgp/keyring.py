"""A keyring for the time of a few files: filled from the environment, for this user only, removed afterwards.

It has an agent of its own, see `home`; the user's own keyring is never looked at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import gnupg

from gigya_cheetah_assets.config.secrets import EnvVar
from gigya_cheetah_assets.errors import ConfigError, StopSync
from gigya_cheetah_assets.pgp.home import keyring_home

# `always`: whom we trust is told by the sync file. Compression is `compression`'s matter, before encryption.
_OPTIONS = [
    "--no-options", "--pinentry-mode", "loopback", "--trust-model", "always", "--compress-algo", "none",
    "--no-auto-key-locate", "--no-auto-key-retrieve", "--disable-dirmngr",
]  # fmt: skip
# The agent would measure for seconds how slowly it can protect a key, although these live for seconds only.
_AGENT = "s2k-count 65536\n"
_UNUSABLE = {"e": "has expired", "r": "is revoked", "d": "is disabled", "i": "is not valid"}
_USES = {"E": "encrypts", "S": "signs"}


@dataclass(frozen=True)
class Keyring:
    """An open keyring.

    Attributes:
        gpg: The program on it.
    """

    gpg: gnupg.GPG

    def public(self, reference: EnvVar, place: str, *, use: str) -> list[str]:
        """Adds public keys and returns the fingerprints of those that can be used now.

        Args:
            reference: The variable with their text; several keys may follow each other.
            place: Key path in the sync file, for messages.
            use: `E` for keys that files are encrypted to, `S` for keys that sign.

        Raises:
            StopSync: There is none in it, or all have expired, are revoked or of no use here.
        """
        return self._add(reference, place, use, secret=False)

    def secret(self, reference: EnvVar, place: str, *, use: str) -> list[str]:
        """As `public`, for secret keys."""
        return self._add(reference, place, use, secret=True)

    def _add(self, reference: EnvVar, place: str, use: str, *, secret: bool) -> list[str]:
        text = reference.resolve().replace("\\n", "\n").strip() + "\n"
        imported = self.gpg.import_keys(text)
        found = {line["fingerprint"] for line in imported.results if line.get("fingerprint")}
        keys = [key for key in self.gpg.list_keys(secret=secret) if key["fingerprint"] in found]
        if not keys:
            kind, option = ("secret", "--export-secret-keys") if secret else ("public", "--export")
            raise ConfigError(
                [f"{place}: expected a {kind} key of OpenPGP in {reference.env}, found none that gpg can read"],
                next_step=f"set {reference.env} to what `gpg --armor {option}` prints",
            )
        problems = {key["fingerprint"]: _problem(key, use) for key in keys}
        usable = sorted(fingerprint for fingerprint, problem in problems.items() if problem is None)
        if not usable:
            told = "; ".join(f"the key {fingerprint[-16:]} {problem}" for fingerprint, problem in problems.items())
            raise StopSync(
                f"{place}: {told}",
                next_step=f"put a valid key into {reference.env}; one that was prolonged must be exported again",
            )
        return usable


@contextmanager
def keyring() -> Iterator[Keyring]:
    """A new, empty keyring.

    Raises:
        ConfigError: The program gpg is not installed.
    """
    with keyring_home() as home:
        (home / "gpg-agent.conf").write_text(_AGENT)
        yield Keyring(_gpg(home))


def one(fingerprints: list[str], place: str) -> str:
    """The only fingerprint.

    Raises:
        ConfigError: There are several.
    """
    if len(fingerprints) > 1:
        raise ConfigError(
            [f"{place}: expected one key, found {len(fingerprints)}"], next_step="leave the key that counts"
        )
    return fingerprints[0]


@contextmanager
def new_output(path: Path) -> Iterator[None]:
    """An empty file (0600) for gpg to write into, so that it has this mode from its first byte on; gone on an error."""
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with ExitStack() as stack:
        stack.callback(path.unlink, missing_ok=True)
        yield
        stack.pop_all()


def read_by_gpg(path: Path) -> list[str]:
    """Arguments that let gpg read a file itself, faster than python-gnupg's pipe; its input then carries nothing."""
    return ["--", str(path)]


def _gpg(home: Path) -> gnupg.GPG:
    # Messages in English: one of them has no status line of its own.
    environ = {**os.environ, "GNUPGHOME": str(home), "LC_ALL": "C"}
    try:
        return gnupg.GPG(gnupghome=str(home), options=_OPTIONS, env=environ, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            ["pgp: expected the program gpg, found none"], next_step="install GnuPG (Debian: apt-get install gnupg)"
        ) from error


def _problem(key: dict[str, str], use: str) -> str | None:
    # Upper case in the capabilities: what the key as a whole can do now, whichever of its subkeys does it.
    if use in key["cap"] and key["trust"] not in _UNUSABLE:
        return None
    return _UNUSABLE.get(key["trust"], f"has no part that {_USES[use]} now: expired, revoked or never made for it")
