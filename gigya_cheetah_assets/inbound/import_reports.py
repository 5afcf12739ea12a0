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
from gigya_cheetah_assets.ledger import Ledger, RowShape
from gigya_cheetah_assets.ledger.import_results import FileResult, RefusedOptOut, note_result
from gigya_cheetah_assets.outbound.carried import UNSUBSCRIBES, told_rows
from gigya_cheetah_assets.outbound.outbox import kind_and_window
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
        told_anew: Opt-outs among the rejected rows that the next window tells anew.
    """

    file: str
    window: str | None
    rows_read: int | None
    rows_loaded: int | None
    rows_rejected: int
    told_anew: int = 0


def import_results(sync: Sync, partition: str, *, data: Path, ledger: Ledger) -> list[ImportResult]:
    """Reads a finished report and keeps its rejected rows beside the windows of their files.

    Opt-outs among them are open again: the ledger forgets that CheetahMail has them.

    Raises:
        LedgerBusy: Another run writes this sync's ledger.
    """
    rows = folders.finished(folders.asset_folder(data, sync.name, folders.INBOUND_ROWS, partition))
    files: dict[str, list[dict[str, object]]] = {}
    for batch in read_batches(rows / EVENTS):
        for row in batch.to_pylist():
            files.setdefault(row["file_name"], []).append(row)
    return [_result(sync, name, lines, data, ledger) for name, lines in sorted(files.items())]


def _result(sync: Sync, name: str, lines: list[dict[str, object]], data: Path, ledger: Ledger) -> ImportResult:
    kind, window = kind_and_window(sync.import_files, name) or ("", None)
    rejected = [line for line in lines if line["error"]]
    totals = next((line for line in lines if line["rows_read"] is not None or line["rows_loaded"] is not None), {})
    if window is not None and rejected:
        folder = folders.asset_folder(data, sync.name, SUBSCRIBERS, window)
        with folders.private():
            folder.mkdir(parents=True, exist_ok=True)
            kept = [{"uid": line["uid"], "row_no": line["row_no"], "error": line["error"]} for line in rejected]
            pq.write_table(pa.Table.from_pylist(kept, schema=REJECTED), folder / f"{_plain(name)}.rejects.parquet")
    counted = _number(totals, "rows_rejected") or len(rejected)
    told = 0
    if window is not None:
        # A line without a row's number is about the file: nothing of it was taken.
        failed = any(line["row_no"] is None for line in rejected)
        result = FileResult(name, window, kind, failed, counted)
        opt_outs = _refused(sync, window, rejected, failed=failed, data=data) if kind == UNSUBSCRIBES else []
        told = note_result(ledger, sync.name, RowShape.of(sync.fields), result, opt_outs)
    return ImportResult(
        file=name,
        window=window,
        rows_read=_number(totals, "rows_read"),
        rows_loaded=_number(totals, "rows_loaded"),
        rows_rejected=counted,
        told_anew=told,
    )


def _refused(
    sync: Sync, window: str, rejected: list[dict[str, object]], *, failed: bool, data: Path
) -> list[RefusedOptOut]:
    """The opt-outs of a window that CheetahMail did not take: of these UIDs or rows, or all of them.

    A report names no list, so all opt-outs of a person in that file count: to tell one twice harms nobody.
    """
    key = next(field.cheetahmail for field in sync.fields if field.key)
    reasons = {str(line["uid"]): str(line["error"]) for line in rejected if line["uid"]}
    rows = {line["row_no"]: str(line["error"]) for line in rejected if line["row_no"] is not None and not line["uid"]}
    whole = next((str(line["error"]) for line in rejected if line["row_no"] is None), "") if failed else None
    folder = folders.asset_folder(data, sync.name, folders.ROWS, window)
    found: dict[tuple[str, str], RefusedOptOut] = {}
    number = 0
    for batch in told_rows(folder, UNSUBSCRIBES, [key, "LIST_ID", "REASON"]):
        for row in batch.to_pylist():
            number += 1
            reason = whole or reasons.get(row[key]) or rows.get(number)
            if reason and row["REASON"] == "opt_out":
                found[row[key], row["LIST_ID"]] = RefusedOptOut(window, row[key], row["LIST_ID"], reason)
    return [*found.values()]


def _number(line: dict[str, object], name: str) -> int | None:
    value = line.get(name)
    return value if isinstance(value, int) else None


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:100]
