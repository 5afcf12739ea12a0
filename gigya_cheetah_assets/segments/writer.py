"""The files of one segment's members while they are found."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Self

from gigya_cheetah_assets.store.batches import LazyParquet
from gigya_cheetah_assets.store.rejects import RejectsWriter


class MembersWriter:
    """The files of one segment.

    Attributes:
        read: Candidates so far.
        filtered: Those who are no members.
        rejected: Those who satisfy the filter and cannot be told to CheetahMail.
    """

    def __init__(self, folder: Path) -> None:
        self.read = self.filtered = self.rejected = 0
        with ExitStack() as stack:
            self.members = stack.enter_context(LazyParquet(folder / "members.parquet"))
            self.watched = stack.enter_context(LazyParquet(folder / "watched.parquet"))
            self.joins = stack.enter_context(LazyParquet(folder / "joins.parquet"))
            self.leaves = stack.enter_context(LazyParquet(folder / "leaves.parquet"))
            self.rejects = stack.enter_context(RejectsWriter(folder))
            self._stack = stack.pop_all()

    def close_people(self) -> None:
        """Ends the files that are read again."""
        self.members.close()
        self.watched.close()

    def close(self) -> None:
        """Ends all files."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
