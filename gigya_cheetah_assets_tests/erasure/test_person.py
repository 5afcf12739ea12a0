from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from gigya_cheetah_assets.erasure.person import Person

ANA = Person(frozenset({"u1", "lite-t1"}), frozenset({"ana@example.org"}), frozenset({"uid", "GIGYA_UID"}))
CELLS = st.sampled_from(["u1", "lite-t1", "u2", "ana@example.org", " ANA@Example.org", "bo@example.org", "", None])


def hers(**columns: list[str | None]) -> list[bool]:
    found: list[bool] = ANA.rows(pa.table({n: pa.array(c, pa.string()) for n, c in columns.items()})).to_pylist()
    return found


def test_her_rows_are_those_with_her_key_or_with_her_address_and_nobody_elses_key() -> None:
    assert hers(
        GIGYA_UID=["u1", "u2", None, "", "lite-t1", "u2"],
        EMAIL=["x@example.org", "ana@example.org", "Ana@Example.org ", "ana@example.org", None, "bo@example.org"],
    ) == [True, False, True, True, True, False]


def test_a_table_without_keys_is_known_by_address() -> None:
    assert hers(email=["ANA@example.org", "bo@example.org", None]) == [True, False, False]


def test_columns_that_are_no_text_say_nothing() -> None:
    table = pa.table({"uid": ["u2"], "brands": pa.array([["u1"]]), "at": [1]})
    assert ANA.rows(table).to_pylist() == [False]


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=12))
def test_what_is_left_names_her_nowhere_but_beside_somebody_elses_key(rows: list[tuple[str | None, ...]]) -> None:
    names = ("uid", "email", "other")
    table = pa.Table.from_pylist(
        [dict(zip(names, row, strict=True)) for row in rows], pa.schema([(name, pa.string()) for name in names])
    )
    mask = ANA.rows(table).to_pylist()
    for row, is_hers in zip(rows, mask, strict=True):
        names_her = {"u1", "lite-t1"} & set(row)
        address = any((cell or "").strip().lower() == "ana@example.org" for cell in row)
        assert is_hers == bool(names_her or (address and not row[0]))
