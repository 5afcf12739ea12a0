"""Accounts that are deleted in Gigya: `deletions` in the sync file, where they are read and the file that tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gigya_cheetah_assets.config.files import ImportFile, ImportFileDefaults, Kind


class Deletions(ImportFile):
    """The suppression file, and from where it is known who was deleted.

    Attributes:
        source: `audit_log`, which every site has; `stream`, the change stream, where the contract has it; `none`
            switches deletions off.
    """

    source: Literal["audit_log", "stream", "none"] = "audit_log"
    name: str = "gigya_deleted_{window}.csv"

    def layout(self, defaults: ImportFileDefaults) -> ImportFileDefaults:
        """As of the other files, but in one part unless `max_rows` stands here."""
        return super().layout(defaults.model_copy(update={"max_rows": None}))


@dataclass(frozen=True)
class DeletionFiles:
    """The suppression file as the one file of a window that is delivered.

    Attributes:
        defaults: The `import_files.defaults` of the sync.
        deletions: What differs from them.
    """

    defaults: ImportFileDefaults
    deletions: Deletions

    def in_order(self) -> list[tuple[Kind, ImportFile]]:
        """The one kind."""
        return [("deletions", self.deletions)]

    def place(self, kind: Kind) -> str:
        """Where the sync file has a kind."""
        return kind
