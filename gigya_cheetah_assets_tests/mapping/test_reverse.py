from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigya_cheetah_assets.config import FieldConfig
from gigya_cheetah_assets.mapping.reverse import NotWritable, is_writable, update_of
from gigya_cheetah_assets_tests.mapping.tables import cells


def field(**settings: Any) -> FieldConfig:
    return FieldConfig.model_validate({"cheetahmail": "X", "gigya": "data.x", **settings})


def written(settings: dict[str, Any], cell: str | None, now: Any = None) -> Any:
    """What stands at `data.x` of the update."""
    return update_of({"X": field(**settings)}, {"X": cell}, {"data": {"x": now}})["data"]["x"]


@pytest.mark.parametrize(
    ("settings", "cell", "now", "value"),
    [
        ({}, "Ana", "Bo", "Ana"),
        ({}, "17", 3, 17),
        ({}, "0017", "0003", "0017"),
        ({}, "x17", 3, "x17"),
        ({}, "true", False, True),
        ({"type": "integer"}, "17", 3, 17),
        ({"type": "integer"}, "17", "3", "17"),
        ({"type": "integer"}, "12345678901234567890", None, 12345678901234567890),
        ({"type": "decimal"}, "1.50", 3.0, 1.5),
        ({"type": "decimal"}, "1.50", "3", "1.50"),
        ({"type": "boolean", "values": {"true": "Y", "false": "N"}}, "Y", False, True),
        ({"type": "boolean", "values": {"true": "Y", "false": "N"}}, "N", "true", "false"),
        ({"type": "date", "format": "%m/%d/%Y"}, "02/29/2024", None, "2024-02-29"),
        ({"values": {"gold": "G", "silver": "S"}}, "G", "silver", "gold"),
        ({"join": "|"}, "a|b", ["c"], ["a", "b"]),
    ],
)
def test_a_cell_becomes_a_value_of_the_type_that_stands_there(
    settings: dict[str, Any], cell: str, now: Any, value: Any
) -> None:
    found = written(settings, cell, now)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_cell_deletes_the_value(empty: str | None) -> None:
    assert written({}, empty, "Ana") is None


def test_a_date_of_parts_is_written_as_year_month_and_day() -> None:
    paths = [f"profile.birth{part}" for part in ("Year", "Month", "Day")]
    parts = {"BORN": field(cheetahmail="BORN", gigya=paths, type="date", format="%m/%d/%Y")}
    assert update_of(parts, {"BORN": "12/31/1999"}, {})["profile"] == {
        "birthYear": 1999,
        "birthMonth": 12,
        "birthDay": 31,
    }


def test_columns_of_one_object_are_written_together_and_nothing_else_is() -> None:
    fields = {name: field(cheetahmail=name, gigya=f"profile.{name.lower()}") for name in ("CITY", "ZIP", "LOCALE")}
    update = update_of(fields, {"CITY": "Rome", "ZIP": "00184"}, {"profile": {"city": "x", "locale": "it"}})
    assert update == {"profile": {"city": "Rome", "zip": "00184"}}


@pytest.mark.parametrize(
    ("settings", "cell"),
    [
        ({"type": "integer"}, "many"),
        ({"type": "boolean"}, "perhaps"),
        ({"type": "date"}, "31.02.2024"),
        ({"values": {"gold": "G", "silver": "S"}}, "X"),
        ({"values": {"gold": "G", "golden": "G"}}, "G"),
    ],
)
def test_what_cannot_be_turned_round_is_refused_without_its_value(settings: dict[str, Any], cell: str) -> None:
    with pytest.raises(NotWritable) as refused:
        written(settings, cell)
    assert "X" in str(refused.value)
    assert repr(cell) not in str(refused.value)


@pytest.mark.parametrize(
    "rule", [{"hash": "md5"}, {"truncate": 3}, {"function": "module:name"}, {"replace": [{"pattern": "a"}]}]
)
def test_a_rule_without_a_way_back_is_never_written(rule: dict[str, Any]) -> None:
    assert not is_writable(field(**rule))
    with pytest.raises(NotWritable):
        written(rule, "x")


@given(st.text(st.characters(categories=("L", "N")), min_size=1, max_size=20))
def test_what_was_written_leaves_again_as_the_same_cell(text: str) -> None:
    """Else the next window would send back what it got: a ping-pong."""
    (cell,) = cells({}, text)
    assert cells({}, written({}, cell, text)) == [cell]


@given(st.integers(-(2**63), 2**63))
def test_a_number_leaves_again_as_the_same_cell(number: int) -> None:
    (cell,) = cells({"type": "integer"}, number)
    assert cells({"type": "integer"}, written({"type": "integer"}, cell, number)) == [cell]
