from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigya_cheetah_assets.ledger.errors import LedgerDamaged
from gigya_cheetah_assets.ledger.row_text import cell, decode, encode

NAMES = ("A", "B", "C")
# Often exactly the characters that need care; lone surrogates are no text in Arrow.
CELLS = st.none() | st.text(st.sampled_from("\x1f\x1b\x00esz;") | st.characters(exclude_categories=["Cs"]), max_size=6)
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=12)


def table_of(rows: list[tuple[str | None, ...]], names: tuple[str, ...] = NAMES) -> pa.Table:
    return pa.table({name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(names)})


@given(ROWS)
def test_every_row_comes_back_with_empty_cells_as_null(rows: list[tuple[str | None, ...]]) -> None:
    read = decode(encode(table_of(rows), NAMES), NAMES)
    assert [tuple(row.values()) for row in read.to_pylist()] == [tuple(c or None for c in row) for row in rows]


@given(ROWS, ROWS)
def test_different_rows_have_different_texts(
    one: list[tuple[str | None, ...]], two: list[tuple[str | None, ...]]
) -> None:
    rows = one + two
    texts = encode(table_of(rows), NAMES).to_pylist()
    assert len(set(texts)) == len({tuple(c or None for c in row) for row in rows})


@given(ROWS)
def test_a_text_holds_no_nul(rows: list[tuple[str | None, ...]]) -> None:
    assert not any("\x00" in text for text in encode(table_of(rows), NAMES).to_pylist())


@given(ROWS, st.sampled_from(NAMES))
def test_one_column_is_read_alone_as_with_the_others(rows: list[tuple[str | None, ...]], name: str) -> None:
    texts = encode(table_of(rows), NAMES)
    assert cell(texts, NAMES, name).to_pylist() == decode(texts, NAMES)[name].to_pylist()


def test_a_null_text_is_a_row_of_nulls() -> None:
    texts = pa.array([None, "a\x1f\x1fc", None])
    assert decode(texts, NAMES).to_pylist() == [
        dict.fromkeys(NAMES),
        {"A": "a", "B": None, "C": "c"},
        dict.fromkeys(NAMES),
    ]


def test_a_column_that_the_row_did_not_have_is_null() -> None:
    assert cell(pa.array(["a\x1fb\x1fc"]), NAMES, "NEW").to_pylist() == [None]


def test_chunks_slices_and_large_strings_are_one_text_a_row() -> None:
    cells = pa.chunked_array([pa.array(["x", "a"]).slice(1), pa.array(["b"])])
    large = pa.array(["zz", "c\x1f", "d"], pa.large_string()).slice(1)
    assert decode(encode(pa.table({"A": cells, "B": large}), ("A", "B")), ("A", "B")).to_pylist() == [
        {"A": "a", "B": "c\x1f"},
        {"A": "b", "B": "d"},
    ]


def test_a_row_with_another_number_of_cells_is_refused() -> None:
    with pytest.raises(LedgerDamaged, match="3 cells"):
        decode(pa.array(["a\x1fb\x1fc", "a\x1fb"]), NAMES)
