"""Staging in an object store: folders are the parts of a key, a file appears with the last byte of its upload.

The vendors' clients are in `s3` and `azure_blob`, behind the face in `bucket`.
"""

from __future__ import annotations

import builtins
import logging
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from gigya_cheetah_assets.progress import bytes_moved
from gigya_cheetah_assets.staging import private_file
from gigya_cheetah_assets.staging.bucket import Bucket, Changed, StoredObject
from gigya_cheetah_assets.staging.errors import NoSuchFile, NotAFile, SizeMismatch, copying_here
from gigya_cheetah_assets.staging.patience import Patience
from gigya_cheetah_assets.staging.protocol import Delivered, RemoteFile, numbered, plain, temporary

log = logging.getLogger(__name__)
T = TypeVar("T")
_AGAIN = "list the folder again"


class ObjectFolders:
    """The outbox and inbox of a bucket.

    An object store has no folders of its own: one without objects and one that was never there look the same, so a
    misspelt inbox is an empty one.

    Args:
        bucket: Holds them; closed with this object.
        outbox: The folder that files are delivered to.
        prefix: Put before every folder; empty for none.
        retry_seconds: How long after its first failure an operation is repeated.
    """

    def __init__(self, bucket: Bucket, *, outbox: str, prefix: str, retry_seconds: float) -> None:
        self._bucket = bucket
        self._outbox = outbox
        self._prefix = prefix
        self._retry_seconds = retry_seconds

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bucket.close()

    def deliver(self, local: Path, name: str, *, folder: str | None = None) -> Delivered:
        """As `Staging.deliver`; until the store has all of it, the older object stands there."""
        key = self._key(name, folder)
        size = local.stat().st_size
        what = f"deliver {name} to {folder or self._outbox}"

        def attempt(bucket: Bucket) -> Delivered:
            bucket.put(local, key, bytes_moved(what, size, log))
            found = bucket.look(key)
            if found is None or found.size != size:
                raise SizeMismatch(
                    f"{bucket.place}: {what}: expected {size} bytes, found {found.size if found else 'no object'}",
                    next_step="see who else writes to that folder, then run it again",
                )
            return Delivered(name, size)

        return self._repeat(attempt, what)

    def make_folder(self, folder: str) -> None:
        """As `Staging.make_folder`: nothing is to be done, a key brings its folders along."""

    def remove_folder(self, folder: str) -> None:
        """As `Staging.remove_folder`: nothing is to be done, an empty folder is none."""

    def read_range(self, name: str, offset: int, length: int, *, folder: str | None = None) -> bytes:
        """As `Staging.read_range`."""
        what = f"read {name} in {folder or self._outbox}"

        def attempt(bucket: Bucket) -> bytes:
            found = self._file(bucket, name, folder, what)
            fits = min(length, found.size - offset)
            return bucket.read(found, offset, fits) if fits > 0 else b""

        return self._repeat(attempt, what)

    def fetch(self, name: str, local: Path, *, folder: str | None = None) -> None:
        """As `Staging.fetch`; the object that was looked at is the one that is read, or none."""
        partial = local.with_name(temporary(local.name))
        what = f"fetch {name} from {folder or self._outbox}"

        def attempt(bucket: Bucket) -> None:
            found = self._file(bucket, name, folder, what)
            with copying_here(f"{bucket.place}: {what}"), private_file.create(partial) as writer:
                bucket.download(found, writer, bytes_moved(what, found.size, log))
            if partial.stat().st_size != found.size:
                raise SizeMismatch(
                    f"{bucket.place}: {what}: expected {found.size} bytes, found {partial.stat().st_size}",
                    next_step="run it again",
                )

        try:
            self._repeat(attempt, what)
            partial.replace(local)
        finally:
            partial.unlink(missing_ok=True)

    def list(self, folder: str | None = None) -> list[RemoteFile]:
        """As `Staging.list`."""
        where = self._folder(folder)

        def attempt(bucket: Bucket) -> builtins.list[RemoteFile]:
            found = (_described(one, where) for one in bucket.list(where))
            return sorted(one for one in found if one.name and not one.name.startswith("."))

        return self._repeat(attempt, f"list {folder or self._outbox}")

    def size(self, name: str, *, folder: str | None = None) -> int | None:
        """As `Staging.size`."""
        key = self._key(name, folder)

        def attempt(bucket: Bucket) -> int | None:
            found = bucket.look(key)
            return None if found is None or found.folder else found.size

        return self._repeat(attempt, f"look at {name} in {folder or self._outbox}")

    def remove(self, name: str, *, folder: str | None = None) -> None:
        """As `Staging.remove`."""
        key = self._key(name, folder)
        self._repeat(lambda bucket: bucket.delete(key), f"remove {name} from {folder or self._outbox}")

    def move(self, name: str, to: str, *, folder: str | None = None) -> str:
        """As `Staging.move`: a copy, then a removal; a run that was killed between them is taken up again."""
        what = f"move {name} from {folder or self._outbox} to {to}"
        copied: builtins.list[str] = []

        def attempt(bucket: Bucket) -> str:
            source = bucket.look(self._key(name, folder))
            if source is None and copied:
                # The connection broke after the store had removed it.
                return copied[-1]
            found = self._file(bucket, name, folder, what)
            free = next(one for one in numbered(name) if _copied(bucket, found, self._key(one, to)))
            copied.append(free)
            bucket.delete(found.key)
            return free

        return self._repeat(attempt, what)

    def _file(self, bucket: Bucket, name: str, folder: str | None, what: str) -> StoredObject:
        key = self._key(name, folder)
        found = bucket.look(key)
        if found is not None and not found.folder:
            return found
        if found is not None or next(iter(bucket.list(f"{key}/")), None) is not None:
            raise NotAFile(f"{bucket.place}: {what}: expected a file, found a folder", next_step="remove it there")
        raise NoSuchFile(f"{bucket.place}: {what}: no such file", next_step=_AGAIN)

    def _repeat(self, attempt: Callable[[Bucket], T], what: str) -> T:
        """Calls until it succeeds, the store says no, or the retry time is over."""
        bucket = self._bucket
        patience = Patience(bucket.place, what, self._retry_seconds)
        while True:
            try:
                return attempt(bucket)
            except Changed as error:
                raise SizeMismatch(
                    f"{bucket.place}: {what}: the file changed while it was read", next_step="run it again"
                ) from error
            except bucket.errors as error:
                refusal = bucket.named(error, f"{bucket.place}: {what}")
                if refusal is not None:
                    raise refusal from error
                patience.wait(error)

    def _key(self, name: str, folder: str | None) -> str:
        return self._folder(folder) + plain(name)

    def _folder(self, folder: str | None) -> str:
        parts = [part.strip("/") for part in (self._prefix, folder or self._outbox)]
        return "/".join(part for part in parts if part) + "/"


def _copied(bucket: Bucket, source: StoredObject, key: str) -> bool:
    """Whether the key holds this object now: copied just so, or before by a run that was killed then."""
    if bucket.copy(source, key):
        return True
    taken = bucket.look(key)
    return taken is not None and taken.origin == source.version


def _described(found: StoredObject, folder: str) -> RemoteFile:
    name = found.key.removeprefix(folder).removesuffix("/") if found.folder else found.key.removeprefix(folder)
    return RemoteFile(name, found.size, found.modified, "folder" if found.folder else "file")
