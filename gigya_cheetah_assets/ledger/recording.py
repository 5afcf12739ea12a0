"""Writing what was delivered: the rule which state stays and which is replaced. Transactions are the caller's.

A state that is newer (by the source's last update) is never replaced by an older one, and what this same window
had replaced stays what it replaced, however often the window is recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import repeat

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger import addresses, earlier
from gigya_cheetah_assets.ledger.consent_log import ConsentLog
from gigya_cheetah_assets.ledger.consent_steps import delivered_steps
from gigya_cheetah_assets.ledger.consents import encode_consents
from gigya_cheetah_assets.ledger.digests import digests, slots
from gigya_cheetah_assets.ledger.driver import execute_many, insert_many
from gigya_cheetah_assets.ledger.lookup import People
from gigya_cheetah_assets.ledger.prepared import PreparedRows, uids_of
from gigya_cheetah_assets.ledger.shape import UPDATED, RowShape
from gigya_cheetah_assets.ledger.tables import agreed, mappings

_NOBODY = ("", float("-inf"), None)
_KEY = ("sync", "slot", "uid")
_STATE = ("digest", "updated", "delivery", "mapping", "consents", "row_text")


def upsert(connection: Connection, same: Mapping[str, object], rows: Iterable[tuple[object, ...]]) -> None:
    """Records people.

    Args:
        connection: The open transaction.
        same: What all of them share, by column.
        rows: The values of each in the other columns of key and state, in their order.
    """
    again = "ledger_agreed.delivery = excluded.delivery"
    kept = [
        f"previous_{name} = CASE WHEN {again} THEN ledger_agreed.previous_{name} ELSE ledger_agreed.{name} END"
        for name in _STATE
    ]
    taken = [f"{name} = excluded.{name}" for name in _STATE]
    update = f"ON CONFLICT (sync, slot, uid) DO UPDATE SET {', '.join(kept + taken)}"
    newer = "WHERE ledger_agreed.updated <= excluded.updated"
    others = [name for name in (*_KEY, *_STATE) if name not in same]
    insert_many(connection, agreed.name, same, others, rows, after=f"{update} {newer}")


def touch_sql(mark: str) -> str:
    """The statement that notes that a person was seen, unchanged but for times, later than the ledger knew."""
    which = f"sync = {mark} AND slot = {mark} AND uid = {mark}"
    where = f"{which} AND updated < {mark} AND delivery <> {mark}"
    return f"UPDATE ledger_agreed SET updated = {mark}, consents = {mark} WHERE {where}"  # noqa: S608 - constants and placeholders only


def mapping_id(connection: Connection, sync: str, version: str, columns: Sequence[str]) -> int:
    """The number under which these columns of this version are kept; entered if it is new."""
    query = sa.select(mappings.c.id, mappings.c.columns)
    for known, names in connection.execute(query.where(mappings.c.sync == sync, mappings.c.version == version)):
        if tuple(names) == tuple(columns):
            return int(known)
    entered = connection.execute(mappings.insert().values(sync=sync, version=version, columns=list(columns)))
    number: int = entered.inserted_primary_key[0]  # type: ignore[index] # there is one after each insert
    return number


def known_mappings(connection: Connection, sync: str) -> dict[int, tuple[str, ...]]:
    """Column names by mapping id."""
    query = sa.select(mappings.c.id, mappings.c.columns).where(mappings.c.sync == sync)
    return {number: tuple(names) for number, names in connection.execute(query)}


@dataclass
class Recorder:
    """Records one delivery, batch by batch.

    Attributes:
        people: Whose rows; its population is the one before this delivery.
        window: The delivery's window.
        shape: Columns of the rows.
        mapping: Number of the mapping that made them.
        known_mappings: Column names by mapping id.
        now: When it is recorded, epoch ms.
        again: Whether an earlier run of the window was recorded.
        added: How many people the ledger did not know before.
        written: How many rows were written so far.
    """

    people: People
    window: str
    shape: RowShape
    mapping: int
    known_mappings: dict[int, tuple[str, ...]]
    now: int
    again: bool = False
    added: int = 0
    written: int = 0

    def rows(self, rows: pa.Table | PreparedRows) -> None:
        """Rows that were delivered."""
        prepared = rows if isinstance(rows, PreparedRows) else PreparedRows.of(rows, self.shape)
        self._keep_earlier(prepared.uids, prepared.slots, prepared.digests)
        self._log_consents(prepared.table, prepared.uids, prepared.slots)
        self._upsert({"mapping": self.mapping}, prepared.values())
        addresses.enter(self.people.connection, self.people.sync, prepared.addresses)
        self.written += len(prepared.uids)

    def consents(self, table: pa.Table) -> None:
        """Decisions of people whose row was not delivered; the row that the ledger has stays."""
        uids = uids_of(table, self.shape)
        stored = {
            uid: (mapping, text) for uid, mapping, text in self.people_now().find(slots(uids), "uid, mapping, row_text")
        }
        rows = [stored.get(uid, (None, None)) for uid in uids]
        consents = encode_consents(table, self.shape.subscriptions)
        states = encode_consents(table, self.shape.subscriptions, times=False)
        digest: list[bytes] = [b""] * len(uids)
        for mapping in {mapping for mapping, _ in rows}:
            places = [place for place, (theirs, _) in enumerate(rows) if theirs == mapping]
            texts = pa.array([rows[place][1] for place in places], pa.string())
            columns = () if mapping is None else self.known_mappings[mapping]
            for place, made in zip(places, digests(texts, states.take(pa.array(places)), columns), strict=True):
                digest[place] = made
        crcs, updated = slots(uids), table.column(UPDATED).to_pylist()
        self._keep_earlier(uids, crcs, digest)
        self._log_consents(table, uids, crcs)
        mapping, row_texts = [mapping for mapping, _ in rows], [text for _, text in rows]
        self._upsert({}, zip(crcs, uids, digest, updated, mapping, consents.to_pylist(), row_texts, strict=True))
        self.written += len(uids)

    def seen(self, table: pa.Table) -> None:
        """People who were read again at a later time, with the row and the states that the ledger has."""
        uids, times = uids_of(table, self.shape), table.column(UPDATED).to_pylist()
        consents = encode_consents(table, self.shape.subscriptions).to_pylist()
        values = zip(times, consents, repeat(self.people.sync), slots(uids), uids, times, repeat(self.window))
        execute_many(self.people.connection, touch_sql(self.people.mark), values)

    def count_added(self) -> int:
        """How many people this delivery added to the ledger."""
        if self.people.population:
            return self.added
        # All that is there came with this delivery: counting it costs no more than writing it did.
        query = sa.select(sa.func.count()).select_from(agreed).where(agreed.c.sync == self.people.sync)
        return int(self.people.connection.execute(query).scalar_one())

    def people_now(self) -> People:
        """The people to look among while this delivery is being written, those that it added included."""
        return replace(self.people, population=self.people.population + self.written)

    def _upsert(self, same: Mapping[str, object], values: Iterable[tuple[object, ...]]) -> None:
        upsert(self.people.connection, {"sync": self.people.sync, "delivery": self.window, **same}, values)

    def _keep_earlier(self, uids: Sequence[str], crcs: Sequence[int], digest: Sequence[bytes]) -> None:
        """Keeps what an earlier run of this window delivered and this one replaces."""
        if not self.again:
            return
        now = dict(zip(uids, digest, strict=True))
        stored = self.people_now().find(crcs, ", ".join(("uid", "delivery", *earlier.COLUMNS)))
        replaced = [
            (uid, *state)
            for uid, delivery, *state in stored
            if delivery == self.window and uid in now and state[0] != now[uid]
        ]
        earlier.keep(self.people.connection, self.people.sync, self.window, replaced)

    def _log_consents(self, table: pa.Table, uids: list[str], crcs: list[int]) -> None:
        """Appends what this batch decides anew to the consent log; a row that will not be taken decides nothing."""
        log = ConsentLog(self.people.connection, self.people.mark, self.people.sync)
        if not self.people.population:
            # Nobody was known before this delivery, so there is nobody to look up.
            log.append_table(delivered_steps(table, None, self.shape, self.window), self.now)
            return
        stored = {found[0]: found for found in self.people_now().find(crcs, "uid, updated, consents")}
        self.added += len(set(uids) - stored.keys())
        known = [stored.get(uid, _NOBODY) for uid in uids]
        before = pa.array([consents for _, _, consents in known], pa.string())
        taken = [updated <= at for (_, updated, _), at in zip(known, table.column(UPDATED).to_pylist(), strict=True)]
        if not all(taken):
            table, before = table.filter(pa.array(taken, pa.bool_())), before.filter(pa.array(taken, pa.bool_()))
        log.append_table(delivered_steps(table, before, self.shape, self.window), self.now)
