"""Who has which address, as far as the ledger knows: an index by a hash of the address.

The hash only preselects; that somebody has an address still is decided on the agreed row itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from zlib import crc32

from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.arrow import Texts, pc
from gigya_cheetah_assets.ledger.driver import fetch, insert_many
from gigya_cheetah_assets.ledger.tables import addresses

_CHUNK = 500
Entry = tuple[int, str]
"""The hash of an address, and a UID."""


@dataclass(frozen=True)
class Holder:
    """Somebody whom the ledger knows under an address: the UID, and by subscription state and time (epoch ms)."""

    uid: str
    states: Mapping[str, tuple[str, int | None]] = field(default_factory=dict)


def hashes(cells: Texts) -> list[int | None]:
    """The hash of each address, letter case aside; null for an empty cell."""
    return [crc32(text.encode()) if text else None for text in pc.utf8_lower(cells).to_pylist()]


def entries(uids: Sequence[str], cells: Texts) -> list[Entry]:
    """Who has which address, in the order of the index, which is what makes entering them cheap."""
    return sorted((found, uid) for found, uid in zip(hashes(cells), uids, strict=True) if found is not None)


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
