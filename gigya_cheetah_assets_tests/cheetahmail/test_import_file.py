from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigya_cheetah_assets.cheetahmail import ImportFileWriter, WrittenFile, unencodable
from gigya_cheetah_assets.config import ImportFileDefaults

CELL = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
LAYOUT = st.builds(
    ImportFileDefaults,
    delimiter=st.sampled_from(",;|\t"),
    header=st.booleans(),
    line_end=st.sampled_from(["lf", "crlf"]),
    quoting=st.sampled_from(["minimal", "all"]),
    compression=st.sampled_from(["none", "gzip", "zip"]),
)


def _write(path: Path, rows: list[tuple[str | None, str | None]], layout: ImportFileDefaults) -> WrittenFile:
    table = pa.table([[row[0] for row in rows], [row[1] for row in rows]], names=["A", "B=x"]).cast(
        pa.schema([("A", pa.string()), ("B=x", pa.string())])
    )
    with ImportFileWriter(path, ["A", "B=x"], layout) as writer:
        writer.write(table.slice(0, 1))
        writer.write(table.slice(1))
    return writer.written


def _content(path: Path, compression: str) -> bytes:
    if compression == "gzip":
        return gzip.decompress(path.read_bytes())
    if compression == "zip":
        with zipfile.ZipFile(path) as archive:
            return archive.read(archive.namelist()[0])
    return path.read_bytes()


@given(rows=st.lists(st.tuples(CELL, CELL), max_size=8), layout=LAYOUT)
def test_what_is_written_is_read_back_equal(
    rows: list[tuple[str | None, str | None]], layout: ImportFileDefaults
) -> None:
    with TemporaryDirectory() as folder:
        written = _write(Path(folder) / "f.csv", rows, layout)
        text = _content(written.path, layout.compression).decode()
        assert written.sha256 == hashlib.sha256(written.path.read_bytes()).hexdigest()
        assert written.bytes == written.path.stat().st_size
    found = list(csv.reader(io.StringIO(text, newline=""), delimiter=layout.delimiter))
    expected = [[a or "", b or ""] for a, b in rows]
    assert found == ([["A", "B=x"]] if layout.header else []) + expected
    assert written.rows == len(rows)


@pytest.mark.parametrize("compression", ["none", "gzip", "zip"])
def test_the_same_rows_give_the_same_bytes_at_another_time_and_place(tmp_path: Path, compression: str) -> None:
    layout = ImportFileDefaults(compression=compression)  # type: ignore[arg-type]
    (tmp_path / "b").mkdir()
    first = _write(tmp_path / "f.csv.x", [("1", "Łódź")], layout)
    second = _write(tmp_path / "b" / "f.csv.x", [("1", "Łódź")], layout)
    assert first.sha256 == second.sha256


def test_an_empty_cell_is_not_quoted_and_a_formula_is_left_alone(tmp_path: Path) -> None:
    written = _write(tmp_path / "f.csv", [(None, "=1+1"), ("", "x")], ImportFileDefaults())
    assert written.path.read_bytes() == b"A,B=x\n,=1+1\n,x\n"


def test_a_failed_write_leaves_no_file(tmp_path: Path) -> None:
    layout = ImportFileDefaults(encoding="cp1252")
    with pytest.raises(UnicodeEncodeError):
        _write(tmp_path / "f.csv", [("日本", "x")], layout)
    assert list(tmp_path.iterdir()) == []


def test_another_encoding_is_written_and_what_it_lacks_is_found_before(tmp_path: Path) -> None:
    layout = ImportFileDefaults(encoding="cp1252")
    assert _write(tmp_path / "f.csv", [("é", "€")], layout).path.read_bytes().endswith(b"\xe9,\x80\n")
    column = pa.chunked_array([["é", "日本", None]])
    assert unencodable(column, "cp1252").to_pylist() == [False, True, False]
