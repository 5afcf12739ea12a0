"""What inbound and Gigya have come to agree on, laid over the ledger's row of that person; and read back as a base.

The row keeps the mapping that made it: cells are replaced by the name of their column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger import addresses, asked, earlier
from gigya_cheetah_assets.ledger.baseline import Baseline
from gigya_cheetah_assets.ledger.consents import OPT_IN, OPT_OUT, format_consents, parse_consents, without_times
from gigya_cheetah_assets.ledger.corrections import note
from gigya_cheetah_assets.ledger.crossed import Crossings, Told
from gigya_cheetah_assets.ledger.deliveries import set_head
from gigya_cheetah_assets.ledger.digests import DIGEST_BYTES, digests, slots
from gigya_cheetah_assets.ledger.inbound_items import Change
from gigya_cheetah_assets.ledger.lookup import People, head
from gigya_cheetah_assets.ledger.recording import known_mappings, upsert
from gigya_cheetah_assets.ledger.row_text import decode, encode
from gigya_cheetah_assets.ledger.shape import RowShape
from gigya_cheetah_assets.ledger.sides import UNKNOWN, Asked, Base
from gigya_cheetah_assets.ledger.tables import inbound_cells

INBOUND = "inbound "
"""What the delivery of a state begins with that no window delivered."""
_CHUNK = 500
# The digest of a row that no row equals.
_UNLIKE_ANY = bytes(DIGEST_BYTES)


@dataclass(frozen=True)
class _Row:
    """A person's agreed row as it is stored; `mapping` and `row_text` are None where only consents are known."""

    delivery: str
    digest: bytes
    updated: int
    mapping: int | None
    consents: str
    row_text: str | None


