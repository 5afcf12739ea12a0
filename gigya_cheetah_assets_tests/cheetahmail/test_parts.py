"""Files split at a number of rows."""

from __future__ import annotations

import pyarrow as pa
import pytest

from gigya_cheetah_assets.cheetahmail import PartsWriter
from gigya_cheetah_assets.config.files import ImportFileDefaults


def rows(start: int, stop: int) -> pa.Table:
    return pa.table({"UID": [f"u{number}" for number in range(start, stop)]})


def parts(folder, batches, **layout):
    made = ImportFileDefaults(**layout)
    with PartsWriter(folder, lambda part: f"f_{part:03d}.csv", ["UID"], made) as writer:
        for batch in batches:
            writer.write(batch)
    return writer.written


@pytest.mark.parametrize("step", [1, 3, 4, 7, 10])
def test_each_part_has_a_header_and_at_most_so_many_rows_however_they_come(tmp_path, step):
    written = parts(tmp_path, [rows(at, min(at + step, 10)) for at in range(0, 10, step)], max_rows=4)
    assert [(file.name, file.rows) for file in written] == [("f_001.csv", 4), ("f_002.csv", 4), ("f_003.csv", 2)]
    lines = [file.path.read_text().splitlines() for file in written]
    assert [part[0] for part in lines] == ["UID"] * 3
    assert [line for part in lines for line in part[1:]] == [f"u{number}" for number in range(10)]


def test_rows_that_fill_a_part_exactly_begin_no_other(tmp_path):
    assert [file.rows for file in parts(tmp_path, [rows(0, 8)], max_rows=4)] == [4, 4]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f_001.csv", "f_002.csv"]


def test_without_a_limit_there_is_one_file_and_without_rows_none(tmp_path):
    assert [file.rows for file in parts(tmp_path, [rows(0, 5), rows(5, 9)])] == [9]
    assert parts(tmp_path / "none", [rows(0, 0)]) == []


def test_a_block_that_raises_leaves_no_unfinished_part(tmp_path):
    def broken() -> None:
        with PartsWriter(tmp_path, lambda part: f"f_{part:03d}.csv", ["UID"], ImportFileDefaults(max_rows=4)) as writer:
            writer.write(rows(0, 6))
            raise KeyError("stop")

    with pytest.raises(KeyError):
        broken()
    assert [path.name for path in tmp_path.iterdir()] == ["f_001.csv"]
