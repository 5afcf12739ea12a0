"""Any conditions of the search language, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from gigya_cheetah_assets.grammar.nodes import Both, Compare, Condition, Contains, In, IsNull, Not, Regex, Value

NAMES = st.sampled_from(["UID", "data.a.b", "profile.birthYear", "isActive", "lastUpdatedTimestamp", "data.x-y_1"])
TEXTS = st.text(max_size=12).filter(lambda text: text.isprintable() or text == "")
VALUES: st.SearchStrategy[Value] = st.one_of(TEXTS, st.integers(-(2**63) + 1, 2**63 - 1), st.booleans())
LEAVES: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Compare, NAMES, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), VALUES),
    st.builds(In, NAMES, st.lists(VALUES, min_size=1, max_size=3).map(tuple)),
    st.builds(Contains, NAMES, VALUES),
    st.builds(IsNull, NAMES),
    st.builds(Regex, NAMES, st.sampled_from(["a.*", r"a\.b", '"?'])),
)


def _both(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(Not, inner), st.builds(Both, st.sampled_from(["AND", "OR"]), several))


CONDITIONS: st.SearchStrategy[Condition] = st.recursive(LEAVES, _both, max_leaves=6)
