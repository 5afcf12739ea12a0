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
        packed_sha256: Of the file before it was encrypted: the same rows give the same one, though no two encryptions
            are the same. Without encryption it is `sha256`.
        plain_sha256: Of its text, before it was compressed.
        columns: Its columns in order.
        window: Key of the window it came from.
        queries: Gigya queries that found its accounts.
        mapping_version: Version of the field table that made its rows.
        carried_over: How many rows of its kind, all parts together, an earlier run of the window had told and this one
            did not find anew.
        part: Which of the files of its kind and window it is, from 1.
        parts: How many there are.
        encrypted_to: Fingerprint of the OpenPGP key it is encrypted to; None for a plain file.
        signed_by: Fingerprint of the key that signed it.
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
    packed_sha256: str = ""
    plain_sha256: str = ""
    carried_over: int = 0
    part: int = 1
    parts: int = 1
    encrypted_to: str | None = None
    signed_by: str | None = None

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
