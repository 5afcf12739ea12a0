"""The writer, read back by Python's own csv, gzip and zipfile modules."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import tempfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigya_cheetah_assets.cheetahmail import ImportFileWriter, WrittenFile
from gigya_cheetah_assets.config.files import ImportFileDefaults
from gigya_cheetah_assets.config.pgp import PgpOut
from gigya_cheetah_assets.config.secrets import EnvVar
from gigya_cheetah_assets.errors import ConfigError, RefuseFile, StopSync

Row = list[str | None]
COLUMNS = ("EMAIL", "FNAME", "NOTE")
cells = st.none() | st.text(st.characters(exclude_categories=("Cs",)) | st.sampled_from(',;|\t"\r\n '), max_size=8)


def table(rows: list[Row], columns: tuple[str, ...] = COLUMNS) -> pa.Table:
    return pa.table([pa.array([row[i] for row in rows], pa.string()) for i in range(len(columns))], names=list(columns))


def write(path: Path, rows: list[Row], columns: tuple[str, ...] = COLUMNS, **layout: object) -> WrittenFile:
    with ImportFileWriter(path, columns, ImportFileDefaults.model_validate(layout)) as writer:
        writer.write(table(rows, columns))
    return writer.written


def plain(path: Path, compression: str) -> bytes:
    if compression == "gzip":
        return gzip.decompress(path.read_bytes())
    if compression == "zip":
        with zipfile.ZipFile(path) as archive:
            return archive.read(archive.namelist()[0])
    return path.read_bytes()


@settings(max_examples=150, deadline=None)
@given(
    width=st.integers(1, 3),
    rows=st.lists(st.tuples(cells, cells, cells), max_size=12),
    delimiter=st.sampled_from([",", ";", "|", "\t", "^", "]", "§"]),
    line_end=st.sampled_from(["lf", "crlf"]),
    quoting=st.sampled_from(["minimal", "all"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    compression=st.sampled_from(["none", "gzip", "zip"]),
    header=st.booleans(),
)
def test_what_is_written_reads_back_with_the_standard_modules(
    *, width, rows, delimiter, line_end, quoting, encoding, compression, header
):
    columns = ('na"me', "b", "c,d")[:width]
    wanted = [list(row[:width]) for row in rows]
    layout = {
        "delimiter": delimiter, "line_end": line_end, "quoting": quoting,
        "encoding": encoding, "compression": compression, "header": header,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        written = write(Path(folder) / "f", wanted, columns, **layout)
        text = plain(written.path, compression).decode(encoding)
    found = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    head = [list(columns)] if header else []
    assert found == head + [[cell or "" for cell in row] for row in wanted]
    assert written.rows == len(wanted)


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.tuples(cells, cells, cells), max_size=8), quoting=st.sampled_from(["minimal", "all"]))
def test_the_bytes_are_those_of_the_csv_module(rows, quoting):
    # A lone \r or \n is quoted by both; csv's writer quotes by the same rule for these delimiters.
    expected = io.StringIO(newline="")
    style = csv.QUOTE_ALL if quoting == "all" else csv.QUOTE_MINIMAL
    writer = csv.writer(expected, lineterminator="\r\n", quoting=style)
    writer.writerows([list(COLUMNS), *([cell or "" for cell in row] for row in rows)])
    with tempfile.TemporaryDirectory() as folder:
        written = write(Path(folder) / "f", [list(row) for row in rows], quoting=quoting, line_end="crlf")
        assert written.path.read_bytes() == expected.getvalue().encode()


def test_an_empty_cell_is_nothing_between_two_delimiters(tmp_path):
    written = write(tmp_path / "f.csv", [["a@example.org", None, ""], ["b@example.org", "", "x, y"]])
    assert written.path.read_bytes() == b'EMAIL,FNAME,NOTE\na@example.org,,\nb@example.org,,"x, y"\n'


def test_a_leading_equals_sign_and_spaces_stay_as_they_are(tmp_path):
    written = write(tmp_path / "f.csv", [["=1+1", " x ", "'"]], header=False)
    assert written.path.read_bytes() == b"=1+1, x ,'\n"


@pytest.mark.parametrize("compression", ["none", "gzip", "zip"])
def test_the_same_rows_give_the_same_bytes_wherever_and_in_whatever_pieces(tmp_path, compression):
    rows: list[Row] = [[f"p{i}@example.org", "Jé", None] for i in range(500)]
    first = write(tmp_path / "f.csv", rows, compression=compression)
    (tmp_path / "other").mkdir()
    with ImportFileWriter(tmp_path / "other/f.csv", COLUMNS, ImportFileDefaults(compression=compression)) as writer:
        for start in range(0, 500, 100):
            writer.write(table(rows[start : start + 100]))
    assert plain(writer.written.path, compression) == plain(first.path, compression)
    again = write(tmp_path / "other/f.csv", rows, compression=compression)
    assert (again.sha256, again.bytes) == (first.sha256, first.bytes)
    assert again.sha256 == hashlib.sha256(again.path.read_bytes()).hexdigest()
    assert again.bytes == again.path.stat().st_size


def test_a_gzip_header_has_no_time_and_no_name(tmp_path):
    written = write(tmp_path / "f.csv.gz", [["a", "b", "c"]], compression="gzip")
    assert written.path.read_bytes()[3:8] == b"\x00\x00\x00\x00\x00"


def test_a_zip_has_one_member_with_the_plain_name(tmp_path):
    written = write(tmp_path / "f.csv.zip", [["a", "b", "c"]], compression="zip")
    with zipfile.ZipFile(written.path) as archive:
        assert archive.testzip() is None
        assert [(m.filename, m.date_time) for m in archive.infolist()] == [("f.csv", (1980, 1, 1, 0, 0, 0))]


def test_a_file_without_rows_is_its_header(tmp_path):
    with ImportFileWriter(tmp_path / "f.csv", COLUMNS, ImportFileDefaults()) as writer:
        pass
    assert writer.written.rows == 0
    assert writer.written.path.read_bytes() == b"EMAIL,FNAME,NOTE\n"


def test_columns_that_are_slices_or_chunked_are_written_right(tmp_path):
    whole = pa.concat_tables([table([["zero,", "a", "b"], ["one", "c", None]]), table([["two", 'd"', "f"]])])
    with ImportFileWriter(tmp_path / "f.csv", COLUMNS, ImportFileDefaults(header=False)) as writer:
        writer.write(whole.slice(1))
    assert writer.written.path.read_bytes() == b'one,c,\ntwo,"d""",f\n'


