"""The consent log: every decision about a subscription, appended only, each row chained to the one before it.

The hash of a row is the SHA-256 of the previous row's hash and of the row's own text. So a row that was altered,
removed or moved breaks the chain there; rows that are missing at the end show against the head that is kept apart.
The text holds a keyed hash of the UID, never the UID: a person can be erased and the chain still holds. Who decides
what is logged: `recording` for deliveries, `inbound` for files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal, NamedTuple, TypeAlias

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.arrow import Texts, pc, whole
from gigya_cheetah_assets.ledger.driver import blobs, fetch, insert_many
from gigya_cheetah_assets.ledger.pseudonyms import own_pseudonyms, read_pseudonyms
from gigya_cheetah_assets.ledger.tables import consent_heads, consent_log

OUTBOUND_DELIVERY = "outbound_delivery"
ADDRESS_LEFT = "address_left"
"""An unsubscribe of an address that the person has left; the decision itself stands."""
_COLUMNS = (
    "sync", "seq", "logged_at", "uid", "person", "subscription", "before", "after", "decided_at", "side", "source",
    "line", "rule", "hash",
)  # fmt: skip
_BATCH = 5_000
_BEFORE_ALL = -(2**62)

Logged: TypeAlias = Literal["gigya", "cheetahmail"]


class ConsentEntry(NamedTuple):
    """One decision.

    Attributes:
        uid: Whose.
        subscription: Column of the subscription.
        before: The state until then: opt_in, opt_out, pending or None.
        after: The state from then on; the same where a claim was refused.
        decided_at: When the person decided, epoch ms; None if that is not known.
        side: On which side the decision came up.
        source: The window, or the name of the file.
        line: Line of the file.
        rule: What decided: `outbound_delivery`, or a rule of the merge.
    """

    uid: str
    subscription: str
    before: str | None
    after: str | None
    decided_at: int | None
    side: Logged
    source: str
    line: int | None
    rule: str


DECISIONS = pa.schema(
    [
        *((name, pa.string()) for name in ("uid", "subscription", "before", "after")),
        ("decided_at", pa.int64()),
        *((name, pa.string()) for name in ("side", "source")),
        ("line", pa.int64()),
        ("rule", pa.string()),
    ]
)
"""The fields of `ConsentEntry` as columns."""


class LoggedConsent(NamedTuple):
    """One row of the log: its number, when it was written (epoch ms) and the decision."""

    seq: int
    logged_at: int
    entry: ConsentEntry


class BrokenRow(NamedTuple):
    """Where the log is not as it was written, and how that shows."""

    seq: int
    problem: str


@dataclass(frozen=True)
class ConsentLog:
    """The log of one sync, inside a transaction that the caller holds.

    Attributes:
        connection: The open transaction.
        mark: Its placeholder for a value.
        sync: Whose log.
    """

    connection: Connection
    mark: str
    sync: str

    def append(self, entries: Iterable[ConsentEntry], now: int) -> int:
        """Appends decisions in their order; `now` is epoch ms.

        Returns:
            How many there were.
        """
        lines = [dict(zip(DECISIONS.names, entry, strict=True)) for entry in entries]
        return self.append_table(pa.Table.from_pylist(lines, DECISIONS), now)

    def append_table(self, decisions: pa.Table, now: int) -> int:
        """The same for a table of `DECISIONS`, at a third of the cost."""
        count = decisions.num_rows
        if not count:
            return 0
        last, previous = self._head()
        persons = own_pseudonyms(self.connection, self.sync).persons(decisions.column("uid").to_pylist())
        shared, others = _shared_and_others(decisions)
        hashes = _chained(_texts(shared, others, persons, last + 1, now), previous)
        same = shared | {"sync": self.sync, "logged_at": now}
        columns = {"seq": range(last + 1, last + 1 + count), "person": blobs(persons), "hash": blobs(hashes)} | {
            name: column.to_pylist() for name, column in others.items()
        }
        insert_many(self.connection, consent_log.name, same, list(columns), zip(*columns.values(), strict=True))
        self._move_head(last + count, hashes[-1])
        return count

    @property
    def count(self) -> int:
        """How many rows were written."""
        return self._head()[0]

    def of_person(self, uid: str) -> list[LoggedConsent]:
        """The decisions of one person, oldest first, also of one who was erased: whoever asks knows the UID.

        Reads the whole log of the sync: for people, not for runs.
        """
        pseudonyms = read_pseudonyms(self.connection, self.sync)
        if pseudonyms is None:
            return []
        log = consent_log.c
        query = sa.select(consent_log).where(log.sync == self.sync, log.person == pseudonyms.person(uid))
        return [
            LoggedConsent(
                row.seq, row.logged_at, ConsentEntry(uid, *(getattr(row, name) for name in ConsentEntry._fields[1:]))
            )
            for row in self.connection.execute(query.order_by(log.seq))
        ]

    def forget(self, uid: str) -> int:
        """Takes a UID out of the log; the rows stay, and prove what they prove when asked with the UID.

        Returns:
            How many rows held it.
        """
        which = (consent_log.c.sync == self.sync, consent_log.c.uid == uid)
        return self.connection.execute(sa.update(consent_log).where(*which).values(uid=None)).rowcount

    def verify(self) -> BrokenRow | None:
        """The first row that is not as it was written; None when all are."""
        last, final = self._head()
        expected, previous = 1, genesis(self.sync)
        pseudonyms = read_pseudonyms(self.connection, self.sync)
        for seq, logged_at, uid, person, *content, stored in self._rows():
            if seq != expected:
                return BrokenRow(expected, f"missing or moved: the next one found is {seq}")
            if uid is not None and (pseudonyms is None or pseudonyms.person(uid) != person):
                return BrokenRow(expected, "altered: its UID is not the one that was logged")
            previous = sha256(previous + _text(seq, logged_at, person, content)).digest()
            if previous != stored:
                return BrokenRow(expected, "altered: its hash does not follow from its content and the row before")
            expected += 1
        if (expected - 1, previous) != (last, final):
            return BrokenRow(expected, f"the log ends after {expected - 1} rows, {last} were written")
        return None

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        """All rows without the sync, in the driver's tuples, page by page."""
        condition = f"sync = {self.mark} AND seq > {self.mark} ORDER BY seq LIMIT {_BATCH}"
        query = f"SELECT {', '.join(_COLUMNS[1:])} FROM ledger_consent_log WHERE {condition}"  # noqa: S608 - constants and placeholders only
        page = fetch(self.connection, query, (self.sync, _BEFORE_ALL))
        while page:
            yield from page
            page = fetch(self.connection, query, (self.sync, page[-1][0]))

    def _head(self) -> tuple[int, bytes]:
        query = sa.select(consent_heads.c.seq, consent_heads.c.hash).where(consent_heads.c.sync == self.sync)
        found = self.connection.execute(query).first()
        return (found.seq, bytes(found.hash)) if found else (0, genesis(self.sync))

    def _move_head(self, seq: int, digest: bytes) -> None:
        values = {"seq": seq, "hash": digest}
        update = sa.update(consent_heads).where(consent_heads.c.sync == self.sync).values(**values)
        if not self.connection.execute(update).rowcount:
            self.connection.execute(sa.insert(consent_heads).values(sync=self.sync, **values))


