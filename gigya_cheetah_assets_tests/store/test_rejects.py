from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gigya_cheetah_assets.store.rejects import SCHEMA, RejectsWriter, for_a_spreadsheet


def _lines(*lines: tuple[str, str, str]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(SCHEMA.names, line, strict=True)) for line in lines], SCHEMA)


def test_rejects_lie_side_by_side_for_programs_and_for_people(tmp_path: Path) -> None:
    with RejectsWriter(tmp_path) as writer:
        writer.add(_lines(("u1", "EMAIL", "missing"), ("u1", "FNAME", "too_long")))
        writer.add(_lines(("u2", "EMAIL", "missing")))
    assert writer.reasons == {("EMAIL", "missing"): 2, ("FNAME", "too_long"): 1}
    parquet = [tuple(line.values()) for line in pq.read_table(tmp_path / "rejects.parquet").to_pylist()]
    with (tmp_path / "rejects.csv").open(encoding="utf-8", newline="") as file:
        header, *found = csv.reader(file)
    assert header == ["uid", "column", "reason"]
    assert [tuple(line) for line in found] == parquet
    assert parquet == [("u1", "EMAIL", "missing"), ("u1", "FNAME", "too_long"), ("u2", "EMAIL", "missing")]


def test_without_rejects_both_files_are_there_and_empty(tmp_path: Path) -> None:
    with RejectsWriter(tmp_path) as writer:
        writer.add(SCHEMA.empty_table())
    assert pq.read_table(tmp_path / "rejects.parquet").num_rows == 0
    assert (tmp_path / "rejects.csv").read_text(encoding="utf-8").split() == ["uid,column,reason"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_uid_that_a_spreadsheet_would_run_is_only_text_there(tmp_path: Path, start: str) -> None:
    assert for_a_spreadsheet(f"{start}1+1") == f"'{start}1+1"
    assert for_a_spreadsheet(f"1{start}1") == f"1{start}1"
    with RejectsWriter(tmp_path) as writer:
        writer.add(_lines((f"{start}cmd", "EMAIL", "missing")))
    with (tmp_path / "rejects.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1][0] == f"'{start}cmd"
    assert pq.read_table(tmp_path / "rejects.parquet")["uid"].to_pylist() == [f"{start}cmd"]
