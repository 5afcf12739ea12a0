from __future__ import annotations

import pyarrow as pa

from gigya_cheetah_assets.store.keys import Keys


def texts(*cells: str | None) -> pa.Array:
    return pa.array(cells, pa.string())


def test_a_key_is_known_by_all_of_its_columns() -> None:
    keys = Keys()
    keys.add(texts("u1", "u2"), texts("NEWS", "OFFERS"))
    assert keys.has(texts("u1", "u1", "u2", "u3"), texts("NEWS", "OFFERS", "OFFERS", "NEWS")).tolist() == [
        True,
        False,
        True,
        False,
    ]


def test_keys_may_come_in_any_number_of_tables_and_after_a_look() -> None:
    keys = Keys()
    assert keys.has(texts("u1")).tolist() == [False]
    keys.add(texts("u1"))
    assert keys.has(texts("u1", "u2")).tolist() == [True, False]
    keys.add(texts("u2", None))
    assert keys.has(texts("u1", "u2", None)).tolist() == [True, True, True]


def test_neighbouring_columns_do_not_run_into_each_other() -> None:
    keys = Keys()
    keys.add(texts("ab"), texts("c"))
    assert not keys.has(texts("a"), texts("bc"))[0]
