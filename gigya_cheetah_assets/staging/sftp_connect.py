"""Connecting to an SFTP server: host key, login and the settings that make it fast. File operations are in `sftp`."""

from __future__ import annotations

import base64
import hashlib
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

import paramiko
from paramiko.ssh_exception import IncompatiblePeer

from gigya_cheetah_assets.config.secrets import text
from gigya_cheetah_assets.config.staging import SftpStaging
from gigya_cheetah_assets.staging.errors import HostKeyRefused, LoginRefused, StagingRefused, StagingUnreachable
from gigya_cheetah_assets.staging.sftp_client import Client
from gigya_cheetah_assets.staging.sftp_keys import known_host_keys, private_key

_KEEP_ALIVE_SECONDS = 30.0
# AES-GCM needs no separate MAC and runs on the CPU's own instructions: about 1.5 times paramiko's default.
_FAST_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
_MAX_PACKET = 256 * 1024


@dataclass(frozen=True)
class SftpLogin:
    """Where to connect and as whom; secrets never show in its repr.

    Attributes:
        host: Name or address.
        port: TCP port.
        username: The user.
        host_keys: Keys of which the server must present one.
        password: Set when `key` is not.
        key: Set when `password` is not.
        timeout: Seconds for each step of connecting and for each answer.
    """

    host: str
    port: int
    username: str
    host_keys: tuple[paramiko.PKey, ...] = field(repr=False)
    password: str | None = field(repr=False)
    key: paramiko.PKey | None = field(repr=False)
    timeout: float

    @classmethod
    def of(cls, config: SftpStaging, environ: Mapping[str, str] | None = None) -> SftpLogin:
        """Resolves the variables of the sync file.

        Raises:
            ConfigError: A variable is not set, or the key or known_hosts cannot be read.
        """
        host = text(config.host, environ)
        passphrase = config.passphrase.resolve(environ) if config.passphrase else None
        key = private_key(config.private_key.resolve(environ), passphrase) if config.private_key else None
        return cls(
            host=host,
            port=config.port,
            username=text(config.username, environ),
            host_keys=known_host_keys(config.known_hosts.resolve(environ), host, config.port),
            password=config.password.resolve(environ) if config.password else None,
            key=key,
            timeout=config.timeout_seconds,
        )

    @property
    def identity(self) -> tuple[str | bytes, ...]:
        """What a server judges: where, who, by which credential. Secret."""
        credential = (self.password or "") if self.key is None else self.key.asbytes()
        return self.host, str(self.port), self.username, credential

    @property
    def place(self) -> str:
        """The server in messages."""
        return f"{self.host}:{self.port}"


def connect(login: SftpLogin) -> Client:
    """Opens a connection of which `close()` ends everything.

    Raises:
        HostKeyRefused: The server's key is not in known_hosts; the user name was not sent.
        LoginRefused: The server does not accept the credential, or offers no file transfer.
        StagingUnreachable: The connection ended while logging in.
        OSError: The host cannot be reached.
        paramiko.SSHException: The two sides could not agree, or the connection broke.
    """
    transport = greet(login)
    try:
        return log_in(login, transport)
    except BaseException:
        transport.close()
        raise


def greet(login: SftpLogin) -> paramiko.Transport:
    """The first half of `connect`: to be called by who wants to look at the server before the user name is sent.

    Raises:
        HostKeyRefused: The server's key is not in known_hosts.
        StagingRefused: The two sides have no safe algorithm in common.
        OSError: The host cannot be reached.
        paramiko.SSHException: The connection broke.
    """
    transport = _transport(login)
    try:
        _agree(login, transport)
        _check_host_key(login, transport.get_remote_server_key())
    except BaseException:
        transport.close()
        raise
    return transport


def log_in(login: SftpLogin, transport: paramiko.Transport) -> Client:
    """The second half of `connect`, on what `greet` gave.

    Raises:
        LoginRefused: The server does not accept the credential, or offers no file transfer.
        StagingUnreachable: The connection ended while logging in.
        paramiko.SSHException: The connection broke.
    """
    _log_in(login, transport)
    transport.set_keepalive(min(_KEEP_ALIVE_SECONDS, login.timeout))
    return _client(login, transport)


