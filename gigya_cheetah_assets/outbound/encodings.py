"""Rows that the encoding of their file can't hold, found before a file is written; they become rejects."""

from __future__ import annotations

import codecs

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.cheetahmail import unencodable
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound.rejects import SCHEMA

REASON = "not_in_encoding"


class FileEncoding:
    """The encoding of a sync's profiles file."""

    def __init__(self, sync: Sync, table: FieldTable) -> None:
        self.name = sync.import_files.profiles.format(sync.import_files.defaults).encoding
        self._holds_all = codecs.lookup(self.name).name.startswith("utf-")
        self._columns = table.columns
        self._key = table.key.cheetahmail

    def split(self, rows: pa.Table) -> tuple[pa.Table, pa.Table, pa.Table]:
        """The rows that can be written, those that can't, and the reject lines (uid, column, reason) of these."""
        lines = [SCHEMA.empty_table()]
        if self._holds_all or not len(rows):
            return rows, rows.slice(0, 0), lines[0]
        bad = pa.array([False] * len(rows))
        for column in self._columns:
            mask = unencodable(rows[column], self.name)
            uids = rows[self._key].filter(mask)
            lines.append(pa.table([uids, pa.repeat(column, len(uids)), pa.repeat(REASON, len(uids))], schema=SCHEMA))
            bad = pc.or_(bad, mask)
        return rows.filter(pc.invert(bad)), rows.filter(bad), pa.concat_tables(lines)
