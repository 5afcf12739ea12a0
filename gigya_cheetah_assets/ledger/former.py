"""Every address under which people were delivered, as far as the ledger knows: CheetahMail may have any of them.

A change of address that CheetahMail has not imported may be replaced by a later run of its window, and then the person
is still there under the address of before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyarrow as pa
import sqlalchemy as sa

from gigya_cheetah_assets.ledger.digests import slots
from gigya_cheetah_assets.ledger.lookup import People
from gigya_cheetah_assets.ledger.row_text import cell
from gigya_cheetah_assets.ledger.tables import earlier

_CHUNK = 500
_Row = tuple[str, int | None, str | None]
"""UID, the mapping that wrote the row, and its text."""


def delivered_addresses(
    people: People, uids: Sequence[str], mappings: Mapping[int, tuple[str, ...]], email: str
) -> dict[str, list[str]]:
    """The addresses of some people by UID: of the agreed row, of the one before it, of earlier runs of a window.

    Args:
        people: Where to look.
        uids: The people.
        mappings: Column names by mapping id.
        email: Name of the column.

    Returns:
        Each address once, letter case aside, in alphabetical order.
    """
    found: dict[str, dict[str, str]] = {}
    for mapping, rows in _by_mapping(_rows(people, uids)).items():
        cells = cell(pa.array([text for _, text in rows], pa.string()), mappings[mapping], email)
        for (uid, _), address in zip(rows, cells.to_pylist(), strict=True):
            if address:
                found.setdefault(uid, {}).setdefault(address.lower(), address)
    return {uid: [named[key] for key in sorted(named)] for uid, named in found.items()}


def _rows(people: People, uids: Sequence[str]) -> Iterator[_Row]:
    asked = set(uids)
    columns = "uid, mapping, row_text, previous_mapping, previous_row_text"
    for uid, mapping, text, previous_mapping, previous_text in people.find(slots(uids), columns):
        if uid in asked:
            yield uid, mapping, text
            yield uid, previous_mapping, previous_text
    for start in range(0, len(uids), _CHUNK):
        which = (earlier.c.sync == people.sync, earlier.c.uid.in_(uids[start : start + _CHUNK]))
        query = sa.select(earlier.c.uid, earlier.c.mapping, earlier.c.row_text).where(*which)
        yield from (tuple(row) for row in people.connection.execute(query.order_by(earlier.c.uid, earlier.c.digest)))


def _by_mapping(rows: Iterable[_Row]) -> dict[int, list[tuple[str, str]]]:
    sorted_out: dict[int, list[tuple[str, str]]] = {}
    for uid, mapping, text in rows:
        if mapping is not None and text is not None:
            sorted_out.setdefault(mapping, []).append((uid, text))
    return sorted_out
