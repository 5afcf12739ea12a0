"""Staging in a folder of this machine, or one that is mounted here."""

from __future__ import annotations

import errno
import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from gigya_cheetah_assets.config.staging import LocalStaging
from gigya_cheetah_assets.progress import bytes_moved
from gigya_cheetah_assets.staging import private_file
from gigya_cheetah_assets.staging.errors import NoSuchFile, NotAFile, SizeMismatch, doing, from_os_error
from gigya_cheetah_assets.staging.protocol import Delivered, RemoteFile, kind_of, numbered, plain, temporary

log = logging.getLogger(__name__)
_BLOCK = 1024 * 1024
# A file system that has no hard links, such as FAT or some network shares.
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS})
# What opening a link or a socket answers.
_LINK_OR_SOCKET = frozenset({errno.ELOOP, errno.ENXIO})


class LocalFolders:
    """The outbox and the inbox below one folder; both are made, for their owner alone, when they are missing."""

    def __init__(self, config: LocalStaging) -> None:
        self._root = Path(config.path)
        self._outbox = config.outbox
        self._inbox = config.inbox
        self._ready = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Holds nothing open."""

    def deliver(self, local: Path, name: str, *, folder: str | None = None) -> Delivered:
        """As `Staging.deliver`; on the disk before it appears."""
        final = self._folder(folder) / plain(name)
        what = f"deliver {name} to {folder or self._outbox}"
        with local.open("rb") as reader, self._named(what, folder):
            size = _copy(reader, final, what)
            _sync_folder(final.parent)
        return Delivered(name, size)

    def make_folder(self, folder: str) -> None:
        """As `Staging.make_folder`."""
        with self._named(f"create {folder}", folder):
            self._folder(folder).mkdir(mode=0o700, exist_ok=True)

    def remove_folder(self, folder: str) -> None:
        """As `Staging.remove_folder`."""
        with self._named(f"remove the folder {folder}", folder), suppress(FileNotFoundError):
            self._folder(folder).rmdir()

    def read_range(self, name: str, offset: int, length: int, *, folder: str | None = None) -> bytes:
        """As `Staging.read_range`."""
        source = self._folder(folder) / plain(name)
        what = f"read {name} in {folder or self._outbox}"
        with self._named(what, folder), self._regular(source, what) as reader:
            reader.seek(offset)
            return reader.read(length)

    def fetch(self, name: str, local: Path, *, folder: str | None = None) -> None:
        """As `Staging.fetch`."""
        source = self._folder(folder) / plain(name)
        what = f"fetch {name} from {folder or self._outbox}"
        with self._named(what, folder), self._regular(source, what) as reader:
            _copy(reader, local, what)

    def list(self, folder: str | None = None) -> list[RemoteFile]:
        """As `Staging.list`."""
        with self._named(f"list {folder or self._outbox}", folder), os.scandir(self._folder(folder)) as entries:
            return sorted(filter(None, (_described(entry) for entry in entries if not entry.name.startswith("."))))

    def size(self, name: str, *, folder: str | None = None) -> int | None:
        """As `Staging.size`."""
        path = self._folder(folder) / plain(name)
        with self._named(f"look at {name} in {folder or self._outbox}", folder):
            try:
                status = path.lstat()
            except FileNotFoundError:
                return None
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    def remove(self, name: str, *, folder: str | None = None) -> None:
        """As `Staging.remove`."""
        path = self._folder(folder) / plain(name)
        with self._named(f"remove {name} from {folder or self._outbox}", folder):
            path.unlink(missing_ok=True)

    def move(self, name: str, to: str, *, folder: str | None = None) -> str:
        """As `Staging.move`; the name appears and disappears in one step each."""
        source = self._folder(folder) / plain(name)
        what = f"move {name} from {folder or self._outbox} to {to}"
        with self._named(what, to):
            self._regular(source, what).close()
            for free in numbered(name):
                if _moved(source, self._folder(to) / free):
                    return free
        raise AssertionError  # numbered() has no end but a RefuseFile

    def _folder(self, folder: str | None) -> Path:
        if not self._ready:
            with self._named("create the outbox and the inbox", None):
                for name in (self._outbox, self._inbox):
                    (self._root / name).mkdir(mode=0o700, parents=True, exist_ok=True)
            self._ready = True
        return self._root / (folder or self._outbox)

    def _regular(self, path: Path, what: str) -> IO[bytes]:
        """Opens a file of the staging; follows no link and does not wait at a pipe."""
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError as error:
            raise NoSuchFile(f"{what}: no such file", next_step="list the folder again") from error
        except OSError as error:
            if error.errno not in _LINK_OR_SOCKET:
                raise
            raise _not_a_file(what) from error
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise _not_a_file(what)
        return os.fdopen(handle, "rb")

    @contextmanager
    def _named(self, what: str, folder: str | None) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where = str(self._root / (folder or self._outbox))
            raise from_os_error(error, f"{self._root}: {what}", who="this process", folder=where) from error


def _not_a_file(what: str) -> NotAFile:
    return NotAFile(f"{what}: expected a file, found a folder, a link or the like", next_step="remove it there")


def _copy(reader: IO[bytes], final: Path, what: str) -> int:
    """Copies an open file to a path, whole, on the disk or not at all; returns its size."""
    partial = final.with_name(temporary(final.name))
    moved = bytes_moved(what, os.fstat(reader.fileno()).st_size, log)
    try:
        with doing("writing the temporary file"), private_file.create(partial) as writer:
            while block := reader.read(_BLOCK):
                writer.write(block)
                moved(len(block))
            writer.flush()
            os.fsync(writer.fileno())
            size = writer.tell()
        if size != os.fstat(reader.fileno()).st_size:
            raise SizeMismatch(f"{what}: the file changed while it was copied", next_step="run it again")
        with doing("renaming it"):
            partial.replace(final)
    finally:
        partial.unlink(missing_ok=True)
    return size


def _described(entry: os.DirEntry[str]) -> RemoteFile | None:
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        # It went away after the folder was read.
        return None
    name = os.fsencode(entry.name).decode("utf-8", "backslashreplace")
    return RemoteFile(name, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC), kind_of(status.st_mode))


def _moved(source: Path, target: Path) -> bool:
    """Moves a file; False when the name is taken."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        if not os.path.samestat(source.lstat(), target.lstat()):
            return False
        # A run that was killed between the two steps had given it this name already.
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(target):
            return False
        source.rename(target)
        return True
    source.unlink()
    return True


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
