"""The files of one window's rows while they are made; what lies in them is told in `rows`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from gigya_cheetah_assets.config.files import KINDS_IN_ORDER, Kind
from gigya_cheetah_assets.store.batches import LazyParquet
from gigya_cheetah_assets.store.rejects import RejectsWriter


class RowsWriter(ExitStack):
    """Opens them all; each comes into being with its first row.

    Attributes:
        kinds: The rows of each kind of file.
        consents: What the ledger has to remember of rejected people.
        seen: Unchanged people whom Gigya touched since.
        left: What people left at addresses.
        rejects: Who was rejected, and why.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.kinds: dict[Kind, LazyParquet] = {
            kind: self.enter_context(LazyParquet(folder / f"{kind}.parquet")) for kind in KINDS_IN_ORDER
        }
        self.consents = self.enter_context(LazyParquet(folder / "rejected_consents.parquet"))
        self.seen = self.enter_context(LazyParquet(folder / "seen.parquet"))
        self.left = self.enter_context(LazyParquet(folder / "left.parquet"))
        self.rejects = self.enter_context(RejectsWriter(folder))
