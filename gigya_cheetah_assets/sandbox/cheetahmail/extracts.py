"""CheetahMail's extracts: what each feed's file looks like, the full extract, the import report.

How a file reaches the inbox is in `dropping`.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from gigya_cheetah_assets.sandbox.cheetahmail.acts import ZONE
from gigya_cheetah_assets.sandbox.cheetahmail.importer import Imported
from gigya_cheetah_assets.sandbox.cheetahmail.lists import LISTS
from gigya_cheetah_assets.sandbox.cheetahmail.subscriber import Subscriber

Row = dict[str, str]
FEEDS: dict[str, tuple[str, ...]] = {
    "unsubs": ("aid", "pid", "reason", "email", "DATE_UNSUB", "DATE_SUB", "rcode", "GIGYA_UID"),
    "subs": ("aid", "pid", "email", "DATE_SUB", "SOURCE", "GIGYA_UID"),
    "coa": ("email_from", "email_to", "date_changed", "GIGYA_UID"),
    "bounces": ("email", "TIMESTAMP", "RESULTCODE", "GIGYA_UID"),
    "demo": ("email", "date_changed", "GIGYA_UID"),
}
"""The daily feeds and their columns; `demo` has the fields that were changed behind them."""
CLICKS = "data"
"""The feed of mail events. No sync reads it, so it is dropped only when it is asked for."""
CLICK_COLUMNS = ("EVENT_TYPE", "TIMESTAMP", "IID", "USERID", "RESULTCODE", "MIMETYPE", "EMAIL", "MAILING_NAME")
FULL, REPORT = "full", "loader_events"
REPORT_COLUMNS = (
    "FILE_NAME", "STATUS", "ROWS_READ", "ROWS_LOADED", "ROWS_REJECTED", "ROW_NO", "ERROR", "GIGYA_UID", "EMAIL",
)  # fmt: skip
_PLAIN = {REPORT}


def content(feed: str, rows: Sequence[Row]) -> bytes:
    """A feed as a file: pipes, CRLF, a byte order mark, packed with gzip but for the import report."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, _columns(feed, rows), delimiter="|", lineterminator="\r\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    plain = text.getvalue().encode("utf-8-sig")
    return plain if feed in _PLAIN else gzip.compress(plain, mtime=0)


def file_name(feed: str, number: int, now: float) -> str:
    """`o5_unsubs_20261122_000017.dat.gz`: the day of New York's clock, and a number that grows."""
    day = f"{datetime.fromtimestamp(now, UTC).astimezone(ZONE):%Y%m%d}"
    return f"o5_{feed}_{day}_{number:06d}.dat{'' if feed in _PLAIN else '.gz'}"


def full_rows(subscribers: Iterable[Subscriber]) -> list[Row]:
    """Everybody with all fields; of each list 1 or 0, empty where there is no decision."""
    states = {"in": "1", "out": "0"}
    return [
        {**one.fields, "EMAIL": one.email, **{name: states.get(one.lists.get(name, ""), "") for name in LISTS}}
        for one in subscribers
    ]


def report_rows(imported: Iterable[Imported]) -> list[Row]:
    """The import report: a line for each file, and one for each rejected row."""
    return [row for done in imported for row in _report(done)]


def _report(done: Imported) -> Iterator[Row]:
    read = done.accepted + len(done.rejected)
    counts = {"ROWS_READ": read, "ROWS_LOADED": done.accepted, "ROWS_REJECTED": len(done.rejected)}
    status = {"STATUS": "failed", "ERROR": done.problem} if done.problem else {"STATUS": "done"}
    yield {"FILE_NAME": done.name, **status, **{name: str(count) for name, count in counts.items()}}
    for number, reason, uid, email in done.rejected:
        row = {"FILE_NAME": done.name, "STATUS": "rejected", "ROW_NO": str(number), "ERROR": reason}
        yield {**row, "GIGYA_UID": uid, "EMAIL": email}


def _columns(feed: str, rows: Sequence[Row]) -> tuple[str, ...]:
    if feed == REPORT:
        return REPORT_COLUMNS
    if feed == CLICKS:
        return CLICK_COLUMNS
    first = ("GIGYA_UID", "EMAIL") if feed == FULL else FEEDS[feed]
    return tuple(dict.fromkeys([*first, *(name for row in rows for name in row)]))