def test_record_batches_are_written_as_tables_are(tmp_path):
    whole = table([["one", None, "x,"], ["two", "b", ""]])
    with ImportFileWriter(tmp_path / "f.csv", COLUMNS, ImportFileDefaults(header=False)) as writer:
        for batch in whole.to_batches(max_chunksize=1):
            writer.write(batch)
    assert writer.written.path.read_bytes() == b'one,,"x,"\ntwo,b,\n'


@pytest.mark.parametrize("compression", ["none", "gzip", "zip"])
def test_a_header_that_the_encoding_lacks_leaves_nothing(tmp_path, compression):
    layout = ImportFileDefaults(encoding="cp1252", compression=compression)
    with pytest.raises(RefuseFile, match="cp1252"), ImportFileWriter(tmp_path / "f.csv", ("Łucja",), layout):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("encoding", ["iso2022_jp", "utf-7", "hz", "gb18030", "shift_jis", "utf-16-le", "utf-32"])
def test_an_encoding_that_keeps_a_state_reads_back_across_pieces(tmp_path, encoding):
    rows: list[Row] = [["a@example.org", "日本", "x,"], [None, "日", "plain"]] * 10_000
    written = write(tmp_path / "f.csv", rows, encoding=encoding, header=False)
    found = list(csv.reader(io.StringIO(written.path.read_bytes().decode(encoding), newline="")))
    assert found == [[cell or "" for cell in row] for row in rows]


def test_more_rows_than_one_piece_come_out_in_order(tmp_path):
    rows: list[Row] = [[str(i), None, "x,"] for i in range(40_000)]
    written = write(tmp_path / "f.csv", rows, header=False)
    assert written.path.read_text().splitlines() == [f'{i},,"x,"' for i in range(40_000)]


@pytest.mark.parametrize("compression", ["none", "gzip", "zip"])
def test_a_block_that_raises_leaves_nothing_and_an_older_file_stays(tmp_path, compression):
    older = write(tmp_path / "f.csv", [["old", "", ""]], compression=compression).path.read_bytes()

    def broken() -> None:
        with ImportFileWriter(tmp_path / "f.csv", COLUMNS, ImportFileDefaults(compression=compression)) as writer:
            writer.write(table([["new", "", ""]]))
            raise KeyError("stop")

    with pytest.raises(KeyError):
        broken()
    assert [path.name for path in tmp_path.iterdir()] == ["f.csv"]
    assert (tmp_path / "f.csv").read_bytes() == older


