"""Keys made by the program gpg, and the program itself as the other side of an exchange."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from gigya_cheetah_assets_tests.packages import require_program

_COMMON = ["--batch", "--yes", "--no-tty", "--pinentry-mode", "loopback", "--trust-model", "always", "--quiet"]


@dataclass
class Gpg:
    """The program on a keyring of its own, with everybody's secret keys."""

    home: Path
    program: str
    fingerprints: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, check: bool = True, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """One call; its standard output is in the result."""
        command = [self.program, "--homedir", str(self.home), *_COMMON, *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, check=check, env={**os.environ, "LC_ALL": "C"})

    def make(
        self,
        name: str,
        *,
        passphrase: str = "",
        usage: str = "default",
        days: str = "0",
        since: str = "20241201T000000",
    ) -> str:
        """A new key for `<name>@example.org`; returns its fingerprint."""
        mail = f"{name} <{name}@example.org>"
        kind = "future-default" if usage == "default" else "ed25519"
        self.run("--faked-system-time", since, "--passphrase", passphrase, "--quick-gen-key", mail, kind, usage, days)
        lines = self.run("--with-colons", "--list-keys", f"{name}@example.org").stdout.decode().splitlines()
        self.fingerprints[name] = next(line.split(":")[9] for line in lines if line.startswith("fpr"))
        return self.fingerprints[name]

    def public(self, *names: str) -> str:
        """Their public keys, armored."""
        return self.run("--armor", "--export", *(self.fingerprints[name] for name in names)).stdout.decode()

    def secret(self, name: str, passphrase: str = "") -> str:
        """Its secret key, armored, protected by its passphrase."""
        own = ["--passphrase", passphrase] if passphrase else []
        return self.run(*own, "--armor", "--export-secret-keys", self.fingerprints[name]).stdout.decode()

    def revoke(self, name: str) -> None:
        """Revokes a key by the certificate that was made with it."""
        path = self.home / "openpgp-revocs.d" / f"{self.fingerprints[name]}.rev"
        self.run("--import", stdin=path.read_bytes().replace(b":-----BEGIN", b"-----BEGIN"))

    def encrypt(self, data: bytes, to: str, *options: str, by: str | None = None) -> bytes:
        """A message to somebody, signed by somebody."""
        sign = ["--sign", "--local-user", self.fingerprints[by]] if by else []
        return self.run(*sign, *options, "--encrypt", "--recipient", self.fingerprints[to], stdin=data).stdout

    def decrypt(self, path: Path, *options: str) -> tuple[bytes, list[str]]:
        """The content of a message, and whose signatures gpg finds valid."""
        done = self.run(*options, "--status-fd", "2", "--decrypt", str(path))
        lines = done.stderr.decode().splitlines()
        return done.stdout, [line.split()[-1] for line in lines if line.startswith("[GNUPG:] VALIDSIG")]


@contextmanager
def gpg() -> Iterator[Gpg]:
    """A keyring in a short path (an agent's socket needs that), and its agent ended afterwards."""
    program = require_program("gpg", "gnupg")
    with TemporaryDirectory(prefix="gpg-") as folder:
        found = Gpg(Path(folder), program)
        (found.home / "gpg-agent.conf").write_text("s2k-count 65536\n")
        try:
            yield found
        finally:
            subprocess.run(["gpgconf", "--homedir", folder, "--kill", "all"], check=False)


@contextmanager
def everybody() -> Iterator[Gpg]:
    """us (passphrase `open`), cheetah, stranger, and keys that cannot be used: expired, revoked, signing."""
    with gpg() as found:
        found.make("us", passphrase="open")
        found.make("cheetah")
        found.make("stranger")
        found.make("expired", days="1", since="20250101T000000")
        found.make("revoked")
        found.revoke("revoked")
        found.make("signing", usage="sign")
        yield found
