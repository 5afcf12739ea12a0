"""What CheetahMail says of the files that we delivered: accepted and rejected rows, attributed to their windows.

Rejected rows are kept beside the window's own (`<data>/<sync>/cheetahmail_subscribers/<window>/`), by file and row
number with CheetahMail's reason; a report that comes again takes the place of the one before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.inbound.read import EVENTS
from gigya_cheetah_assets.outbound.outbox import window_of_file
from gigya_cheetah_assets.store import folders
from gigya_cheetah_assets.store.batches import read_batches

SUBSCRIBERS = "cheetahmail_subscribers"
REJECTED = pa.schema([("uid", pa.string()), ("row_no", pa.int64()), ("error", pa.string())])


@dataclass(frozen=True)
class ImportResult:
    """CheetahMail's result for one delivered file.

    Attributes:
        file: Its name.
        window: Stamp of the window that delivered it; None for a name that is none of ours.
        rows_read: As CheetahMail counted; None where the report does not tell.
        rows_loaded: As CheetahMail counted.
        rows_rejected: As CheetahMail counted, else the rejected rows that the report lists.
    """

    file: str
    window: str | None
    rows_read: int | None
    rows_loaded: int | None
    rows_rejected: int


def import_results(sync: Sync, partition: str, *, data: Path) -> list[ImportResult]:
    """Reads a finished report and keeps its rejected rows beside the windows of their files."""
    rows = folders.finished(folders.asset_folder(data, sync.name, folders.INBOUND_ROWS, partition))
    files: dict[str, list[dict[str, object]]] = {}
    for batch in read_batches(rows / EVENTS):
        for row in batch.to_pylist():
            files.setdefault(row["file_name"], []).append(row)
    return [_result(sync, name, lines, data) for name, lines in sorted(files.items())]


def _result(sync: Sync, name: str, lines: list[dict[str, object]], data: Path) -> ImportResult:
    window = window_of_file(sync.import_files, name)
    rejected = [line for line in lines if line["error"]]
    totals = next((line for line in lines if line["rows_read"] is not None or line["rows_loaded"] is not None), {})
    if window is not None and rejected:
        folder = folders.asset_folder(data, sync.name, SUBSCRIBERS, window)
        with folders.private():
            folder.mkdir(parents=True, exist_ok=True)
            kept = [{"uid": line["uid"], "row_no": line["row_no"], "error": line["error"]} for line in rejected]
            pq.write_table(pa.Table.from_pylist(kept, schema=REJECTED), folder / f"{_plain(name)}.rejects.parquet")
    return ImportResult(
        file=name,
        window=window,
        rows_read=_number(totals, "rows_read"),
        rows_loaded=_number(totals, "rows_loaded"),
        rows_rejected=_number(totals, "rows_rejected") or len(rejected),
    )


def _number(line: dict[str, object], name: str) -> int | None:
    value = line.get(name)
    return value if isinstance(value, int) else None


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:100]