@dataclass(frozen=True)
class Agreement:
    """Writes agreed changes, inside a transaction that the caller holds.

    Attributes:
        connection: The open transaction.
        mark: Its placeholder for a value.
        sync: Whose people.
        shape: Names of the columns, for the order of the subscriptions.
        source: What is noted as the delivery that put the state there.
        now: Epoch ms.
    """

    connection: Connection
    mark: str
    sync: str
    shape: RowShape
    source: str
    now: int

    def settle(self, uid: str, changes: Sequence[Change], updated: int | None, cells: Mapping[str, str | None]) -> bool:
        """Lays what CheetahMail now has over the row of one person, and notes the evidence of what is agreed.

        A value that lost is still CheetahMail's: it stands in the row until a correction has told what won. Where a
        decision of the file crossed with the opposite of ours, or of another file, nobody knows which CheetahMail has.

        Returns:
            Whether the row changed.
        """
        agreed = [change for change in changes if change.agreed]
        lost = [change for change in changes if change.lost]
        texts = {change.column: cells.get(change.column, change.cell) for change in agreed}
        states = {change.column: (change.value, change.at) for change in agreed if change.subscription}
        crossed = {change.column for change in self._crossed(uid, agreed)} | self._shown_in(uid, agreed)
        self._note_evidence(uid, agreed, texts)
        moved = bool(agreed) and self._lay_over(uid, texts, states, updated)
        if crossed:
            # Neither opt-in nor opt-out is sure to be there: whatever the next window finds, it tells.
            moved |= self.forget(uid, crossed)
        return self._correct(uid, lost, updated) or moved

    def _crossed(self, uid: str, changes: Sequence[Change]) -> list[Change]:
        """The decisions of which CheetahMail may hold our older opposite by now."""
        columns = "uid, delivery, previous_consents, consents"
        found = [row for row in self._people().find(slots([uid]), columns) if row[0] == uid]
        return [change for _, *told in found for change in self._crossings.crossed(uid, changes, Told(*told))]

    def _shown_in(self, uid: str, changes: Sequence[Change]) -> set[str]:
        """The lists that the person leaves by a file while one before it showed her on them.

        Files come in any order: her opt-in, or somebody's import of her, may be the later one, and what stands there.
        """
        left = {change.column for change in changes if change.subscription and change.value == OPT_OUT}
        known = self.connection.execute(_cells_of(self.sync, [uid])) if left else ()
        return {row.column_name for row in known if row.column_name in left and row.value == OPT_IN}

    @cached_property
    def _crossings(self) -> Crossings:
        return Crossings(self.connection, self.sync)

    def forget(self, uid: str, subscriptions: Iterable[str]) -> bool:
        """What CheetahMail has of some subscriptions is not known any more: the next window tells them anew.

        Returns:
            Whether the row changed.
        """
        moved = self._lay_over(uid, {}, dict.fromkeys(subscriptions, (None, None)), None, known_only=True)
        stored = self._stored(uid)
        if moved and stored is not None:
            note(self.connection, self.sync, uid, stored.updated)
        return moved

    def tell_anew(self, uid: str) -> bool:
        """CheetahMail may have given somebody's row to another: the next window tells row and opt-ins anew.

        Opt-outs are kept: of two states of one address CheetahMail keeps the opt-out.

        Returns:
            Whether the row changed; not if the ledger knows nobody of this UID.
        """
        stored = self._stored(uid)
        if stored is None or stored.digest == _UNLIKE_ANY:
            return False
        known = parse_consents(stored.consents)
        self.forget(uid, [name for name, (state, _) in known.items() if state != OPT_OUT])
        again = self._stored(uid) or stored
        values = (*slots([uid]), uid, _UNLIKE_ANY, again.updated + 1, again.consents, again.row_text)
        same = {"sync": self.sync, "delivery": self.source, "mapping": again.mapping}
        upsert(self.connection, same, [values])
        note(self.connection, self.sync, uid, again.updated + 1)
        return True

    def _correct(self, uid: str, lost: Sequence[Change], updated: int | None) -> bool:
        """Notes a correction, unless CheetahMail has only what the row says it has: that a window will tell anyway."""
        if not lost:
            return False
        texts = {change.column: change.loser for change in lost if not change.subscription}
        states = {change.column: (change.loser, None) for change in lost if change.subscription}
        if self._stored(uid) is None:
            note(self.connection, self.sync, uid, 0)
            return False
        moved = self._lay_over(uid, texts, states, updated)
        stored = self._stored(uid)
        if moved and stored is not None:
            note(self.connection, self.sync, uid, stored.updated)
        return moved

    def _stored(self, uid: str) -> _Row | None:
        wanted = ", ".join(("uid", "delivery", *earlier.COLUMNS))
        return next((_Row(*rest) for name, *rest in self._people().find(slots([uid]), wanted) if name == uid), None)

    def _people(self) -> People:
        return People(self.connection, self.mark, self.sync, head(self.connection, self.sync).population)

    def _lay_over(
        self,
        uid: str,
        texts: Mapping[str, str | None],
        states: Mapping[str, tuple[str | None, int | None]],
        updated: int | None,
        *,
        known_only: bool = False,
    ) -> bool:
        before = head(self.connection, self.sync)
        found = self._stored(uid)
        if found is None and known_only:
            return False
        stored = found or _Row("", b"", 0, None, "", None)
        row = replace(stored, consents=self._consents(stored.consents, states), row_text=self._row_text(stored, texts))
        if row == stored:
            return False
        self._keep_for_window(uid, found)
        # Newer than any row that outbound made of the account before: such a one must not leave any more.
        row = replace(row, updated=max(stored.updated + 1, updated or 0))
        columns = () if row.mapping is None else known_mappings(self.connection, self.sync)[row.mapping]
        (digest,) = digests(pa.array([row.row_text], pa.string()), without_times(pa.array([row.consents])), columns)
        same = {"sync": self.sync, "delivery": self.source, "mapping": row.mapping}
        values = (*slots([uid]), uid, digest, row.updated, row.consents, row.row_text)
        upsert(self.connection, same, [values])
        if self.shape.email in texts:
            named = addresses.entries([uid], pa.array([texts[self.shape.email]], pa.string()))
            addresses.enter(self.connection, self.sync, named)
        if found is None:
            set_head(self.connection, self.sync, replace(before, population=before.population + 1))
        return True

    def _keep_for_window(self, uid: str, stored: _Row | None) -> None:
        """Keeps what a window delivered and what it replaced: if that window runs again, it has to tell of both."""
        if stored is None or stored.delivery.startswith(INBOUND):
            return
        before = [state for state in self._states(uid, "previous_") if state[1] is not None]
        earlier.keep(self.connection, self.sync, stored.delivery, [*before, *self._states(uid)])

    def _states(self, uid: str, prefix: str = "") -> list[earlier.State]:
        wanted = ", ".join(["uid", *(f"{prefix}{name}" for name in earlier.COLUMNS)])
        return [state for state in self._people().find(slots([uid]), wanted) if state[0] == uid]

    def _consents(self, stored: str, states: Mapping[str, tuple[str | None, int | None]]) -> str:
        known: dict[str, tuple[str | None, int | None]] = {**parse_consents(stored), **states}
        order = [*self.shape.subscriptions, *(name for name in known if name not in self.shape.subscriptions)]
        told = ((name, *known[name]) for name in order if name in known)
        return format_consents({name: (state, at) for name, state, at in told if state is not None})

    def _row_text(self, stored: _Row, texts: Mapping[str, str | None]) -> str | None:
        if stored.mapping is None or stored.row_text is None:
            return stored.row_text
        columns = known_mappings(self.connection, self.sync)[stored.mapping]
        cells = decode(pa.array([stored.row_text]), columns).to_pylist()[0]
        cells |= {column: text for column, text in texts.items() if column in cells}
        table = pa.table({column: pa.array([cells[column]], pa.string()) for column in columns})
        text: str = encode(table, columns)[0].as_py()
        return text

    def _note_evidence(self, uid: str, agreed: Iterable[Change], texts: Mapping[str, str | None]) -> None:
        known = {row.column_name: row for row in self.connection.execute(_cells_of(self.sync, [uid]))}
        ours = {(column, one.value) for _, column, one in asked.read(self.connection, self.sync, [uid])}
        for change in agreed:
            value = change.value if change.subscription else texts[change.column]
            old = known.get(change.column)
            written = old.written_at if old is not None and old.value == value else None
            by_us = change.write or (change.column, change.value or None) in ours
            values = {"value": value, "evidence_at": change.at, "written_at": self.now if by_us else written}
            which = {"sync": self.sync, "uid": uid, "column_name": change.column}
            if old is None:
                self.connection.execute(sa.insert(inbound_cells).values(**which, **values))
            else:
                same = [inbound_cells.c[name] == key for name, key in which.items()]
                self.connection.execute(sa.update(inbound_cells).where(*same).values(**values))


