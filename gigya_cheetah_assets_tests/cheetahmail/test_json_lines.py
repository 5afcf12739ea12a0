"""JSON lines, compared with Python's json module."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from gigya_cheetah_assets.cheetahmail import ImportFileWriter
from gigya_cheetah_assets.config.files import ImportFileDefaults

COLUMNS = ('na"me', "EMAIL")
cells = st.none() | st.text(
    st.characters(exclude_categories=("Cs",)) | st.sampled_from('\\"/\x00\x1f\x7f\r\n\u2028'), max_size=6
)


def written(folder: Path, rows: list[tuple[str | None, ...]], **layout: object) -> bytes:
    table = pa.table([pa.array([row[at] for row in rows], pa.string()) for at in range(2)], names=list(COLUMNS))
    made = ImportFileDefaults.model_validate({"format": "jsonl", **layout})
    with ImportFileWriter(folder / "f.jsonl", COLUMNS, made) as writer:
        writer.write(table)
    assert writer.written.rows == len(rows)
    return (folder / "f.jsonl").read_bytes()


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(st.tuples(cells, cells), max_size=10))
def test_the_bytes_are_those_of_json_dumps(rows):
    expected = "".join(
        json.dumps({name: cell or "" for name, cell in zip(COLUMNS, row, strict=True)}, ensure_ascii=False,
                   separators=(",", ":")) + "\n"
        for row in rows
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        assert written(Path(folder), rows) == expected.encode()


def test_all_columns_stand_in_every_line_in_their_order(tmp_path):
    assert written(tmp_path, [(None, "Łucja"), ("", None)]) == (
        '{"na\\"me":"","EMAIL":"Łucja"}\n{"na\\"me":"","EMAIL":""}\n'.encode()
    )


def test_the_line_end_of_the_layout_counts_and_no_header(tmp_path):
    assert written(tmp_path, [("a", "b")], line_end="crlf") == b'{"na\\"me":"a","EMAIL":"b"}\r\n'
    assert written(tmp_path, []) == b""


def test_more_rows_than_one_piece_come_out_in_order(tmp_path):
    rows: list[tuple[str | None, ...]] = [(str(at), 'x"' if at % 1000 == 0 else None) for at in range(40_000)]
    lines = [json.loads(line) for line in written(tmp_path, rows).splitlines()]
    assert [(line['na"me'], line["EMAIL"]) for line in lines] == [(at, text or "") for at, text in rows]
