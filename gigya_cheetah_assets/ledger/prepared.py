"""A batch of rows made ready for the ledger's tables: what needs no database, so another thread may do it ahead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import pyarrow as pa

from gigya_cheetah_assets.ledger.addresses import Entry, entries
from gigya_cheetah_assets.ledger.arrow import texts
from gigya_cheetah_assets.ledger.digests import encode_rows, slots
from gigya_cheetah_assets.ledger.driver import blobs
from gigya_cheetah_assets.ledger.shape import UPDATED, RowShape


@dataclass(frozen=True)
class PreparedRows:
    """A frame of rows with what the ledger keeps of each, in the order of the rows."""

    table: pa.Table
    uids: list[str]
    slots: list[int]
    digests: list[bytes]
    updated: list[int]
    consents: list[str]
    row_texts: list[str | None]
    addresses: list[Entry]

    @classmethod
    def of(cls, table: pa.Table, shape: RowShape) -> Self:
        """Makes a frame of rows ready."""
        encoded = encode_rows(table, shape)
        uids = uids_of(table, shape)
        updated = table.column(UPDATED).to_pylist()
        return cls(
            table, uids, slots(uids), encoded.digests, updated, encoded.consents.to_pylist(), encoded.texts.to_pylist(),
            entries(uids, texts(table.column(shape.email))),
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.uids)

    def values(self) -> Iterator[tuple[object, ...]]:
        """Slot, UID, digest, last update, consents and row text of each."""
        digests = blobs(self.digests)
        return zip(self.slots, self.uids, digests, self.updated, self.consents, self.row_texts, strict=True)


def uids_of(table: pa.Table, shape: RowShape) -> list[str]:
    """The keys of a frame."""
    uids: list[str] = texts(table.column(shape.key)).to_pylist()
    return uids
