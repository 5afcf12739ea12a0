"""The files of one segment's members while they are found."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from gigya_cheetah_assets.store.batches import LazyParquet
from gigya_cheetah_assets.store.rejects import RejectsWriter


class MembersWriter(ExitStack):
    """The files of one segment.

    Attributes:
        read: Candidates so far.
        filtered: Those who are no members.
        rejected: Those who satisfy the filter and cannot be told to CheetahMail.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.read = self.filtered = self.rejected = 0
        self.members = self.enter_context(LazyParquet(folder / "members.parquet"))
        self.watched = self.enter_context(LazyParquet(folder / "watched.parquet"))
        self.joins = self.enter_context(LazyParquet(folder / "joins.parquet"))
        self.leaves = self.enter_context(LazyParquet(folder / "leaves.parquet"))
        self.rejects = self.enter_context(RejectsWriter(folder))

    def close_people(self) -> None:
        """Ends the files that are read again."""
        self.members.close()
        self.watched.close()
