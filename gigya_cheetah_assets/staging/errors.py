"""What can go wrong at the staging, on the branches of `gigya_cheetah_assets.errors`; and how an errno reads there."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from gigya_cheetah_assets.errors import GigyaCheetahError, RefuseFile, RetryLater, StopSync


class StagingUnreachable(RetryLater):
    """The connection could not be made or broke, and stayed so for the whole retry time."""


class SizeMismatch(RetryLater):
    """A copied file has another size than its source."""


class NoSuchFile(RefuseFile):
    """A file that was to be fetched is not there."""


class NotAFile(RefuseFile):
    """What was to be fetched or moved is a folder, a link or the like."""


class LoginRefused(StopSync):
    """The server does not accept the user name with its password or key."""


class HostKeyRefused(StopSync):
    """The server's host key is not the one in known_hosts; no credential was sent."""


class StagingPermission(StopSync):
    """The user may not do this in that folder."""


class StagingMissing(StopSync):
    """The outbox, the inbox or another folder is not there."""


class StagingFull(StopSync):
    """No space is left, or the user's quota is used up."""


class StagingRefused(StopSync):
    """The server refuses an operation and does not say why."""


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
# Servers answer so in words: the protocol's version 3, which most speak, has no code for it.
_FULL_IN_WORDS = re.compile(r"quota|no space|disk full", re.IGNORECASE)
_MISSING = frozenset({errno.ENOENT, errno.ENOTDIR})
_UNKNOWN = frozenset({errno.EOPNOTSUPP, errno.ENOSYS})


@contextmanager
def doing(step: str) -> Iterator[None]:
    """Notes on an OSError which step of an operation it came from; `from_os_error` puts it into the message.

    Args:
        step: What is being done, such as `renaming it`.
    """
    try:
        yield
    except OSError as error:
        error.add_note(f"while {step}")
        raise


@contextmanager
def copying_here(what: str) -> Iterator[None]:
    """Names what goes wrong when a copy is written on this machine.

    Args:
        what: What was wanted and where, as of `from_os_error`.

    Raises:
        GigyaCheetahError: Of this module, in place of the OSError.
    """
    try:
        yield
    except (TimeoutError, ConnectionError):
        # Not of a disk.
        raise
    except OSError as error:
        error.add_note("while writing the copy on this machine")
        raise from_os_error(error, what, who="this process", folder="copies on this machine") from error


def from_os_error(error: OSError, what: str, *, who: str, folder: str) -> GigyaCheetahError:
    """The error of this module that an operation's OSError stands for.

    Args:
        error: As it was raised.
        what: What was wanted and where, such as `sftp.example.com: deliver a.csv to autoproc`.
        who: The user whose rights count.
        folder: The folder of the operation.
    """
    step = "".join(f" {note}" for note in getattr(error, "__notes__", [])[:1])
    if error.errno in _MISSING:
        return StagingMissing(
            f"{what}: no such folder{step}", next_step=f"create the folder {folder}, or correct it in staging"
        )
    if error.errno in _DENIED:
        return StagingPermission(
            f"{what}: permission denied{step}",
            next_step=f"give {who} the right to list, write, rename and remove in {folder}",
        )
    if error.errno in _FULL or _FULL_IN_WORDS.search(str(error)):
        return StagingFull(
            f"{what}: no space or quota left{step}", next_step=f"free space for {folder}, then run it again"
        )
    if error.errno in _UNKNOWN:
        return StagingRefused(
            f"{what}: the server does not know this operation{step}",
            next_step="ask the server's owner to enable it: without a rename no file can appear whole",
        )
    # The text is the server's own status message or that of the operating system; neither holds contents.
    return StagingRefused(
        f"{what}: refused ({error.strerror or error}){step}",
        next_step=f"a server that says no more is most often full: look at the space and quota of {who}, then its log",
    )
