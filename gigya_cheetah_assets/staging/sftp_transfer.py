"""One upload, download or rename over an open SFTP connection. Repeating it and naming its errors is in `sftp`."""

from __future__ import annotations

import errno
import shutil
from contextlib import suppress
from typing import IO

import paramiko

# OpenSSH takes messages of up to 256 KiB; what every server must take is 32 KiB (SFTP, General Packet Format).
_OPENSSH_REQUEST, _SAFE_REQUEST = 248 * 1024, 32 * 1024


def upload(client: paramiko.SFTPClient, source: IO[bytes], path: str) -> None:
    """Writes the rest of a local file to a new remote one, many requests under way at a time.

    Raises:
        OSError: The server refused.
    """
    with client.open(path, "wb") as target:
        # One block a request: paramiko copies what is left of a larger one with each request.
        size = target.MAX_REQUEST_SIZE = _request_size(client)
        block = source.read(size)
        while block:
            following = source.read(size)
            # paramiko looks at the answers to pipelined writes only now and then; the last write, not pipelined, reads
            # them all, so that a refusal shows as what it is.
            target.set_pipelined(bool(following))
            target.write(block)
            block = following


def download(client: paramiko.SFTPClient, path: str, target: IO[bytes]) -> int:
    """Reads a remote file to its end; returns the size that the server said it has.

    Raises:
        OSError: The server refused.
    """
    with client.open(path, "rb") as source:
        source.MAX_REQUEST_SIZE = _request_size(client)
        size = source.stat().st_size or 0
        source.prefetch(size)
        shutil.copyfileobj(source, target, source.MAX_REQUEST_SIZE)
    return size


def rename(client: paramiko.SFTPClient, source: str, target: str) -> None:
    """Renames over a file that may be there.

    `posix-rename@openssh.com` does it in one step. A server without it gets the protocol's own rename, which refuses
    when the target exists; then the target is removed first, so for a moment neither is there, but never half a file.

    Raises:
        OSError: The server refused.
    """
    try:
        client.posix_rename(source, target)
    except OSError as error:
        # An unknown extension is answered without an errno, one that is switched off with EACCES.
        if _unanswered(error) or error.errno not in {None, errno.EACCES}:
            raise
        _plain_rename(client, source, target)


def _plain_rename(client: paramiko.SFTPClient, source: str, target: str) -> None:
    try:
        client.rename(source, target)
    except OSError as error:
        # Version 3 has no code for "exists already"; a missing right or folder has one, and then nothing is removed.
        if _unanswered(error) or error.errno is not None:
            raise
        with suppress(FileNotFoundError):
            client.remove(target)
        client.rename(source, target)


def _unanswered(error: OSError) -> bool:
    return isinstance(error, TimeoutError | ConnectionError)


def _request_size(client: paramiko.SFTPClient) -> int:
    channel = client.get_channel()
    version = channel.get_transport().remote_version if channel is not None else ""
    return _OPENSSH_REQUEST if "OpenSSH" in version else _SAFE_REQUEST
