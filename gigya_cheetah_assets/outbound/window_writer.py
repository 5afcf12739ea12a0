"""The files and counts of one window's profiles while they are written; how they are read is in `extract`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound import shared_emails
from gigya_cheetah_assets.outbound.corrections import Corrections
from gigya_cheetah_assets.outbound.window import Window
from gigya_cheetah_assets.store.batches import LazyParquet
from gigya_cheetah_assets.store.rejects import RejectsWriter


class WindowWriter(ExitStack):
    """Takes the profiles of one window, part by part.

    Attributes:
        window: The window.
        folder: Where its files are written.
        corrections: Whom it reads besides its own.
        lite: Profiles of lite accounts.
        repeats: Profiles that an earlier window of the same run holds too.
    """

    def __init__(self, table: FieldTable, window: Window, folder: Path, corrections: Corrections) -> None:
        super().__init__()
        self.window = window
        self.folder = folder
        self.corrections = corrections
        self.lite = self.repeats = 0
        self._email = table.email.paths[0]
        self.hashes = shared_emails.AddressHashes()
        self.profiles = self.enter_context(LazyParquet(folder / "profiles.parquet"))
        self.rejected = self.enter_context(LazyParquet(folder / "rejected.parquet"))
        self.rejects = self.enter_context(RejectsWriter(folder))

    def add(self, part: pa.Table) -> None:
        """Appends good profiles, with their column `repeat`."""
        self.profiles.add(self.corrections.dated(part))
        self.lite += pc.sum(pc.equal(part["account"], "lite")).as_py() or 0
        self.repeats += pc.sum(part["repeat"]).as_py() or 0
        self.hashes.add(part[self._email])

    def add_rejected(self, part: pa.Table, rejects: pa.Table) -> None:
        """Appends profiles that broke the schema, and of some rejects those that are theirs."""
        self.rejected.add(part.drop_columns(["repeat"]))
        self.hashes.add(part[self._email])
        self.rejects.add(rejects.filter(pc.is_in(rejects["uid"], value_set=part["UID"].combine_chunks())))


def first_time(profiles: pa.Table) -> pa.Table:
    """Profiles that no other window of the run holds, with the column that says so."""
    return profiles.append_column("repeat", pa.repeat(pa.scalar(False), len(profiles)))
