"""Rows that the encodings of their files can't hold, found before a file is written; they become rejects.

A row goes to the profiles file with all its cells and to the other kinds with its key and address, each of which may
have an encoding of its own.
"""

from __future__ import annotations

import codecs

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.cheetahmail import unencodable
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.store.rejects import SCHEMA

REASON = "not_in_encoding"


class FileEncodings:
    """The encodings of a sync's files that lack a part of Unicode; with none of them nothing is looked at."""

    def __init__(self, sync: Sync, table: FieldTable) -> None:
        self._key = table.key.cheetahmail
        self._email = table.email.cheetahmail
        self._of_column: dict[str, list[str]] = {column: [] for column in table.columns}
        self._unsubscribes: str | None = None
        for kind, file in sync.import_files.in_order():
            encoding = file.layout(sync.import_files.defaults).encoding
            if codecs.lookup(encoding).name.startswith("utf-"):
                continue
            for column in table.columns if kind == "profiles" else (self._key, self._email):
                if encoding not in self._of_column[column]:
                    self._of_column[column].append(encoding)
            if kind == "unsubscribes":
                self._unsubscribes = encoding

    def split(self, rows: pa.Table) -> tuple[pa.Table, pa.Table, pa.Table]:
        """The rows that can be written, those that can't, and the reject lines (uid, column, reason) of these."""
        lines = [SCHEMA.empty_table()]
        if not len(rows) or not any(self._of_column.values()):
            return rows, rows.slice(0, 0), lines[0]
        bad = pa.array([False] * len(rows))
        for column, encodings in self._of_column.items():
            mask = pa.array([False] * len(rows))
            for encoding in encodings:
                mask = pc.or_(mask, unencodable(rows[column], encoding))
            uids = rows[self._key].filter(mask)
            lines.append(pa.table([uids, pa.repeat(column, len(uids)), pa.repeat(REASON, len(uids))], schema=SCHEMA))
            bad = pc.or_(bad, mask)
        return rows.filter(pc.invert(bad)), rows.filter(bad), pa.concat_tables(lines)

    def without_unwritable(self, rejected: pa.Table) -> pa.Table:
        """Rejected rows, their opt-outs may still leave: a key or address beyond the encoding is emptied.

        Such an opt-out leaves with what is left of it, or by the address that CheetahMail knows.
        """
        if self._unsubscribes is None:
            return rejected
        for column in (self._key, self._email):
            beyond = unencodable(rejected[column], self._unsubscribes)
            cells = pc.if_else(beyond, pa.scalar(None, pa.string()), rejected[column])
            rejected = rejected.set_column(rejected.schema.get_field_index(column), column, cells)
        return rejected
