"""What an object store must be able to do to serve as staging: the small face behind which each vendor's client stands.

How folders, moves and retries are made of it is in `object_folders`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Protocol

from gigya_cheetah_assets.errors import GigyaCheetahError
from gigya_cheetah_assets.progress import Moved


@dataclass(frozen=True)
class StoredObject:
    """One object as the store describes it.

    Attributes:
        key: Its full key.
        size: In bytes.
        modified: When it was written, UTC.
        version: Its ETag: another content has another one.
        origin: The version of the object that it was copied from; empty when `copy` did not make it.
        folder: Whether it only stands for a folder.
    """

    key: str
    size: int
    modified: datetime
    version: str
    origin: str = ""
    folder: bool = False

    @classmethod
    def of_folder(cls, key: str) -> StoredObject:
        """The entry that stands for all objects below a key."""
        return cls(key, 0, datetime.fromtimestamp(0, UTC), "", folder=True)


class Changed(Exception):
    """An object is another one than the one that was looked at, or is gone."""


class Bucket(Protocol):
    """A bucket or container. Its methods raise the vendor's own errors, which `named` puts into words.

    Attributes:
        place: The store and the bucket, for messages.
        url: Where requests go.
        errors: The classes that its methods raise, `Changed` apart.
    """

    place: str
    url: str
    errors: tuple[type[Exception], ...]

    def look(self, key: str) -> StoredObject | None:
        """One object; None when there is none of that key."""

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """The objects right below a prefix that ends with a slash; deeper ones as one entry for each folder."""

    def put(self, local: Path, key: str, moved: Moved) -> None:
        """Writes an object whole, as one step for readers; one of that key is replaced."""

    def read(self, found: StoredObject, offset: int, length: int) -> bytes:
        """Some bytes of an object, which has so many.

        Raises:
            Changed: It is no longer that object.
        """

    def download(self, found: StoredObject, writer: IO[bytes], moved: Moved) -> None:
        """The whole object.

        Raises:
            Changed: It is no longer that object.
        """

    def copy(self, found: StoredObject, key: str) -> bool:
        """Copies an object, noting its version on the copy; False, and nothing is done, when the key is taken.

        Raises:
            Changed: It is no longer that object.
        """

    def delete(self, key: str) -> None:
        """Removes an object; one that is gone is no error."""

    def named(self, error: Exception, what: str) -> GigyaCheetahError | None:
        """The error that the vendor's stands for; None when the same call may succeed later.

        Args:
            error: One of `errors`.
            what: The place and what was wanted, for the message.
        """

    def close(self) -> None:
        """Ends its connections."""
