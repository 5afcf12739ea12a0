from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from gigya_cheetah_assets.store.batches import BATCH_ROWS, LazyParquet, read_batches


def test_a_file_comes_into_being_with_its_first_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    with LazyParquet(path) as file:
        file.add(pa.table({"n": pa.array([], pa.int64())}))
        assert not path.exists()
    assert not path.exists()
    assert list(read_batches(path)) == []


def test_rows_come_back_in_their_order_in_batches_of_bounded_size(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    whole = pa.table({"n": range(2 * BATCH_ROWS + 7)})
    with LazyParquet(path) as file:
        file.add(whole.slice(0, 10))
        file.add(whole.slice(10))
        assert file.rows == len(whole)
    batches = list(read_batches(path))
    assert max(map(len, batches)) <= BATCH_ROWS
    assert pa.concat_tables(batches) == whole
