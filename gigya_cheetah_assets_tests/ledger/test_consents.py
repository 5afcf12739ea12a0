from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigya_cheetah_assets.ledger.consents import STATES, decode_consents, encode_consents
from gigya_cheetah_assets.ledger.errors import LedgerDamaged

# One name is the end of another, so that a careless search would find the wrong one.
NAMES = ("NEWS", "MY_NEWS", "NEWS_2")
STATE = st.none() | st.tuples(st.sampled_from(STATES), st.none() | st.integers(-(2**50), 2**50))


def table_of(rows: list[tuple[tuple[str, int | None] | None, ...]]) -> pa.Table:
    columns = {}
    for place, name in enumerate(NAMES):
        pairs = [row[place] or (None, None) for row in rows]
        columns[f"_state.{name}"] = pa.array([state for state, _ in pairs], pa.string())
        columns[f"_at.{name}"] = pa.array([at for _, at in pairs], pa.int64())
    return pa.table(columns)


@given(st.lists(st.tuples(STATE, STATE, STATE), max_size=10))
def test_each_state_and_time_comes_back(rows: list[tuple[tuple[str, int | None] | None, ...]]) -> None:
    texts = encode_consents(table_of(rows), NAMES)
    for place, name in enumerate(NAMES):
        states, times = decode_consents(texts, name)
        read = zip(states.to_pylist(), times.to_pylist(), strict=True)
        assert list(read) == [row[place] or (None, None) for row in rows]


def test_the_text_is_compact_and_readable() -> None:
    rows = [(("opt_out", 1_767_225_600_000), None, ("opt_in", None))]
    assert encode_consents(table_of(rows), NAMES).to_pylist() == ["NEWS=o1767225600000;NEWS_2=i;"]


def test_a_state_without_meaning_is_refused() -> None:
    table = pa.table({"_state.NEWS": ["yes"], "_at.NEWS": pa.array([1], pa.int64())})
    with pytest.raises(LedgerDamaged, match=r"_state\.NEWS"):
        encode_consents(table, ("NEWS",))


def test_without_subscriptions_the_text_is_empty() -> None:
    assert encode_consents(pa.table({"A": ["x", "y"]}), ()).to_pylist() == ["", ""]
