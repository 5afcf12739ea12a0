from __future__ import annotations

import unicodedata
from typing import Any

import pandas as pd
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from gigya_cheetah_assets.mapping import map_profiles
from gigya_cheetah_assets_tests.mapping.tables import mapped, page, profiles, table

NEWSLETTER = {
    "cheetahmail": "NEWS",
    "gigya": "subscriptions.newsletter.email",
    "type": "subscription",
    "values": {"opt_in": "1", "opt_out": "0"},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def test_an_error_empties_the_cell_or_rejects_the_record_as_the_field_says() -> None:
    fields = table(
        {"cheetahmail": "A", "gigya": "data.a", "type": "integer"},
        {"cheetahmail": "B", "gigya": "data.b", "type": "integer", "on_error": "reject"},
    )
    result = mapped(fields, {"data": {"a": "x", "b": 1}}, {"data": {"a": 1, "b": "x"}}, {"data": {"a": 2, "b": 2}})
    assert result.rows.select(["A", "B"]).to_pylist() == [{"A": None, "B": "1"}, {"A": "2", "B": "2"}]
    assert result.rejects.to_pylist() == [{"uid": "u1", "column": "B", "reason": "not_an_integer"}]
    assert result.value_errors == {("A", "not_an_integer"): 1, ("B", "not_an_integer"): 1}
    assert len(result.rejected) == 1


def test_a_required_value_that_is_missing_rejects_the_record() -> None:
    fields = table({"cheetahmail": "A", "gigya": "data.a", "required": True})
    result = mapped(fields, {}, {"data": {"a": "x"}})
    assert result.rejects.to_pylist() == [{"uid": "u0", "column": "A", "reason": "missing"}]
    assert len(result.rows) == 1


def test_a_rejected_record_still_carries_its_consent() -> None:
    fields = table({"cheetahmail": "A", "gigya": "data.a", "required": True}, NEWSLETTER)
    result = mapped(fields, {"subscriptions": {"newsletter": {"email": {"isSubscribed": False}}}})
    assert result.rejected["_state.NEWS"].to_pylist() == ["opt_out"]


def test_only_a_confirmed_or_unneeded_double_opt_in_is_an_opt_in() -> None:
    def leaf(subscribed: bool | None, status: str | None = None, **more: Any) -> dict[str, Any]:
        return {"email": {"isSubscribed": subscribed, "doubleOptIn": {"status": status}, **more}}

    leaves = [leaf(True), leaf(True, "Confirmed"), leaf(True, "Pending"), leaf(True, "NotConfirmed"), leaf(False), None]
    result = mapped(table(NEWSLETTER), *[{"subscriptions": {"newsletter": leaf}} for leaf in leaves])
    states = ["opt_in", "opt_in", "pending", "pending", "opt_out", None]
    assert result.rows["_state.NEWS"].to_pylist() == states
    assert result.rows["NEWS"].to_pylist() == ["1", "1", "0", "0", "0", None]


def test_double_opt_in_required_takes_no_subscription_without_it() -> None:
    fields = table({**NEWSLETTER, "double_opt_in": "required"})
    result = mapped(fields, {"subscriptions": {"newsletter": {"email": {"isSubscribed": True}}}})
    assert result.rows["_state.NEWS"].to_pylist() == ["pending"]


def test_a_plain_data_field_can_carry_consent_and_an_unknown_spelling_is_never_an_opt_in() -> None:
    fields = table({**NEWSLETTER, "gigya": "data.news"})
    values = [True, "OptIn", "yes", False, "0", "maybe", None]
    result = mapped(fields, *[{"data": {"news": value}} for value in values])
    assert result.rows["_state.NEWS"].to_pylist() == ["opt_in"] * 3 + ["opt_out"] * 2 + [None, None]
    assert result.value_errors == {("NEWS", "not_a_consent"): 1}


def test_the_record_filter_counts_whom_it_leaves_out() -> None:
    fields = table(
        record_filter=({"gigya": "profile.country", "in": ["SE", "FI"]}, {"gigya": "data.vip", "present": True})
    )
    people = [("SE", 1), ("FI", None), ("DE", 1), (None, 1)]
    result = mapped(fields, *[{"profile": {"country": c}, "data": {"vip": v}} for c, v in people])
    assert result.rows["GIGYA_UID"].to_pylist() == ["u0"]
    assert len(result.filtered) == 3
    assert not result.value_errors


def adults(frame: pd.DataFrame) -> pd.Series:
    return pd.to_numeric(frame["profile.age"]) >= 18


def test_the_record_filter_may_be_a_python_function() -> None:
    fields = table({"cheetahmail": "AGE", "gigya": "profile.age"}, record_filter=({"function": f"{__name__}:adults"},))
    result = mapped(fields, {"profile": {"age": 17}}, {"profile": {"age": "18"}}, {})
    assert result.rows["GIGYA_UID"].to_pylist() == ["u1"]


FIELDS = table(
    {"cheetahmail": "TEXT", "gigya": "data.x"},
    {"cheetahmail": "NUMBER", "gigya": "data.x", "type": "integer", "on_error": "reject"},
    {"cheetahmail": "DAY", "gigya": "data.x", "type": "date"},
    {"cheetahmail": "LIST", "gigya": "data.y", "join": "|"},
    NEWSLETTER,
)


@given(st.lists(st.tuples(JSON, JSON, JSON), max_size=6))
def test_whatever_the_json_no_record_is_lost_and_none_disturbs_another(values: list[tuple[Any, Any, Any]]) -> None:
    records = [{"data": {"x": x, "y": y}, "subscriptions": {"newsletter": {"email": s}}} for x, y, s in values]
    page(*records)
    whole = profiles(FIELDS, *records)
    together = map_profiles(FIELDS, whole)
    assert len(together.rows) + len(together.rejected) + len(together.filtered) == len(records)
    singly = [map_profiles(FIELDS, whole.slice(n, 1)) for n in range(len(whole))]
    assert pa.concat_tables([one.rows for one in singly] or [together.rows]).to_pylist() == together.rows.to_pylist()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="&")))
def test_any_text_survives_but_for_normal_form_and_ends(text: str) -> None:
    expected = unicodedata.normalize("NFC", text).strip()
    found = mapped(table({"cheetahmail": "X", "gigya": "data.x"}), {"data": {"x": text}}).rows["X"].to_pylist()[0]
    assert (found or "") == expected
