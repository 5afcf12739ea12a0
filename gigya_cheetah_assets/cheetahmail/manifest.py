"""The manifest beside the local copy of each import file: what it holds and where that came from.

It stays on this side; CheetahMail has no use for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

import msgspec

from gigya_cheetah_assets.errors import RefuseFile


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What one import file holds.

    Attributes:
        kind: unsubscribes, address_changes, profiles or subscribes.
        name: The file's name in the outbox.
        rows: Data rows, the header not counted.
        bytes: Size of the file as delivered, in bytes.
        sha256: Of the file as delivered, in hex.
        columns: Its columns in order.
        window: Key of the window it came from.
        queries: Gigya queries that found its accounts.
        mapping_version: Version of the field table that made its rows.
    """

    kind: str
    name: str
    rows: int
    bytes: int
    sha256: str
    columns: list[str]
    window: str
    queries: list[str]
    mapping_version: str

    def write(self, folder: Path) -> Path:
        """Writes `<name>.manifest.json` into a folder and returns its path."""
        path = folder / f"{self.name}.manifest.json"
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n")
        return path

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads a manifest.

        Raises:
            RefuseFile: It is not a manifest of this version.
        """
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except msgspec.DecodeError as error:
            raise RefuseFile(
                f"expected a manifest in {path.name}, found: {error}",
                next_step="materialize staged_import_files of this window again",
            ) from error
