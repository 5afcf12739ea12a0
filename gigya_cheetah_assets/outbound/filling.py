"""From the pages of a scan to its spool: decoded, gathered to batches, spread over the parts."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, Protocol, Self

import pyarrow as pa

from gigya_cheetah_assets.mapping.decode import Decode
from gigya_cheetah_assets.outbound.spool import Spool
from gigya_cheetah_assets.store.batches import BATCH_ROWS


class Filled(NamedTuple):
    """How many records lie in the spool, and how many had no key and could only be counted."""

    rows: int
    nameless: int


class Filler(Protocol):
    """Fills one spool within a `with` block."""

    @property
    def full(self) -> bool:
        """Whether no more is wanted."""

    def add(self, body: bytes) -> None:
        """Takes a page."""

    def finish(self) -> Filled:
        """All pages are in the spool."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Filling:
    """Fills a spool in this process.

    Args:
        spool: New.
        decode: From a page's bytes to its records.
        complete: Adds to a batch of records what the source does not tell of them.
        at_most: So many records and no more (sample mode).
    """

    def __init__(
        self,
        spool: Spool,
        decode: Decode,
        complete: Callable[[pa.Table], pa.Table] = lambda batch: batch,
        at_most: int | None = None,
    ) -> None:
        self._spool = spool
        self._decode = decode
        self._complete = complete
        self._left = at_most
        self._gathered: list[pa.Table] = []
        self._rows = self._nameless = 0

    @property
    def full(self) -> bool:
        """Whether no more is wanted."""
        return self._left == 0

    def add(self, body: bytes) -> None:
        """Takes a page."""
        records = self._decode(body)[1]
        if self._left is not None:
            records = records.slice(0, self._left)
            self._left -= len(records)
        self._gathered.append(records)
        self._rows += len(records)
        if self._rows >= BATCH_ROWS:
            self._put_away()

    def finish(self) -> Filled:
        """All pages are in the spool."""
        if self._gathered:
            self._put_away()
        self._spool.close()
        return Filled(self._spool.rows, self._nameless)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spool.close()

    def _put_away(self) -> None:
        batch = self._complete(pa.concat_tables(self._gathered))
        self._spool.add(batch.filter(batch["UID"].is_valid()))
        self._nameless += batch["UID"].null_count
        self._gathered, self._rows = [], 0
