"""Keys given as text: the private key of a login and the host keys of known_hosts."""

from __future__ import annotations

import base64
import binascii
import hmac
import io
import re
from dataclasses import dataclass

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization as formats
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from gigya_cheetah_assets.errors import ConfigError

_KINDS: tuple[tuple[type, type[paramiko.PKey]], ...] = (
    (Ed25519PrivateKey, paramiko.Ed25519Key),
    (RSAPrivateKey, paramiko.RSAKey),
    (EllipticCurvePrivateKey, paramiko.ECDSAKey),
)


def private_key(pem: str, passphrase: str | None = None) -> paramiko.PKey:
    r"""Reads an RSA, Ed25519 or ECDSA key in OpenSSH's, PKCS#1 or PKCS#8 format.

    Args:
        pem: Its text; a literal `\n` stands for a line break, as some secret stores hold it.
        passphrase: What it is encrypted with.

    Raises:
        ConfigError: It is not such a key, or the passphrase is missing, wrong or too much.
    """
    data = (_lines(pem) + "\n").encode()
    load = formats.load_ssh_private_key if b"OPENSSH PRIVATE KEY" in data else formats.load_pem_private_key
    try:
        key = load(data, passphrase.encode() if passphrase else None)
    except TypeError as error:
        wanted = "no passphrase: the key is not encrypted" if passphrase else "a passphrase: the key is encrypted"
        raise _wrong(f"staging.passphrase: expected {wanted}") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        detail = "that its passphrase opens" if passphrase else "in PEM format"
        raise _wrong(f"staging.private_key: expected an RSA, Ed25519 or ECDSA key {detail}") from error
    for kind, reader in _KINDS:
        if isinstance(key, kind):
            plain = key.private_bytes(formats.Encoding.PEM, formats.PrivateFormat.OpenSSH, formats.NoEncryption())
            return reader.from_private_key(io.StringIO(plain.decode()))
    raise _wrong(f"staging.private_key: expected an RSA, Ed25519 or ECDSA key, found {type(key).__name__}")


def known_host_keys(lines: str, host: str, port: int) -> tuple[paramiko.PKey, ...]:
    r"""The keys that known_hosts has for a server, several of one kind too.

    Lines are as OpenSSH's (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT) with hashed names, `*`, `?` and `!`; a key that a
    `@revoked` line has is never among the result. `@cert-authority` lines are not used.

    Args:
        lines: Its text; a literal `\n` stands for a line break.
        host: As it is written in the sync file.
        port: For one other than 22, `[host]:port` is looked up first, then the host alone.

    Raises:
        ConfigError: No line has a usable key for the server.
    """
    entries = [entry for entry in map(_entry, _lines(lines).splitlines()) if entry is not None]
    wanted = [host] if port == 22 else [f"[{host}]:{port}", host]
    revoked = {entry.key.asbytes() for entry in entries if entry.revoked and any(map(entry.names, wanted))}
    for name in wanted:
        found = [entry.key for entry in entries if not entry.revoked and entry.names(name)]
        if found:
            usable = {key.asbytes(): key for key in found if key.asbytes() not in revoked}
            if usable:
                return tuple(usable.values())
            break
    raise ConfigError(
        [f"staging.known_hosts: expected a line for {wanted[0]}, found none with a usable key"],
        next_step=f"run `ssh-keyscan -p {port} {host}`, compare its fingerprint with what the server's owner says",
    )


@dataclass(frozen=True)
class _Entry:
    """One line of known_hosts."""

    hosts: tuple[str, ...]
    key: paramiko.PKey
    revoked: bool

    def names(self, host: str) -> bool:
        """Whether the line is about this host."""
        excluded = any(_matches(pattern[1:], host) for pattern in self.hosts if pattern.startswith("!"))
        return not excluded and any(_matches(pattern, host) for pattern in self.hosts)


def _matches(pattern: str, host: str) -> bool:
    if pattern.startswith("|1|"):
        return any(_hashes_to(pattern, name) for name in (host, host.lower()))
    expression = re.escape(pattern.lower()).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, host.lower()) is not None


def _hashes_to(pattern: str, host: str) -> bool:
    """Whether `|1|salt|digest` stands for a name: the digest is an HMAC-SHA1 of it (sshd(8))."""
    try:
        salt, digest = (base64.b64decode(part, validate=True) for part in pattern.split("|")[2:])
    except ValueError:
        return False
    return hmac.compare_digest(hmac.digest(salt, host.encode(), "sha1"), digest)


def _entry(line: str) -> _Entry | None:
    words = line.split()
    revoked = bool(words) and words[0] == "@revoked"
    words = words[1:] if revoked else words
    if len(words) < 3 or words[0].startswith(("#", "@")):
        return None
    try:
        entry = paramiko.hostkeys.HostKeyEntry.from_line(" ".join(words[:3]))
    except (paramiko.hostkeys.InvalidHostKey, paramiko.SSHException, binascii.Error, ValueError):
        return None
    return _Entry(tuple(words[0].split(",")), entry.key, revoked) if entry is not None and entry.key else None


def _lines(value: str) -> str:
    return value.replace("\\n", "\n").strip()


def _wrong(problem: str) -> ConfigError:
    return ConfigError([problem], next_step="correct the variable that the sync file names there")
