"""Writing what was delivered: the rule which state stays and which is replaced. Transactions are the caller's.

A state that is newer (by the source's last update) is never replaced by an older one, and what this same window
had replaced stays what it replaced, however often the window is recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import repeat

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.arrow import Texts, texts
from gigya_cheetah_assets.ledger.consent_log import ConsentLog
from gigya_cheetah_assets.ledger.consent_steps import delivered_steps
from gigya_cheetah_assets.ledger.consents import encode_consents
from gigya_cheetah_assets.ledger.digests import digests, encode_rows, slots
from gigya_cheetah_assets.ledger.driver import execute_many, insert_many
from gigya_cheetah_assets.ledger.lookup import People
from gigya_cheetah_assets.ledger.shape import UPDATED, RowShape
from gigya_cheetah_assets.ledger.tables import agreed, mappings

_NOBODY = ("", float("-inf"), None)
_KEY = ("sync", "slot", "uid")
_STATE = ("digest", "updated", "delivery", "mapping", "consents", "row_text")


def upsert(connection: Connection, rows: Iterable[tuple[object, ...]]) -> None:
    """Records people; the values of each in the order of key and state."""
    same = "ledger_agreed.delivery = excluded.delivery"
    kept = [
        f"previous_{name} = CASE WHEN {same} THEN ledger_agreed.previous_{name} ELSE ledger_agreed.{name} END"
        for name in _STATE
    ]
    taken = [f"{name} = excluded.{name}" for name in _STATE]
    update = f"ON CONFLICT (sync, slot, uid) DO UPDATE SET {', '.join(kept + taken)}"
    newer = "WHERE ledger_agreed.updated <= excluded.updated"
    insert = f"INSERT INTO ledger_agreed ({', '.join((*_KEY, *_STATE))}) VALUES"
    insert_many(connection, insert, rows, after=f"{update} {newer}")


def touch_sql(mark: str) -> str:
    """The statement that notes that a person was seen, unchanged, at a later time than the ledger knew."""
    which = f"sync = {mark} AND slot = {mark} AND uid = {mark}"
    return f"UPDATE ledger_agreed SET updated = {mark} WHERE {which} AND updated < {mark} AND delivery <> {mark}"  # noqa: S608 - constants and placeholders only


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
        added: How many people the ledger did not know before.
        written: How many rows were written so far.
    """

    people: People
    window: str
    shape: RowShape
    mapping: int
    known_mappings: dict[int, tuple[str, ...]]
    now: int
    added: int = 0
    written: int = 0

    def rows(self, table: pa.Table) -> None:
        """Rows that were delivered."""
        encoded = encode_rows(table, self.shape)
        mapping = repeat(self.mapping, table.num_rows)
        self._upsert(table, encoded.digests, mapping, encoded.consents, encoded.texts.to_pylist())

    def consents(self, table: pa.Table) -> None:
        """Decisions of people whose row was not delivered; the row that the ledger has stays."""
        uids = self._uids(table)
        stored = {
            uid: (mapping, text) for uid, mapping, text in self.people_now().find(slots(uids), "uid, mapping, row_text")
        }
        rows = [stored.get(uid, (None, None)) for uid in uids]
        consents = encode_consents(table, self.shape.subscriptions)
        digest: list[bytes] = [b""] * len(uids)
        for mapping in {mapping for mapping, _ in rows}:
            places = [place for place, (theirs, _) in enumerate(rows) if theirs == mapping]
            texts = pa.array([rows[place][1] for place in places], pa.string())
            columns = () if mapping is None else self.known_mappings[mapping]
            for place, made in zip(places, digests(texts, consents.take(pa.array(places)), columns), strict=True):
                digest[place] = made
        self._upsert(table, digest, [mapping for mapping, _ in rows], consents, [text for _, text in rows])

    def seen(self, table: pa.Table) -> None:
        """People who were read again at a later time, with the row and the decisions that the ledger has."""
        uids, times = self._uids(table), table.column(UPDATED).to_pylist()
        values = zip(times, repeat(self.people.sync), slots(uids), uids, times, repeat(self.window))
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

    def _upsert(
        self,
        table: pa.Table,
        digest: list[bytes],
        mapping: Sequence[int | None] | repeat[int],
        consents: Texts,
        row_texts: list[str | None],
    ) -> None:
        uids = self._uids(table)
        crcs = slots(uids)
        self._log_consents(table, uids, crcs)
        values = zip(
            repeat(self.people.sync), crcs, uids, digest, table.column(UPDATED).to_pylist(),
            repeat(self.window), mapping, consents.to_pylist(), row_texts,
        )  # fmt: skip
        upsert(self.people.connection, values)
        self.written += len(uids)

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

    def _uids(self, table: pa.Table) -> list[str]:
        uids: list[str] = texts(table.column(self.shape.key)).to_pylist()
        return uids