def read_bases(
    connection: Connection, sync: str, uids: Sequence[str], baseline: Baseline, shape: RowShape
) -> dict[str, dict[str, Base]]:
    """What was agreed on with some people, by UID and column; people and columns without any are left out.

    Args:
        connection: An open connection.
        sync: Whose people.
        uids: The people.
        baseline: The ledger's state of them, aligned with `uids`.
        shape: Names of the columns.
    """
    bases: dict[str, dict[str, Base]] = {uid: {} for uid in uids}
    # A row without a mapping, or of one that has not this column yet: never agreed on.
    mappings = baseline.mapping.to_pylist()
    for column in shape.columns:
        if column in shape.subscriptions:
            states, times = (values.to_pylist() for values in baseline.consent(column))
            agreed = [Base(state, at) for state, at in zip(states, times, strict=True)]
            known = baseline.known.to_pylist()
        else:
            agreed = [Base(text) for text in baseline.cells(column).to_pylist()]
            known = [mapping is not None and column in baseline.mappings[mapping] for mapping in mappings]
        for uid, base, is_known in zip(uids, agreed, known, strict=True):
            if is_known:
                bases[uid][column] = base
    for start in range(0, len(uids), _CHUNK):
        for row in connection.execute(_cells_of(sync, uids[start : start + _CHUNK])):
            _prove(bases[row.uid], row)
    for uid, column, one in asked.read(connection, sync, uids):
        _ask(bases[uid], column, one)
    return bases


def _prove(bases: dict[str, Base], cell: sa.Row[Any]) -> None:
    """Adds the evidence to the agreed value, if it is still the one that the evidence is of."""
    base = bases.get(cell.column_name, UNKNOWN)
    if not base.known or (base.value or None) == (cell.value or None):
        bases[cell.column_name] = Base(cell.value, cell.evidence_at, cell.written_at)
    elif cell.written_at is not None:
        # CheetahMail holds another value until it is told: what Gigya has is ours all the same.
        _ask(bases, cell.column_name, Asked(cell.value, cell.evidence_at, cell.written_at))


def _ask(bases: dict[str, Base], column: str, one: Asked) -> None:
    base = bases.get(column, UNKNOWN)
    bases[column] = replace(base, asked=(*base.asked, one))


def _cells_of(sync: str, uids: Sequence[str]) -> sa.Select[Any]:
    return sa.select(inbound_cells).where(inbound_cells.c.sync == sync, inbound_cells.c.uid.in_(uids))
