from __future__ import annotations

import pyarrow as pa
import pytest

from gigya_cheetah_assets.cheetahmail import unencodable


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "utf-16", "gb18030"])
def test_unicode_encodings_hold_everything(encoding):
    column = pa.chunked_array([["Łucja", None], ["😀"]])
    assert unencodable(column, encoding).to_pylist() == [False, False, False]


def test_only_the_cells_that_do_not_fit_are_marked():
    column = pa.chunked_array([["Jürgen", "Łucja", None], ["", "€"]])
    assert unencodable(column, "cp1252").to_pylist() == [False, True, False, False, False]
    assert unencodable(column, "latin-1").to_pylist() == [False, True, False, False, True]


def test_a_column_that_fits_or_is_empty_has_no_marks():
    assert unencodable(pa.chunked_array([["a", None]]), "ascii").to_pylist() == [False, False]
    assert unencodable(pa.chunked_array([], pa.string()), "ascii").to_pylist() == []
