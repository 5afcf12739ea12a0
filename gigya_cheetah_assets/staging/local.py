"""Staging in a folder of this machine, or one that is mounted here."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from gigya_cheetah_assets.config.staging import LocalStaging
from gigya_cheetah_assets.staging import private_file
from gigya_cheetah_assets.staging.errors import NoSuchFile, SizeMismatch, from_os_error
from gigya_cheetah_assets.staging.protocol import RemoteFile, plain, temporary


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

    def deliver(self, local: Path, name: str) -> None:
        """As `Staging.deliver`; on the disk before it appears."""
        self._copy(local, self._folder(None), plain(name), what=f"deliver {name} to {self._outbox}")
        with self._named(f"deliver {name} to {self._outbox}", self._outbox):
            _sync_folder(self._folder(None))

    def fetch(self, name: str, local: Path, *, folder: str | None = None) -> None:
        """As `Staging.fetch`."""
        source = self._folder(folder) / plain(name)
        if not source.is_file():
            raise NoSuchFile(
                f"fetch {name} from {folder or self._outbox}: no such file", next_step="list the folder again"
            )
        self._copy(source, local.parent, local.name, what=f"fetch {name} from {folder or self._outbox}")

    def list(self, folder: str | None = None) -> list[RemoteFile]:
        """As `Staging.list`."""
        with self._named(f"list {folder or self._outbox}", folder):
            found = [
                (entry.name, entry.stat())
                for entry in os.scandir(self._folder(folder))
                if entry.is_file() and not entry.name.startswith(".")
            ]
        return sorted(
            RemoteFile(name, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC)) for name, status in found
        )

    def remove(self, name: str, *, folder: str | None = None) -> None:
        """As `Staging.remove`."""
        with self._named(f"remove {name} from {folder or self._outbox}", folder):
            (self._folder(folder) / plain(name)).unlink(missing_ok=True)

    def _folder(self, folder: str | None) -> Path:
        if not self._ready:
            with self._named("create the outbox and the inbox", None):
                for name in (self._outbox, self._inbox):
                    (self._root / name).mkdir(mode=0o700, parents=True, exist_ok=True)
            self._ready = True
        return self._root / (folder or self._outbox)

    def _copy(self, source: Path, folder: Path, name: str, *, what: str) -> None:
        partial = folder / temporary(name)
        with source.open("rb") as reader, self._named(what, str(folder)):
            try:
                size = _write(reader.fileno(), partial)
                if size != os.fstat(reader.fileno()).st_size:
                    raise SizeMismatch(f"{what}: the file changed while it was copied", next_step="run it again")
                partial.replace(folder / name)
            finally:
                partial.unlink(missing_ok=True)

    @contextmanager
    def _named(self, what: str, folder: str | None) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where = str(self._root / (folder or self._outbox))
            raise from_os_error(error, f"{self._root}: {what}", who="this process", folder=where) from error


def _write(source: int, path: Path) -> int:
    """Copies an open file to a new path that is on the disk afterwards; returns its size."""
    with (
        os.fdopen(os.dup(source), "rb") as reader,
        private_file.create(path) as writer,
    ):
        shutil.copyfileobj(reader, writer, 1 << 20)
        writer.flush()
        os.fsync(writer.fileno())
        return writer.tell()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
