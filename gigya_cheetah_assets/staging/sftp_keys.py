"""Keys given as text: the private key of a login and the host keys of known_hosts."""

from __future__ import annotations

import binascii
import io

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
    r"""The keys that known_hosts has for a server.

    Lines are as OpenSSH's, hashed names too; markers (`@cert-authority`, `@revoked`) and wildcards are not used.

    Args:
        lines: Its text; a literal `\n` stands for a line break.
        host: As it is written in the sync file.
        port: For one other than 22, `[host]:port` is looked up first, then the host alone.

    Raises:
        ConfigError: No line has a usable key for the server.
    """
    known = paramiko.HostKeys()
    for line in _lines(lines).splitlines():
        entry = _entry(line)
        for name in entry.hostnames if entry is not None and entry.key is not None else ():
            known.add(name, entry.key.get_name(), entry.key)  # type: ignore[union-attr]
    wanted = [host] if port == 22 else [f"[{host}]:{port}", host]
    for name in wanted:
        found = known.lookup(name)
        if found:
            return tuple(found.values())
    raise ConfigError(
        [f"staging.known_hosts: expected a line for {wanted[0]}, found none with a usable key"],
        next_step=f"run `ssh-keyscan -p {port} {host}`, compare its fingerprint with what the server's owner says",
    )


def _entry(line: str) -> paramiko.hostkeys.HostKeyEntry | None:
    words = line.split()
    if len(words) < 3 or words[0].startswith(("#", "@")):
        return None
    try:
        return paramiko.hostkeys.HostKeyEntry.from_line(" ".join(words[:3]))
    except (paramiko.hostkeys.InvalidHostKey, paramiko.SSHException, binascii.Error, ValueError):
        return None


def _lines(value: str) -> str:
    return value.replace("\\n", "\n").strip()


def _wrong(problem: str) -> ConfigError:
    return ConfigError([problem], next_step="correct the variable that the sync file names there")
