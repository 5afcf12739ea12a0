"""Reading 1,000,000 rows of an inbound file: parsed, typed, validated, rejects set apart, into Parquet.

The peer is the loop that most teams write: `pandas.read_csv` and a function for each row. Each runs as a whole process
(`python -m benchmarks.inbound ours|theirs FILE FOLDER`).
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from isal import igzip

from benchmarks import process, results
from benchmarks.results import Result
from benchmarks.twenty_columns import COLUMNS, GENDERS, INBOUND_FILES, TIERS, sync_content

ROWS, FEWER = 1_000_000, 100_000
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_CODES = {"GENDER": {*GENDERS.values(), "U"}, "TIER": {*TIERS.values(), "N"}, "VERIFIED": {"Y", "N"}}
_STATES = {"1": "opt_in", "0": "opt_out"}
_TIMES = {"REGISTERED": "%Y%m%d%H%M%S", "DATE_CHANGED": "%Y%m%d%H%M%S", "BIRTHDATE": "%m/%d/%Y"}


def run(rows: int = ROWS, fewer: int = FEWER) -> list[Result]:
    """Ours beside the loop, and our memory at two sizes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small, large = _file(folder, fewer), _file(folder, rows)
        before, ours, theirs = _measured("ours", small), _measured("ours", large), _measured("theirs", large)
    print(f"  {rows:,} inbound rows, ours: {ours}")
    print(f"  {rows:,} inbound rows, read_csv and a row loop: {theirs}")
    return [
        results.ratio(f"{rows:,} inbound rows, read_csv and a row loop / ours", theirs.seconds / ours.seconds, 3),
        results.at_most(f"peak memory, {rows:,} beside {fewer:,} rows", ours.peak_mib / before.peak_mib, 1.10, "x"),
    ]


def _measured(who: str, file: Path) -> process.Run:
    command = process.python("benchmarks.inbound", who, str(file), str(file.parent / who))
    return process.run(command, {}, file.with_suffix(".log"))


def _file(folder: Path, rows: int) -> Path:
    """A file of profiles as CheetahMail exports them; one row in a hundred has an address that is none."""
    path = folder / f"demo_{rows}.csv.gz"
    with igzip.open(path, "wt", compresslevel=1, encoding="utf-8") as file:
        file.write(f"{','.join((*COLUMNS, 'DATE_CHANGED'))}\n")
        for start in range(0, rows, 10_000):
            file.write("".join(map(_line, range(start, min(start + 10_000, rows)))))
    return path


def _line(n: int) -> str:
    email = "not an address" if n % 100 == 7 else f"person.{n}@example.org"
    day, second = f"{n % 28 + 1:02}", f"{n % 60:02}"
    return (
        f"{n:032x},{email},Zoë,O'Hara {n % 977},{'MFU'[n % 3]},{n % 12 + 1:02}/{day}/{1940 + n % 60},DE,München,"
        f'{10000 + n % 89999},de,{"GSBN"[n % 4]},{n % 5000},"run|cycle, swim",{n},checkout,{"YN"[n % 2]},'
        f"202403{day}1130{second},{email},{n % 2},GIGYA,202611{day}0915{second}\n"
    )


def ours(path: Path, folder: Path) -> None:
    """As `inbound_rows` does it, after the file was fetched."""
    from gigya_cheetah_assets.config import Sync  # noqa: PLC0415 - the peer does not load it
    from gigya_cheetah_assets.inbound.read import read_file  # noqa: PLC0415
    from gigya_cheetah_assets.mapping import FieldTable  # noqa: PLC0415

    sync = Sync.model_validate(sync_content(http_port=1, outbox=folder / "outbox") | {"inbound_files": INBOUND_FILES})
    table = FieldTable.from_sync(sync)
    read = read_file(
        path, name="demo.csv.gz", kind="profiles", sync=sync, table=table, folder=folder / "rows", now=datetime.now(UTC)
    )
    print(f"{read.events} events, {read.rejected} rejected")


def theirs(path: Path, folder: Path) -> None:
    """The row loop."""
    folder.mkdir()
    rows, rejects = [], []
    for line, row in enumerate(pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records"), start=2):
        reason = _problem(row)
        if reason:
            rejects.append({"line": line, "reason": reason})
            continue
        typed = dict(row, NEWSLETTER=_STATES.get(row["NEWSLETTER"]))
        for column, text_format in _TIMES.items():
            typed[column] = datetime.strptime(row[column], text_format) if row[column] else None  # noqa: DTZ007 - of one zone
        rows.append(typed)
    pd.DataFrame(rows).to_parquet(folder / "rows.parquet")
    pd.DataFrame(rejects).to_csv(folder / "rejects.csv", index=False)


def _problem(row: dict[str, str]) -> str | None:
    if not row["GIGYA_UID"] or " " in row["GIGYA_UID"]:
        return "malformed_key"
    if not _EMAIL.fullmatch(row["EMAIL"]):
        return "not_an_email"
    if not row["POINTS"].lstrip("-").isdigit():
        return "not_an_integer"
    return next((f"unmapped {column}" for column, codes in _CODES.items() if row[column] not in codes), None)


def main() -> None:
    """The report, or one of the two on a file."""
    if len(sys.argv) == 1:
        results.report(run())
        return
    readers: dict[str, Callable[[Path, Path], None]] = {"ours": ours, "theirs": theirs}
    readers[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))


if __name__ == "__main__":
    main()
