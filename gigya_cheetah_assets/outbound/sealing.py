"""Encryption of a window's files: one keyring for all of them, and no new encryption of what is encrypted already.

No two encryptions of the same content are the same, so a window that is staged again takes the encrypted file of its
earlier delivery when the content and the keys are the same: then the bytes are the same too.
"""

from __future__ import annotations

import logging
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from gigya_cheetah_assets.cheetahmail import Manifest, sha256_of
from gigya_cheetah_assets.config.files import FilesTogether, Kind
from gigya_cheetah_assets.config.pgp import PgpOut
from gigya_cheetah_assets.pgp import Sealer

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WindowSeal:
    """Encrypts the files of one window that have the same keys.

    Attributes:
        sealer: Holds the keys.
        earlier: Where the window's earlier delivery lies, if there was one.
    """

    sealer: Sealer
    earlier: Path

    def __call__(self, packed: Path, target: Path, packed_sha256: str) -> None:
        """Encrypts a packed file, or takes its earlier encryption."""
        found = self._earlier_file(packed_sha256)
        if found is None:
            self.sealer.seal(packed, target)
            return
        log.info("%s: the content and the keys are those of the earlier delivery", found.name)
        shutil.copyfile(found, target)

    def _earlier_file(self, packed_sha256: str) -> Path | None:
        wanted = (packed_sha256, self.sealer.encrypted_to, self.sealer.signed_by)
        for path in sorted(self.earlier.glob("*.manifest.json")):
            manifest = Manifest.read(path)
            file = self.earlier / manifest.name
            same = (manifest.packed_sha256, manifest.encrypted_to, manifest.signed_by) == wanted
            if same and file.is_file() and sha256_of(file) == manifest.sha256:
                return file
        return None


class Seals:
    """The seals of one window within a `with` block, which holds the keyrings.

    Args:
        files: The files that are delivered together.
        earlier: Where the window's earlier delivery lies, if there was one.
    """

    def __init__(self, files: FilesTogether, earlier: Path) -> None:
        self._files = files
        self._earlier = earlier
        self._sealers: dict[PgpOut, Sealer] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def of(self, kind: Kind) -> WindowSeal | None:
        """The seal of a kind of file, None where its files are not encrypted.

        Raises:
            StopSync: A key is missing, has expired, is revoked or cannot be used so.
        """
        file = dict(self._files.in_order())[kind]
        settings = file.layout(self._files.defaults).pgp
        if settings is None:
            return None
        place = f"{'import_files.defaults' if file.pgp is None else self._files.place(kind)}.pgp"
        if settings not in self._sealers:
            self._sealers[settings] = self._open.enter_context(Sealer(settings, place))
        return WindowSeal(self._sealers[settings], self._earlier)
