"""Keyed hashes that stand for a person or an address where nothing else of them may stay.

The key is random, one a sync, in the ledger itself. So a hash says nothing to who has no ledger, and who has one can
only ask whether a UID or an address that he knows already is meant. The same person has another hash in another sync.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.parked import normal_address
from gigya_cheetah_assets.ledger.tables import keys

KEY_BYTES = 32
HASH_BYTES = 16


@dataclass(frozen=True)
class Pseudonyms:
    """Makes the hashes of one sync.

    Attributes:
        key: The sync's secret.
    """

    key: bytes = field(repr=False)

    def person(self, uid: str) -> bytes:
        """The hash that stands for a UID, 16 bytes."""
        (found,) = self.persons([uid])
        return found

    def persons(self, uids: Iterable[str]) -> list[bytes]:
        """Those of many."""
        found = []
        for uid in uids:
            # A copy of a state that has read its key costs half of reading it again.
            begun = self._begun_uid.copy()
            begun.update(uid.encode())
            found.append(begun.digest())
        return found

    def address(self, email: str) -> bytes:
        """The hash that stands for an address; letter case and blanks around it do not matter."""
        content = normal_address(email).encode()
        return blake2b(content, digest_size=HASH_BYTES, key=self.key, person=b"address").digest()

    @cached_property
    def _begun_uid(self) -> blake2b:
        return blake2b(digest_size=HASH_BYTES, key=self.key, person=b"uid")


def read_pseudonyms(connection: Connection, sync: str) -> Pseudonyms | None:
    """Those of a sync; None when nobody of it was ever hashed."""
    found = connection.execute(sa.select(keys.c.key).where(keys.c.sync == sync)).scalar()
    return None if found is None else Pseudonyms(bytes(found))


def own_pseudonyms(connection: Connection, sync: str) -> Pseudonyms:
    """Those of a sync, in a transaction that writes: the first time the key is made."""
    known = read_pseudonyms(connection, sync)
    if known is not None:
        return known
    made = Pseudonyms(secrets.token_bytes(KEY_BYTES))
    connection.execute(sa.insert(keys).values(sync=sync, key=made.key))
    return made
