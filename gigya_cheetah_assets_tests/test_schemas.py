from __future__ import annotations

import pyarrow as pa
import pytest

from gigya_cheetah_assets import schemas
from gigya_cheetah_assets.mapping import FieldTable, map_profiles
from gigya_cheetah_assets_tests.mapping.tables import EMAIL, KEY, profiles, table

TIER = {"cheetahmail": "TIER", "gigya": "data.tier", "values": {"gold": "G"}, "default": "N"}
NAME = {"cheetahmail": "FNAME", "gigya": "profile.firstName", "max_length": 5}
NEWS = {"cheetahmail": "NEWS", "gigya": "subscriptions.news.email", "type": "subscription"}


def _fields() -> FieldTable:
    return table(NAME, TIER, NEWS)


def _rows(fields: FieldTable, *people: dict[str, object]) -> pa.Table:
    return map_profiles(fields, profiles(fields, *people)).rows


def _with(rows: pa.Table, column: str, *cells: str | None) -> pa.Table:
    return rows.set_column(rows.schema.get_field_index(column), column, pa.array(cells, pa.string()))


def test_rows_as_the_mapping_makes_them_pass() -> None:
    fields = _fields()
    rows = _rows(fields, {"profile": {"firstName": "Ann"}, "data": {"tier": "gold"}}, {})
    breaches = schemas.validate(schemas.rows_schema(fields), rows)
    assert breaches.good == rows
    assert (len(breaches.bad), len(breaches.rejects), breaches.problems) == (0, 0, [])


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("FNAME", "Johanna", "too_long"),
        ("TIER", "gold", "not_a_mapped_value"),
        ("EMAIL", "nowhere", "not_an_email"),
        ("GIGYA_UID", "two words", "malformed_key"),
        ("GIGYA_UID", None, "missing"),
    ],
)
def test_a_cell_that_breaks_its_rule_is_a_reject_and_the_others_go_on(
    column: str, cell: str | None, reason: str
) -> None:
    fields = _fields()
    rows = _rows(fields, {"UID": "good"}, {"UID": "bad"})
    other = "good" if column == "GIGYA_UID" else rows[column].to_pylist()[0]
    breaches = schemas.validate(schemas.rows_schema(fields), _with(rows, column, other, cell))
    assert breaches.good["GIGYA_UID"].to_pylist() == ["good"]
    assert len(breaches.bad) == 1
    uid = cell if column == "GIGYA_UID" else "bad"
    assert breaches.rejects.to_pylist() == [{"uid": uid, "column": column, "reason": reason}]
    assert breaches.problems == []


def test_a_required_cell_that_is_empty_is_missing() -> None:
    fields = FieldTable(table(NAME | {"required": True}).fields)
    rows = _rows(fields, {"profile": {"firstName": "Ann"}})
    breaches = schemas.validate(schemas.rows_schema(fields), _with(rows, "FNAME", None))
    assert breaches.rejects.to_pylist() == [{"uid": "u0", "column": "FNAME", "reason": "missing"}]


def test_a_missing_column_and_a_key_that_stands_twice_are_problems_of_the_frame_without_values() -> None:
    fields = _fields()
    rows = _rows(fields, {"UID": "same"}, {"UID": "other"})
    twice = schemas.validate(schemas.rows_schema(fields), _with(rows, "GIGYA_UID", "same", "same"))
    assert twice.problems == ["duplicate keys: 1 in GIGYA_UID"]
    lacking = schemas.validate(schemas.rows_schema(fields), rows.drop_columns(["FNAME"]))
    assert lacking.problems
    assert "FNAME" in lacking.problems[0]
    assert "same" not in str(twice.problems + lacking.problems)


def test_an_unknown_state_of_a_profile_is_a_reject() -> None:
    fields = _fields()
    frame = profiles(fields, {"UID": "a"}, {"UID": "b"})
    breaches = schemas.validate(
        schemas.profiles_schema(fields), _with(frame, "subscriptions.news.email", "maybe", None)
    )
    assert breaches.rejects.to_pylist() == [{"uid": "a", "column": "subscriptions.news.email", "reason": "known_state"}]
    assert breaches.good["UID"].to_pylist() == ["b"]


def test_lists_and_times_of_profiles_have_their_types() -> None:
    fields = FieldTable(table({"cheetahmail": "BRANDS", "gigya": "data.brands", "join": "|"}, NEWS).fields)
    frame = profiles(fields, {"data": {"brands": ["a", "b"]}}, {})
    assert schemas.validate(schemas.profiles_schema(fields), frame).problems == []
    wrong = frame.set_column(frame.schema.get_field_index("updated"), "updated", pa.array(["soon", "late"]))
    breaches = schemas.validate(schemas.profiles_schema(fields), wrong)
    assert breaches.problems == ["updated: dtype('int64[pyarrow]')"]
    assert len(breaches.rejects) == 0


def test_key_and_address_are_checked_in_every_table() -> None:
    assert [field["cheetahmail"] for field in (KEY, EMAIL)] == list(schemas.rows_schema(table()).columns)
