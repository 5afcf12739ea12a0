"""Rows in the form in which the ledger keeps and compares them: text, consents, digest and slot.

The digest also covers the names of the columns: a renamed column changes no cell, and is delivered all the same. It
does not cover the times of decisions: only the states reach CheetahMail, and when we write a state to Gigya, Gigya
gives it a time of its own, which must not come back as a change.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from zlib import crc32

import pyarrow as pa

from gigya_cheetah_assets.ledger.arrow import Texts, pc
from gigya_cheetah_assets.ledger.consents import encode_consents
from gigya_cheetah_assets.ledger.row_text import encode
from gigya_cheetah_assets.ledger.shape import RowShape

DIGEST_BYTES = 16


@dataclass(frozen=True)
class Encoded:
    """Some rows as the ledger keeps them, aligned with the table that they were made of."""

    texts: Texts
    consents: Texts
    digests: list[bytes]


def encode_rows(table: pa.Table, shape: RowShape) -> Encoded:
    """Text, consents and digest of each row of a frame."""
    texts = encode(table, shape.columns)
    states = encode_consents(table, shape.subscriptions, times=False)
    return Encoded(texts, encode_consents(table, shape.subscriptions), digests(texts, states, shape.columns))


def digests(texts: Texts, states: Texts, columns: Sequence[str]) -> list[bytes]:
    """Digest of each row, from its text and its consents without times; a null text (no row is known) counts as ""."""
    # No text of consents holds U+001E, so the last one in the payload is always this separator.
    payload = pc.binary_join_element_wise(texts, states, "\x1e", null_handling="replace", null_replacement="")
    names = blake2b(json.dumps(list(columns)).encode(), digest_size=DIGEST_BYTES).digest()
    # A copy of a state that is set up costs half of setting one up.
    begun = blake2b(digest_size=DIGEST_BYTES, person=names)
    return [_digest(begun.copy(), row) for row in payload.cast(pa.binary()).to_pylist()]


def _digest(begun: blake2b, row: bytes) -> bytes:
    begun.update(row)
    return begun.digest()


def slots(uids: Iterable[str]) -> list[int]:
    """CRC-32 of each UID: spreads people evenly, and is the first key of the stable order."""
    return [crc32(uid.encode()) for uid in uids]
