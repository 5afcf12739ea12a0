"""One upload, download or rename over an open SFTP connection. Repeating it and naming its errors is in `sftp_session`.

All functions raise `ServerRefusal` when the server says no.
"""

from __future__ import annotations

import errno
import posixpath
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import IO

import paramiko

from gigya_cheetah_assets.progress import Moved
from gigya_cheetah_assets.staging.errors import SizeMismatch, copying_here
from gigya_cheetah_assets.staging.sftp_client import Client, ServerRefusal

# OpenSSH takes messages of up to 256 KiB; what every server must take is 32 KiB (SFTP, General Packet Format).
_OPENSSH_REQUEST, _SAFE_REQUEST = 248 * 1024, 32 * 1024
# posix-rename that is unknown, that is switched off, or that fails without a reason.
_NO_POSIX_RENAME = frozenset({errno.EOPNOTSUPP, errno.EACCES, None})
_TAKEN = frozenset({errno.EEXIST, None})


def upload(client: Client, source: IO[bytes], path: str, moved: Moved) -> None:
    """Writes the rest of a local file to a new remote one, many requests under way at a time.

    Args:
        client: The connection.
        source: The local file.
        path: Of the remote file.
        moved: Is told how many bytes went out.
    """
    with client.open(path, "wb") as target:
        client.write_behind(target, _counted(iter(partial(source.read, _request_size(client)), b""), moved))
    client.check_closed()


def download(client: Client, path: str, target: IO[bytes], moved: Callable[[int], Moved]) -> int:
    """Reads a remote file to its end; returns the size that the server said it has.

    Args:
        client: The connection.
        path: Of the remote file.
        target: The copy on this machine.
        moved: Gives for that size who is told how many bytes came.

    Raises:
        SizeMismatch: The file changed while it was read.
        StagingFull: There is no space on this machine.
    """
    with client.open(path, "rb") as source:
        before = source.stat()
        size = before.st_size or 0
        what = f"fetch {posixpath.basename(path)}"
        for data in _counted(client.read_ahead(source, size, _request_size(client)), moved(size)):
            with copying_here(what):
                target.write(data)
        with copying_here(what):
            target.flush()
        after = source.stat()
    if (before.st_size, before.st_mtime) != (after.st_size, after.st_mtime):
        raise SizeMismatch(
            f"{posixpath.basename(path)} changed while it was read", next_step="run it again when it is finished"
        )
    return size


def _counted(blocks: Iterable[bytes], moved: Moved) -> Iterator[bytes]:
    for block in blocks:
        yield block
        moved(len(block))


def status(client: Client, path: str) -> paramiko.SFTPAttributes | None:
    """What the server says of an entry, a link not followed; None when it is not there."""
    try:
        return client.lstat(path)
    except ServerRefusal as refusal:
        if refusal.errno != errno.ENOENT:
            raise
        return None


def clear(client: Client, path: str) -> None:
    """Removes a file of ours if the server lets us; a hidden one that stays is overwritten by the next delivery."""
    try:
        client.remove(path)
    except (OSError, EOFError, paramiko.SSHException):
        return


def rename(client: Client, source: str, target: str) -> None:
    """Renames over a file that may be there.

    `posix-rename@openssh.com` does it in one step. A server without it gets the protocol's own rename, which refuses
    when the target exists; then the older file is set aside under a hidden name, the new one takes its place, and only
    then the older one is removed. If the new one cannot take its place, the older one is put back.
    """
    try:
        client.posix_rename(source, target)
    except ServerRefusal as refusal:
        if refusal.errno not in _NO_POSIX_RENAME:
            raise
        _plain_rename(client, source, target)


def _plain_rename(client: Client, source: str, target: str) -> None:
    aside = posixpath.join(posixpath.dirname(target), f".{posixpath.basename(target)}.old")
    try:
        client.rename(source, target)
    except ServerRefusal as refusal:
        # Version 3 has no code for "exists already"; a missing right or folder has one.
        if refusal.errno not in _TAKEN or status(client, target) is None:
            raise
        _swap(client, source, target, aside)
    # Also one that a killed run left.
    clear(client, aside)


def _swap(client: Client, source: str, target: str, aside: str) -> None:
    # The target is there, so one that was set aside by a killed run is older still.
    clear(client, aside)
    client.rename(target, aside)
    try:
        client.rename(source, target)
    except ServerRefusal:
        client.rename(aside, target)
        raise


def _request_size(client: Client) -> int:
    channel = client.get_channel()
    version = channel.get_transport().remote_version if channel is not None else ""
    return _OPENSSH_REQUEST if "OpenSSH" in version else _SAFE_REQUEST