def _transport(login: SftpLogin) -> paramiko.Transport:
    sock = socket.create_connection((login.host, login.port), timeout=login.timeout)
    # Without it each small request waits for the delayed acknowledgement of the one before, 40 ms.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # paramiko sends without a time limit; where the other side takes nothing any more, the system ends it (Linux).
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(login.timeout * 1000))
    transport = paramiko.Transport(sock, default_max_packet_size=_MAX_PACKET)
    transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = login.timeout
    options = transport.get_security_options()
    options.ciphers = [*_FAST_CIPHERS, *(name for name in options.ciphers if name not in _FAST_CIPHERS)]
    known = {name for key in login.host_keys for name in _signatures(key)}
    # The kinds that are known come first, so that a server with several keys shows one that can be compared.
    options.key_types = sorted(options.key_types, key=lambda name: name not in known)
    return transport


def _agree(login: SftpLogin, transport: paramiko.Transport) -> None:
    try:
        transport.start_client(timeout=login.timeout)
    except IncompatiblePeer as error:
        raise StagingRefused(
            f"{login.place}: the server knows no cipher, key exchange or host key that is still considered safe",
            next_step="ask the server's owner to enable current algorithms, such as aes128-ctr and curve25519-sha256",
        ) from error


def _signatures(key: paramiko.PKey) -> tuple[str, ...]:
    name = key.get_name()
    return ("rsa-sha2-512", "rsa-sha2-256") if name == "ssh-rsa" else (name,)


def _check_host_key(login: SftpLogin, found: paramiko.PKey) -> None:
    if any(key.get_name() == found.get_name() and key.asbytes() == found.asbytes() for key in login.host_keys):
        return
    expected = ", ".join(fingerprint(key) for key in login.host_keys)
    raise HostKeyRefused(
        f"{login.place}: expected host key {expected}, found {fingerprint(found)}; no credential was sent",
        next_step="ask the server's owner whether its key was changed; only if so, put the new one into known_hosts",
    )


def fingerprint(key: paramiko.PKey) -> str:
    """A key as OpenSSH shows it: `ssh-ed25519 SHA256:…`."""
    digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
    return f"{key.get_name()} SHA256:{digest}"


def _log_in(login: SftpLogin, transport: paramiko.Transport) -> None:
    try:
        if login.key is not None:
            transport.auth_publickey(login.username, login.key)
        else:
            transport.auth_password(login.username, login.password or "")
    except paramiko.AuthenticationException as error:
        # paramiko has no class of its own for an answer that did not come.
        if not transport.is_active() or "timeout" in str(error):
            # Too many wrong tries also end so: repeating it here could lock the account.
            raise StagingUnreachable(
                f"{login.place}: the connection ended, or no answer came, while logging in as {login.username}",
                next_step="look at the server's log; if it refused the credential, correct that first",
            ) from error
        raise _refused(login) from error
    if not transport.is_authenticated():
        raise _refused(login)


def _refused(login: SftpLogin) -> LoginRefused:
    used = "private key" if login.key is not None else "password"
    shown = f" ({fingerprint(login.key)})" if login.key is not None else ""
    return LoginRefused(
        f"{login.place}: the {used} of {login.username}{shown} was not accepted",
        next_step=f"check the user name and the variable of staging.{used.replace(' ', '_')} with the server's owner",
    )


def _client(login: SftpLogin, transport: paramiko.Transport) -> Client:
    try:
        channel = transport.open_session(timeout=login.timeout)
        channel.settimeout(login.timeout)
        channel.invoke_subsystem("sftp")
    except paramiko.SSHException as error:
        if not transport.is_active():
            raise
        raise LoginRefused(
            f"{login.place}: {login.username} may log in, but gets no file transfer",
            next_step="ask the server's owner to enable the sftp subsystem for this user",
        ) from error
    return Client(channel)
