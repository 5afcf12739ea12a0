"""The ledger itself: open it, ask what was agreed, record a delivery, release a brake.

SQL for many rows is in `lookup` and `recording`; comparing rows with the answer is in `compare`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import pyarrow as pa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger import behind, corrections
from gigya_cheetah_assets.ledger.addresses import Holder
from gigya_cheetah_assets.ledger.arrow import Flags, Numbers, Texts, texts, whole
from gigya_cheetah_assets.ledger.baseline import Baseline, read_baseline, read_superseded
from gigya_cheetah_assets.ledger.consent_log import BrokenRow, ConsentEntry, ConsentLog, LoggedConsent
from gigya_cheetah_assets.ledger.database import Database
from gigya_cheetah_assets.ledger.deliveries import DeliveredFile, Delivery, enter, read_deliveries, set_head
from gigya_cheetah_assets.ledger.digests import slots
from gigya_cheetah_assets.ledger.earlier import was_delivered
from gigya_cheetah_assets.ledger.former import delivered_addresses
from gigya_cheetah_assets.ledger.given import Written
from gigya_cheetah_assets.ledger.given import read as read_given
from gigya_cheetah_assets.ledger.left import Left
from gigya_cheetah_assets.ledger.left import read as read_left
from gigya_cheetah_assets.ledger.lookup import Head, People, head
from gigya_cheetah_assets.ledger.prepared import PreparedRows
from gigya_cheetah_assets.ledger.recording import Recorder, known_mappings, mapping_id
from gigya_cheetah_assets.ledger.releases import is_released, release
from gigya_cheetah_assets.ledger.session import Session
from gigya_cheetah_assets.ledger.shape import RowShape
from gigya_cheetah_assets.ledger.sites import note_site, read_site
from gigya_cheetah_assets.ledger.upgrade import upgrade
from gigya_cheetah_assets.ledger.url import ledger_url


class Ledger:
    """Per sync and UID, the row on which both sides were last known to agree.

    For one thread; another one opens the ledger for itself. Reading never waits for a writer.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._session = Session(database)

    @classmethod
    def open(cls, url: str | None = None, *, busy_seconds: float = 30.0) -> Self:
        """Opens a ledger, creates it if there is none, upgrades its tables if they are older.

        Args:
            url: SQLAlchemy URL; None means `GIGYA_CHEETAH_LEDGER`, else `ledger.sqlite` in the data folder.
            busy_seconds: How long a writer waits for another one.

        Raises:
            ConfigError: The URL is wrong.
            LedgerTooNew: A newer version of this project wrote it.
            LedgerUnusable: It cannot be created or read.
            LedgerBusy: The server cannot be reached, or another process is upgrading it.
        """
        database = Database(ledger_url(url), busy_seconds=busy_seconds)
        try:
            upgrade(database)
        except BaseException:
            database.close()
            raise
        return cls(database)

    def compact(self) -> None:
        """Lets nothing that was deleted be read from the database's file any more.

        Raises:
            LedgerBusy: Somebody reads or writes it and did not finish in time.
        """
        self._database.compact()

    def close(self) -> None:
        """Closes all connections."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def revision(self, sync: str) -> int:
        """Running number of the last delivery recorded; 0 when there is none. It never goes back."""
        return self._head(sync).revision

    def population(self, sync: str) -> int:
        """How many people the ledger knows."""
        return self._head(sync).population

    def baseline(self, sync: str, uids: Texts, *, window: str) -> Baseline:
        """The agreed state of some people, aligned with `uids`.

        Of a person whom `window` itself delivered it is the state before that: so a window that runs again
        compares with what it compared with the first time, and builds the same files. What its earlier runs
        delivered comes along as the baseline's past.

        Args:
            sync: Name of the sync.
            uids: UIDs of a batch, best in stable order (CRC-32, then UID): then a large batch is one scan.
            window: Stamp of the window that is being compared.
        """
        keys = texts(uids)
        with self._session.reading() as connection:
            people = self._people(connection, sync)
            if not people.population:
                return Baseline.empty(len(keys))
            return read_baseline(people, keys, _slots(keys), known_mappings(connection, sync), window)

    def superseded(
        self,
        sync: str,
        uids: Texts,
        updated: Numbers,
        *,
        window: str,
    ) -> Flags:
        """Which rows are older than what another delivery has put into the ledger since.

        The last look before a file is written: such a row must not leave.

        Args:
            sync: Name of the sync.
            uids: UIDs of the rows.
            updated: Last update of each row, epoch ms.
            window: Stamp of the window that would deliver them.
        """
        keys = texts(uids)
        with self._session.reading() as connection:
            people = self._people(connection, sync)
            return read_superseded(people, keys, _slots(keys), whole(updated), window)

    def record(
        self,
        sync: str,
        window: str,
        rows: Iterable[pa.Table | PreparedRows],
        *,
        shape: RowShape,
        mapping_version: str,
        files: Iterable[DeliveredFile] = (),
        counts: Callable[[], Mapping[str, int]] = dict,
        consents_only: Iterable[pa.Table] = (),
        seen: Iterable[pa.Table] = (),
        corrected: Mapping[str, int] | None = None,
        left: Iterable[pa.Table] = (),
    ) -> int:
        """Records a delivery, all of it in one transaction; recording it again changes nothing but the revision.

        Inside `writing` it takes part in that transaction, which is committed at the end of the block.

        Args:
            sync: Name of the sync.
            window: Stamp of the window.
            rows: The delivered rows in batches, frames of rows or made ready with `PreparedRows.of`; only one batch is
                held at a time.
            shape: Names of their columns.
            mapping_version: Version of the mapping that made them.
            files: The files that carried them; asked for when all else is written, just before the commit.
            counts: What the window counted: read, delivered, unchanged …; asked for after the files.
            consents_only: Frames with key and consent columns, of people whose row was not delivered.
            seen: Frames with key and consent columns, of people who were found unchanged (`Changes.seen`): an older
                window that is delivered later does not override them.
            corrected: The corrections that the window has read, as `corrections` gave them.
            left: What people left at addresses that others have too (`Changes.left`).

        Returns:
            The new revision.

        Raises:
            LedgerBusy: Another run writes this sync's ledger.
            LedgerUnusable: The database refused, for example because the disk is full; nothing was recorded.
        """
        with self._session.writing(sync) as connection:
            before = head(connection, sync)
            mapping = mapping_id(connection, sync, mapping_version, shape.columns)
            people = People(connection, self._database.mark, sync, before.population)
            now = time.time_ns() // 1_000_000
            again = was_delivered(connection, sync, window)
            recorder = Recorder(people, window, shape, mapping, known_mappings(connection, sync), now, again)
            for table in rows:
                recorder.rows(table)
            for table in consents_only:
                recorder.consents(table)
            for table in seen:
                recorder.seen(table)
            for table in left:
                behind.record(people, shape, window, table, now=now, again=again)
            carried = tuple(files)
            after = Head(before.revision + 1, before.population + recorder.count_added())
            set_head(connection, sync, after)
            delivery = Delivery(window, after.revision, now, mapping_version, dict(counts()), carried)
            enter(connection, sync, delivery, mapping)
            corrections.told(connection, sync, window, corrected or {})
        return after.revision

    def holders(
        self, sync: str, asked: Iterable[tuple[str, str]], *, window: str, shape: RowShape
    ) -> dict[str, list[Holder]]:
        """Who else has some addresses, as far as the ledger knows.

        Args:
            sync: Name of the sync.
            asked: Address in lower case, and the UID of who asks; somebody else's answer only is looked up.
            window: Stamp of the window that asks; of people whom it delivered the state before counts.
            shape: Names of the columns.

        Returns:
            By address; those who ask may be among them where others ask too.
        """
        with self._session.reading() as connection:
            found = behind.may_have(connection, self._database.mark, sync, asked)
        uids = pa.array(sorted({uid for people in found.values() for uid in people}), pa.string())
        if not len(uids):
            return {}
        return behind.verified(found, uids, self.baseline(sync, uids, window=window), shape)

    def delivered_addresses(self, sync: str, uids: Sequence[str], *, email: str) -> dict[str, list[str]]:
        """By UID every address under which the ledger knows to have delivered some people (`former`).

        Args:
            sync: Name of the sync.
            uids: The people; those of whom nothing is known are left out.
            email: Name of the column of the address.
        """
        with self._session.reading() as connection:
            mappings = known_mappings(connection, sync)
            return delivered_addresses(self._people(connection, sync), uids, mappings, email)

    def left(self, sync: str, addresses: Iterable[str], *, but_by: str) -> list[Left]:
        """What people left at some addresses in other windows than `but_by`."""
        with self._session.reading() as connection:
            return read_left(connection, sync, addresses, but_by=but_by)

    def written_opt_ins(self, sync: str, uids: Sequence[str]) -> Written:
        """When some people gave the opt-ins that we wrote to Gigya, by UID and column."""
        with self._session.reading() as connection:
            return read_given(connection, sync, uids)

    def corrections(self, sync: str, window: str, *, with_open: bool = True) -> dict[str, int]:
        """The people that a window has to read besides its own, since CheetahMail holds a value of theirs that lost.

        Args:
            sync: Name of the sync.
            window: Stamp of the window; those that it has told already are its own for ever.
            with_open: Also those that no window has told yet.

        Returns:
            By UID the least `_updated` (epoch ms) that their rows have to carry.
        """
        with self._session.reading() as connection:
            return corrections.read(connection, sync, window, with_open=with_open)

    def open_corrections(self, sync: str) -> int:
        """How many people no delivery has corrected yet."""
        with self._session.reading() as connection:
            return corrections.count_open(connection, sync)

    def deliveries(self, sync: str, window: str | None = None) -> list[Delivery]:
        """What was recorded, oldest first; of one window only if it is given."""
        with self._session.reading() as connection:
            return read_deliveries(connection, sync, window)

    def log_consents(self, sync: str, entries: Iterable[ConsentEntry]) -> int:
        """Appends decisions to the consent log; inside `writing` in its transaction. Deliveries log themselves.

        Returns:
            How many there were.

        Raises:
            LedgerBusy: Another run writes this sync's ledger.
        """
        with self._session.writing(sync) as connection:
            return self._log(connection, sync).append(entries, time.time_ns() // 1_000_000)

    def consents_of(self, sync: str, uid: str) -> list[LoggedConsent]:
        """The logged decisions of one person, oldest first."""
        with self._session.reading() as connection:
            return self._log(connection, sync).of_person(uid)

    def consent_count(self, sync: str) -> int:
        """How many decisions were logged."""
        with self._session.reading() as connection:
            return self._log(connection, sync).count

    def verify_consents(self, sync: str) -> BrokenRow | None:
        """The first row of a sync's consent log that was altered, removed or moved; None when the log is whole."""
        with self._session.reading() as connection:
            return self._log(connection, sync).verify()

    def release(self, sync: str, window: str, check: str) -> None:
        """Notes that a person let this window pass in spite of this check."""
        with self._session.noting(sync) as connection:
            release(connection, sync, window, check)

    def site(self, sync: str) -> str | None:
        """The fingerprint of the Gigya site whose accounts were delivered last; None before the first delivery."""
        with self._session.reading() as connection:
            return read_site(connection, sync)

    def note_site(self, sync: str, site: str) -> None:
        """Notes whose accounts a delivery holds that was recorded, best in its transaction."""
        with self._session.writing(sync) as connection:
            note_site(connection, sync, site)

    def is_released(self, sync: str, window: str, check: str) -> bool:
        """Whether a person let this window pass in spite of this check."""
        with self._session.reading() as connection:
            return is_released(connection, sync, window, check)

    @contextmanager
    def writing(self, sync: str) -> Iterator[None]:
        """Holds the lock of a sync's writers; what is recorded inside is committed at the end, or not at all.

        It is gone with the process that held it. On SQLite it keeps the writers of all syncs waiting, on
        PostgreSQL only those of this one.

        Raises:
            LedgerBusy: Another run holds it and did not let go in time.
            LedgerUnusable: This ledger holds one already.
        """
        with self._session.locked(sync):
            yield

    @contextmanager
    def transaction(self, sync: str) -> Iterator[tuple[Connection, str]]:
        """For the modules of this package: the connection that writes a sync, and its placeholder for a value."""
        with self._session.writing(sync) as connection:
            yield connection, self._database.mark

    @contextmanager
    def snapshot(self) -> Iterator[tuple[Connection, str]]:
        """For the modules of this package: a connection that reads, and its placeholder for a value."""
        with self._session.reading() as connection:
            yield connection, self._database.mark

    def _head(self, sync: str) -> Head:
        with self._session.reading() as connection:
            return head(connection, sync)

    def _log(self, connection: Connection, sync: str) -> ConsentLog:
        return ConsentLog(connection, self._database.mark, sync)

    def _people(self, connection: Connection, sync: str) -> People:
        return People(connection, self._database.mark, sync, head(connection, sync).population)


def _slots(uids: Texts) -> list[int]:
    return slots(uids.drop_null().to_pylist())
