"""CRC-32 of many texts at once."""

from __future__ import annotations

from zlib import crc32

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigya_cheetah_assets.store.crc import crc32s


@given(st.lists(st.text(max_size=40), max_size=20), st.integers(0, 3), st.integers(1, 120))
def test_many_texts_have_the_hashes_that_zlib_gives_each(texts: list[str], start: int, repeats: int) -> None:
    array = pa.array(texts * repeats, pa.string()).slice(start)
    assert crc32s(array).tolist() == [crc32(text.encode()) for text in array.to_pylist()]


@pytest.mark.parametrize("count", [3, 3000])
def test_long_texts_nulls_and_chunks_are_hashed_too(count: int) -> None:
    texts: list[str | None] = ["é" * 100, None, "", "a" * 128, "b" * 129]
    chunked = pa.chunked_array([pa.array(texts * count), pa.array(texts)])
    assert crc32s(chunked).tolist() == [crc32((text or "").encode()) for text in texts * (count + 1)]


def test_texts_that_are_all_empty_are_hashed() -> None:
    assert crc32s(pa.array([""] * 2000)).tolist() == [0] * 2000
