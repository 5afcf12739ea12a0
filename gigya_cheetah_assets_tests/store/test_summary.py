from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gigya_cheetah_assets.store.summary import merged, nested

COUNTS = st.dictionaries(st.tuples(st.text(max_size=3), st.text(max_size=3)), st.integers(1, 99), max_size=6)


@given(one=COUNTS, other=COUNTS)
def test_merged_counts_are_the_sum_by_column_and_reason(
    one: dict[tuple[str, str], int], other: dict[tuple[str, str], int]
) -> None:
    total = merged(nested(one), nested(other))
    flat = {(column, reason): n for column, reasons in total.items() for reason, n in reasons.items()}
    assert flat == {key: one.get(key, 0) + other.get(key, 0) for key in one.keys() | other.keys()}


def test_nested_counts_are_sorted_so_that_the_same_counts_are_the_same_bytes() -> None:
    found = nested({("B", "y"): 1, ("A", "z"): 2, ("A", "x"): 3})
    assert [(column, list(reasons)) for column, reasons in found.items()] == [("A", ["x", "z"]), ("B", ["y"])]
