"""The sandbox's credentials: fixed demo values, and keys that are made once in its folder.

None of them protects anything; they exist so that the real sign-in paths run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

API_KEY = "4_SandboxDemoApiKey"
USER_KEY = "SandboxDemoUserKey"
SECRET = "c2FuZGJveC1kZW1vLXNlY3JldC1uby1yZWFsLW9uZSE="  # noqa: S105 - public demo value, Base64 as Gigya's are
CHEETAHMAIL_NAME = "sandbox"
CHEETAHMAIL_CLEARTEXT = "sandbox-demo-cleartext"
SFTP_USER = "sandbox"
SFTP_PASSWORD = "sandbox-demo-password"  # noqa: S105 - public demo value

API_KEY_VARIABLE = "SANDBOX_GIGYA_API_KEY"
USER_KEY_VARIABLE = "SANDBOX_GIGYA_USER_KEY"
SECRET_VARIABLE = "SANDBOX_GIGYA_SECRET"  # noqa: S105 - the name of a variable
PRIVATE_KEY_VARIABLE = "SANDBOX_GIGYA_PRIVATE_KEY"
SFTP_PASSWORD_VARIABLE = "SANDBOX_SFTP_PASSWORD"  # noqa: S105 - the name of a variable
SFTP_PRIVATE_KEY_VARIABLE = "SANDBOX_SFTP_PRIVATE_KEY"
SFTP_KNOWN_HOSTS_VARIABLE = "SANDBOX_SFTP_KNOWN_HOSTS"


@dataclass(frozen=True)
class KeyFiles:
    """The keys of a sandbox as text.

    Attributes:
        gigya_private: RSA, PKCS#1 PEM as Gigya's console gives it out.
        gigya_public: PEM.
        sftp_client: Ed25519, OpenSSH format; the user's private key.
        sftp_client_public: One line, OpenSSH format.
        sftp_host: Ed25519, OpenSSH format; the server's private key.
        sftp_host_public: One line, OpenSSH format.
    """

    gigya_private: str
    gigya_public: str
    sftp_client: str
    sftp_client_public: str
    sftp_host: str
    sftp_host_public: str

    @classmethod
    def of(cls, folder: Path) -> KeyFiles:
        """Reads the keys from a folder; makes those that are missing."""
        gigya = _text(folder / "gigya_rsa.pem", _new_rsa)
        client = _text(folder / "sftp_user_ed25519", _new_ed25519)
        host = _text(folder / "sftp_host_ed25519", _new_ed25519)
        return cls(gigya, _rsa_public(gigya), client, _ed25519_public(client), host, _ed25519_public(host))


def environ(keys: KeyFiles, known_hosts: str) -> dict[str, str]:
    """The environment variables of the sandbox's sync file."""
    return {
        API_KEY_VARIABLE: API_KEY,
        USER_KEY_VARIABLE: USER_KEY,
        SECRET_VARIABLE: SECRET,
        PRIVATE_KEY_VARIABLE: keys.gigya_private,
        SFTP_PASSWORD_VARIABLE: SFTP_PASSWORD,
        SFTP_PRIVATE_KEY_VARIABLE: keys.sftp_client,
        SFTP_KNOWN_HOSTS_VARIABLE: known_hosts,
    }


def _text(path: Path, make: Callable[[], bytes]) -> str:
    if not path.exists():
        # Whole or not at all: half a key would stop every later start.
        unfinished = path.with_name(path.name + ".new")
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(make())
        unfinished.replace(path)
    return path.read_text(encoding="ascii")


def _new_rsa() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


def _new_ed25519() -> bytes:
    return ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )


def _rsa_public(private: str) -> str:
    key = serialization.load_pem_private_key(private.encode(), password=None)
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def _ed25519_public(private: str) -> str:
    key = serialization.load_ssh_private_key(private.encode(), password=None)
    return key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
