"""The files of one window's rows while they are made; what lies in them is told in `rows`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Self

from gigya_cheetah_assets.config.files import KINDS_IN_ORDER, Kind
from gigya_cheetah_assets.store.batches import LazyParquet
from gigya_cheetah_assets.store.rejects import RejectsWriter


class RowsWriter:
    """Opens them all; each comes into being with its first row.

    Attributes:
        kinds: The rows of each kind of file.
        consents: What the ledger has to remember of rejected people.
        seen: Unchanged people whom Gigya touched since.
        left: What people left at addresses.
        rejects: Who was rejected, and why.
    """

    def __init__(self, folder: Path) -> None:
        with ExitStack() as stack:
            self.kinds: dict[Kind, LazyParquet] = {
                kind: stack.enter_context(LazyParquet(folder / f"{kind}.parquet")) for kind in KINDS_IN_ORDER
            }
            self.consents = stack.enter_context(LazyParquet(folder / "rejected_consents.parquet"))
            self.seen = stack.enter_context(LazyParquet(folder / "seen.parquet"))
            self.left = stack.enter_context(LazyParquet(folder / "left.parquet"))
            self.rejects = stack.enter_context(RejectsWriter(folder))
            self._stack = stack.pop_all()

    def close(self) -> None:
        """Ends all files."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