def genesis(sync: str) -> bytes:
    """What the first row of a sync's log is chained to."""
    return sha256(f"gigya-cheetah consent log of {sync}".encode()).digest()


def _chained(payloads: Texts, previous: bytes) -> list[bytes]:
    """The hash of each row, from its text and the hash of the row before it."""
    hashes = []
    for payload in payloads.cast(pa.binary()).to_pylist():
        previous = sha256(previous + payload).digest()
        hashes.append(previous)
    return hashes


def _shared_and_others(decisions: pa.Table) -> tuple[dict[str, Any], dict[str, Any]]:
    """What all rows have in common, as values, and the other columns: a delivery's decisions differ in few of them."""
    shared, others = {}, {}
    for name in DECISIONS.names:
        cells = whole(decisions.column(name))
        first = cells[0].as_py()
        alike = cells.is_null() if first is None else pc.fill_null(pc.equal(cells, first), False)
        if pc.all(alike).as_py():
            shared[name] = first
        else:
            others[name] = cells
    return shared, others


def _texts(
    shared: Mapping[str, Any], others: Mapping[str, Any], persons: list[bytes], first: int, logged_at: int
) -> Texts:
    """`_text` of each row of a table, whose first one gets the number `first`."""
    words = {name: str(value) for name, value in shared.items()} | {
        name: pc.fill_null(cells.cast(pa.string()), "None") for name, cells in others.items()
    }
    subscription, before, after, decided_at, side, source, line, rule = (words[name] for name in DECISIONS.names[1:])
    seqs = pa.array(range(first, first + len(persons))).cast(pa.string())
    people = pa.array([person.hex() for person in persons])
    length = str(len(source)) if "source" in shared else pc.utf8_length(source).cast(pa.string())
    return pc.binary_join_element_wise(
        seqs, str(logged_at), people, subscription, before, after, decided_at, side, length, source, line, rule, ";",
    )  # fmt: skip


def _text(seq: int, logged_at: int, person: bytes, content: list[Any]) -> bytes:
    """A row as the one text that is hashed; the length keeps two rows with shifted borders apart."""
    subscription, before, after, decided_at, side, source, line, rule = content
    return (
        f"{seq};{logged_at};{person.hex()};{subscription};{before};{after};{decided_at};"
        f"{side};{len(source)};{source};{line};{rule}"
    ).encode()
