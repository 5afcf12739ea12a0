"""Finding people of the ledger by UID: one scan over a large batch's slots, or slot by slot for a small one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.driver import fetch
from gigya_cheetah_assets.ledger.tables import syncs

SLOTS = 2**32
# One look-up by key costs about as much as scanning this many neighbours.
_SCAN_FACTOR = 4
_LOOKUP_CHUNK = 500


@dataclass(frozen=True)
class Head:
    """A sync as a whole: its running number, and how many people the ledger knows."""

    revision: int = 0
    population: int = 0


def head(connection: Connection, sync: str) -> Head:
    """The head of a sync; all zero when nothing was recorded yet."""
    found = connection.execute(sa.select(syncs.c.revision, syncs.c.population).where(syncs.c.sync == sync)).first()
    return Head(*found) if found else Head()


@dataclass(frozen=True)
class People:
    """Where to look.

    Attributes:
        connection: An open connection.
        mark: Its placeholder for a value.
        sync: Whose people.
        population: How many there are, to choose the cheaper way.
    """

    connection: Connection
    mark: str
    sync: str
    population: int

    def find(self, slots: Sequence[int], columns: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The chosen columns of everybody in some slots, and perhaps of others between them.

        Args:
            slots: CRC-32 of the UIDs looked for.
            columns: SQL of the columns wanted; its own placeholders take `values`.
            values: Bound to the placeholders in `columns`.
        """
        if not self.population:
            return []
        found = []
        for condition, bounds in covering(slots, self.population, self.mark):
            found += self._select(columns, condition, (*values, self.sync, *bounds))
        return found

    def _select(self, columns: str, condition: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        sql = f"SELECT {columns} FROM ledger_agreed WHERE sync = {self.mark} AND {condition}"  # noqa: S608 - constants and placeholders only
        return fetch(self.connection, sql, values)


def covering(slots: Sequence[int], population: int, mark: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Conditions on `slot` that together find everybody in some slots, and perhaps others between them.

    Args:
        slots: CRC-32 of the UIDs looked for.
        population: How many people there are to look among, to choose the cheaper way.
        mark: The placeholder for a value.

    Yields:
        SQL and its values.
    """
    if not slots:
        return
    first, last = min(slots), max(slots)
    if population * (last - first + 1) / SLOTS <= _SCAN_FACTOR * len(slots):
        yield f"slot BETWEEN {mark} AND {mark}", (first, last)
        return
    for start in range(0, len(slots), _LOOKUP_CHUNK):
        chunk = list(slots[start : start + _LOOKUP_CHUNK])
        # Always the same number of placeholders, so that the database knows the statement already.
        chunk += [chunk[-1]] * (_LOOKUP_CHUNK - len(chunk)) if start else []
        yield f"slot IN ({', '.join([mark] * len(chunk))})", tuple(chunk)
