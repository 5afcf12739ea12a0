"""Cleaning of whole columns against the same rules text by text."""

from __future__ import annotations

import re
import unicodedata

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from gigya_cheetah_assets.mapping.text import clean

PIECES = st.sampled_from(
    ["a", "~", " ", "\t", "\n", "\x1f", "\x7f", "\x85", "\u2028", "\u00a0", "e\u0301", "漢", "&amp;", "&"]
)
TEXTS = st.lists(st.none() | st.lists(PIECES, max_size=5).map("".join) | st.text(max_size=5), max_size=12)


def one(text: str | None) -> str | None:
    """What `clean` says of one text, in Python's own words."""
    if text is None:
        return None
    text = unicodedata.normalize("NFC", text.replace("&amp;", "&"))
    return re.sub("[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text).strip()


@given(TEXTS, st.integers(0, 3))
def test_a_column_is_cleaned_as_its_texts_are_one_by_one(texts: list[str | None], start: int) -> None:
    assert clean(pa.array(texts, pa.string()).slice(start)).to_pylist() == list(map(one, texts[start:]))