def test_a_character_that_the_encoding_lacks_refuses_the_file_without_showing_the_cell(tmp_path):
    with pytest.raises(RefuseFile, match="cp1252 can hold, found U\\+0141") as caught:
        write(tmp_path / "f.csv", [["a@example.org", "Łucja", ""]], encoding="cp1252")
    assert "ucja" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_cp1252_is_written_as_such(tmp_path):
    written = write(tmp_path / "f.csv", [["a", "Jürgen", "€"]], encoding="cp1252", header=False)
    assert written.path.read_bytes() == b"a,J\xfcrgen,\x80\n"


def test_other_columns_than_agreed_are_refused(tmp_path):
    writer = ImportFileWriter(tmp_path / "f.csv", COLUMNS, ImportFileDefaults())
    with pytest.raises(ValueError, match="expected columns"), writer:
        writer.write(table([["a", "b", "c"]]).select(["FNAME", "EMAIL", "NOTE"]))
    with pytest.raises(ValueError, match="not finished"):
        _ = writer.written


@pytest.mark.parametrize("layout", [{"delimiter": '"'}, {"delimiter": "\n"}])
def test_a_layout_that_cannot_be_written_is_a_config_error(tmp_path, layout):
    with pytest.raises(ConfigError):
        ImportFileWriter(tmp_path / "f.csv", COLUMNS, ImportFileDefaults(**layout))


def test_only_the_owner_may_read_the_local_file(tmp_path):
    assert write(tmp_path / "f.csv", [["a", "b", "c"]]).path.stat().st_mode & 0o777 == 0o600


def test_the_digests_are_those_of_the_text_of_the_packed_file_and_of_the_delivered_one(tmp_path):
    def seal(packed: Path, target: Path, packed_sha256: str) -> None:
        assert packed_sha256 == hashlib.sha256(packed.read_bytes()).hexdigest()
        target.write_bytes(b"sealed" + packed.read_bytes())

    layout = ImportFileDefaults(compression="gzip", pgp=PgpOut(encrypt_to=EnvVar(env="KEY")))
    with ImportFileWriter(tmp_path / "f.csv.gz.pgp", COLUMNS, layout, seal=seal) as writer:
        writer.write(table([["a", "b", "c"]]))
    content, written = writer.written.path.read_bytes(), writer.written
    assert (written.sha256, written.bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    packed = content.removeprefix(b"sealed")
    assert written.packed_sha256 == hashlib.sha256(packed).hexdigest()
    assert written.plain_sha256 == hashlib.sha256(gzip.decompress(packed)).hexdigest()
    assert [path.name for path in tmp_path.iterdir()] == ["f.csv.gz.pgp"]


def test_a_seal_that_fails_leaves_no_plain_file(tmp_path):
    def seal(packed: Path, target: Path, packed_sha256: str) -> None:
        target.write_bytes(b"half")
        raise StopSync("no key")

    layout = ImportFileDefaults(pgp=PgpOut(encrypt_to=EnvVar(env="KEY")))
    with pytest.raises(StopSync), ImportFileWriter(tmp_path / "f.csv.pgp", COLUMNS, layout, seal=seal) as writer:
        writer.write(table([["a", "b", "c"]]))
    assert list(tmp_path.iterdir()) == []


def test_a_layout_with_pgp_and_no_seal_writes_nothing(tmp_path):
    layout = ImportFileDefaults(pgp=PgpOut(encrypt_to=EnvVar(env="KEY")))
    with pytest.raises(ValueError, match="expected a seal"):
        ImportFileWriter(tmp_path / "f.csv.pgp", COLUMNS, layout)
    assert list(tmp_path.iterdir()) == []


def test_a_zip_inside_an_encrypted_file_has_the_plain_name_too(tmp_path):
    layout = ImportFileDefaults(compression="zip", pgp=PgpOut(encrypt_to=EnvVar(env="KEY")))

    def seal(packed: Path, target: Path, packed_sha256: str) -> None:
        target.write_bytes(packed.read_bytes())

    with ImportFileWriter(tmp_path / "f.csv.zip.pgp", COLUMNS, layout, seal=seal) as writer:
        writer.write(table([["a", "b", "c"]]))
    with zipfile.ZipFile(writer.written.path) as archive:
        assert archive.namelist() == ["f.csv"]
