"""Who has which address, as far as the ledger knows: an index by a hash of the address.

The hash only preselects; that somebody has an address still is decided on the agreed row itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.arrow import Texts, mask, pc
from gigya_cheetah_assets.ledger.driver import fetch, insert_many
from gigya_cheetah_assets.ledger.tables import addresses
from gigya_cheetah_assets.store.crc import Hashes, crc32s

_CHUNK = 500
Entry = tuple[int, str]
"""The hash of an address, and a UID."""


@dataclass(frozen=True)
class Holder:
    """Somebody whom the ledger knows under an address: the UID, and by subscription state and time (epoch ms)."""

    uid: str
    states: Mapping[str, tuple[str, int | None]] = field(default_factory=dict)


def hashes(cells: Texts) -> Hashes:
    """The hash of each address, letter case aside; that of an empty cell means nothing."""
    return crc32s(pc.utf8_lower(cells))


def entries(uids: Sequence[str], cells: Texts) -> list[Entry]:
    """Who has which address, in the order of the index, which is what makes entering them cheap."""
    found = hashes(cells)
    order = np.argsort(found)
    order = order[mask(pc.not_equal(cells, ""))[order]]
    return [(own, uids[place]) for own, place in zip(found[order].tolist(), order.tolist(), strict=True)]


def enter(connection: Connection, sync: str, people: Iterable[Entry]) -> None:
    """Notes that people have addresses with these hashes; what is known stays as it is."""
    insert_many(connection, addresses.name, {"sync": sync}, ("hash", "uid"), people, after="ON CONFLICT DO NOTHING")


def candidates(connection: Connection, mark: str, sync: str, wanted: Iterable[int]) -> list[tuple[int, str]]:
    """Hash and UID of all who may have an address with one of these hashes."""
    numbers = sorted(set(wanted))
    found: list[tuple[int, str]] = []
    for start in range(0, len(numbers), _CHUNK):
        chunk = numbers[start : start + _CHUNK]
        marks = ", ".join([mark] * len(chunk))
        sql = f"SELECT hash, uid FROM ledger_addresses WHERE sync = {mark} AND hash IN ({marks})"  # noqa: S608 - constants and placeholders only
        found += fetch(connection, sql, (sync, *chunk))
    return found
