"""Accounts of one window that share an e-mail address.

CheetahMail knows people by their address, so what one of them receives the other receives too. They are reported,
and an opt-in of one is withheld while another of them has opted out, unless it is provably later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gigya_cheetah_assets.config import FieldConfig
from gigya_cheetah_assets.ledger.consents import OPT_IN, OPT_OUT
from gigya_cheetah_assets.ledger.shape import at_column, state_column
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.mapping.columns import mapped
from gigya_cheetah_assets.mapping.rows import REJECTS
from gigya_cheetah_assets.store.batches import read_batches
from gigya_cheetah_assets.store.crc import crc32s

FILE = "shared_emails.parquet"
REASON = "email_shared_with_opted_out_account"
_OPT_OUT = pa.struct([("column", pa.string()), ("at", pa.int64())])
SCHEMA = pa.schema([("uid", pa.string()), ("group", pa.int64()), ("opted_out", pa.list_(_OPT_OUT))])
_OptOuts: TypeAlias = dict[str, int | None]
"""When (epoch ms, None if unknown) somebody opted out, by column."""


class AddressHashes:
    """Collects a 4-byte hash of each address, so that a million accounts cost 4 MB."""

    def __init__(self) -> None:
        self._hashes: list[np.ndarray[tuple[int], np.dtype[np.uint32]]] = []

    def add(self, emails: pa.ChunkedArray) -> None:
        """Takes the addresses of a batch; letter case does not distinguish them."""
        self._hashes.append(crc32s(pc.utf8_lower(emails.drop_null())))

    def repeated(self) -> pa.Array:
        """The hashes that came more than once."""
        if not self._hashes:
            return pa.array([], pa.uint32())
        values, counts = np.unique(np.concatenate(self._hashes), return_counts=True)
        return pa.array(values[counts > 1], pa.uint32())


def find(table: FieldTable, folder: Path, hashes: AddressHashes) -> int:
    """Writes `shared_emails.parquet` beside the profiles, rejected ones included; returns how many accounts it holds.

    The hashes only preselect: whether two addresses are equal is decided on the addresses themselves.
    """
    repeated = hashes.repeated()
    if not len(repeated):
        return 0
    email = table.email.paths[0]
    groups: dict[str, list[tuple[str, _OptOuts]]] = {}
    paths = [field.paths[0] for field in table.subscriptions]
    times = [f"{path}.at" for path in paths if f"{path}.at" in table.profile_schema.names]
    columns = dict.fromkeys(["UID", email, "value_errors", *paths, *times])
    batches = (read_batches(folder / f"{name}.parquet", list(columns)) for name in ("profiles", "rejected"))
    for batch in chain.from_iterable(batches):
        for uid, address, opted_out in _candidates(table, batch, email, repeated):
            groups.setdefault(address, []).append((uid, opted_out))
    shared = [members for members in groups.values() if len(members) > 1]
    lines = [
        {"uid": uid, "group": number, "opted_out": [{"column": name, "at": at} for name, at in sorted(outs.items())]}
        for number, members in enumerate(shared, start=1)
        for outs in [_latest(out for _, out in members)]
        for uid, _ in members
    ]
    if lines:
        pq.write_table(pa.Table.from_pylist(lines, SCHEMA), folder / FILE)
    return len(lines)


def _latest(people: Iterable[_OptOuts]) -> _OptOuts:
    """The latest opt-out of each column; one without a time is later than any."""
    latest: _OptOuts = {}
    for column, at in (item for outs in people for item in outs.items()):
        known = latest.get(column, at)
        latest[column] = None if known is None or at is None else max(known, at)
    return latest


def _candidates(table: FieldTable, batch: pa.Table, email: str, repeated: pa.Array) -> list[tuple[str, str, _OptOuts]]:
    addresses = pc.fill_null(pc.utf8_lower(batch[email]), "")
    mask = pc.and_(pc.is_in(pa.array(crc32s(addresses)), value_set=repeated), pc.not_equal(addresses, ""))
    found = batch.filter(mask)
    lowered = addresses.filter(mask).to_pylist()
    decisions = [(field.cheetahmail, *_decisions(field, found)) for field in table.subscriptions]
    return [
        (uid, address, {column: at[row] for column, state, at in decisions if state[row] == OPT_OUT})
        for row, (uid, address) in enumerate(zip(found["UID"].to_pylist(), lowered, strict=True))
    ]


def _decisions(field: FieldConfig, profiles: pa.Table) -> tuple[list[str | None], list[int | None]]:
    """States and times as the rows will have them: a plain data field says yes and no in words of its own."""
    column = mapped(field, profiles.combine_chunks())
    return ([], []) if column.states is None else (column.states[0].to_pylist(), column.states[1].to_pylist())


class Withheld(NamedTuple):
    """What becomes of a ROWS frame: what may go on, what is withheld, and the rejects (uid, column, reason)."""

    good: pa.Table
    withheld: pa.Table
    rejects: pa.Table


@dataclass(frozen=True)
class SharedEmails:
    """The accounts whose opt-in is withheld.

    Attributes:
        withheld: By subscription column the UIDs that share an address with someone who opted out of it, and when that
            was (`uid`, `out`: epoch ms, null if unknown).
    """

    withheld: dict[str, pa.Table]

    def withhold(self, rows: pa.Table, given: Callable[[pa.Table], pa.Table], key: str) -> Withheld:
        """Splits a ROWS frame.

        Args:
            rows: The frame.
            given: Gives rows the times at which people gave their opt-ins; asked only where it matters.
            key: The column of the UID.
        """
        lines = [REJECTS.empty_table()]
        mask = pa.array(np.zeros(len(rows), dtype=bool))
        decided = given(rows) if self.withheld else rows
        for column in self.withheld:
            hit = self._mask(decided, key, column)
            uids = rows[key].filter(hit)
            lines.append(pa.table([uids, *(pa.repeat(word, len(uids)) for word in (column, REASON))], schema=REJECTS))
            mask = pc.or_(mask, hit)
        return Withheld(rows.filter(pc.invert(mask)), rows.filter(mask), pa.concat_tables(lines))

    def among(self, uids: pa.ChunkedArray) -> list[str]:
        """Those of some people whose opt-in may be withheld."""
        known = [others["uid"].combine_chunks() for others in self.withheld.values()]
        return uids.filter(pc.is_in(uids, value_set=pa.concat_arrays(known))).to_pylist() if known else []

    def _mask(self, rows: pa.Table, key: str, column: str) -> pa.ChunkedArray:
        opted_in = pc.fill_null(pc.equal(rows[state_column(column)], OPT_IN), False)
        others = self.withheld[column]
        where = pc.index_in(rows[key], value_set=others["uid"].combine_chunks())
        later = pc.fill_null(pc.greater(rows[at_column(column)], others["out"].take(where)), False)
        return pc.and_(opted_in, pc.and_(pc.is_valid(where), pc.invert(later)))


def read(profiles: Path) -> SharedEmails:
    """What `find` wrote beside the profiles of a window."""
    if not (profiles / FILE).is_file():
        return SharedEmails({})
    by_column: dict[str, list[dict[str, object]]] = {}
    for line in pq.read_table(profiles / FILE).to_pylist():
        for out in line["opted_out"]:
            by_column.setdefault(out["column"], []).append({"uid": line["uid"], "out": out["at"]})
    schema = pa.schema([("uid", pa.string()), ("out", pa.int64())])
    return SharedEmails({column: pa.Table.from_pylist(by_column[column], schema) for column in sorted(by_column)})
