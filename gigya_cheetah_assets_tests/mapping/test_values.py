"""Each rule of a field, and the values paragraph of the documentation to the letter."""

from __future__ import annotations

import hashlib

import pandas as pd
import pytest

from gigya_cheetah_assets.errors import ConfigError, StopSync
from gigya_cheetah_assets_tests.mapping.tables import cells, errors, mapped, table

ADDED = {"type": "string"}


def test_an_absent_value_is_an_empty_cell() -> None:
    assert cells({}, None, "", "  ") == [None, None, None]


def test_default_stands_for_absent_and_for_unmapped_values() -> None:
    assert cells({"values": {"gold": "G"}, "default": "N"}, "gold", "tin", None) == ["G", "N", "N"]


def test_an_unmapped_value_without_default_is_an_empty_cell_and_counted() -> None:
    assert cells({"values": {"gold": "G"}}, "gold", "tin") == ["G", None]
    assert errors({"values": {"gold": "G"}}, "gold", "tin") == {"unmapped": 1}


def test_a_scalar_where_an_array_is_joined_counts_as_an_array_of_one() -> None:
    assert cells({"join": "|"}, ["north", "coast"], "north", [], None, [1, None, 2.0]) == [
        "north|coast", "north", None, None, "1|2",
    ]  # fmt: skip


@pytest.mark.parametrize("value", [17, "17", 17.0])
@pytest.mark.parametrize("kind", ["integer", "decimal", "string"])
def test_numbers_arrive_in_any_form_and_leave_as_17(value: object, kind: str) -> None:
    assert cells({"type": kind}, value) == ["17"]


def test_text_in_any_script_survives() -> None:
    texts = ["Łukasz Żółć", "Мария", "日本語", "👩‍👩‍👧 émoji", "שלום", "مرحبا", 'a "quoted", one; two|three', "007"]
    assert cells({}, *texts) == texts


def test_entities_are_unescaped_once_and_text_is_in_normal_form() -> None:
    assert cells({}, "AT&amp;T", "&amp;lt;", "e\u0301") == ["AT&T", "&lt;", "\u00e9"]


def test_control_characters_and_line_breaks_become_one_space_and_ends_are_trimmed() -> None:
    assert cells({}, "a\r\n\tb", "a\x00b", "a\u2028b\u0085c", "  a  b  ") == ["a b", "a b", "a b c", "a  b"]


def test_raw_keeps_the_text_as_it_is() -> None:
    assert cells({"raw": True}, " a &amp;\nb ") == [" a &amp;\nb "]


def test_a_leading_equals_sign_is_not_changed() -> None:
    assert cells({}, "=1+1", "+49", "@home") == ["=1+1", "+49", "@home"]


def test_rules_on_text() -> None:
    assert cells({"replace": [{"pattern": "[^0-9]", "with": ""}]}, "+49 (30) 1") == ["49301"]
    assert cells({"replace": [{"pattern": r"(\w+) (\w+)", "with": r"\2 \1"}]}, "a b") == ["b a"]
    assert cells({"collapse": True}, "a \u00a0  b") == ["a b"]
    assert cells({"case": "upper"}, "straße") == ["STRASSE"]
    assert cells({"case": "title"}, "anna lind") == ["Anna Lind"]
    assert cells({"truncate": 3}, "日本語です") == ["日本語"]
    assert cells({"hash": "sha256"}, "a") == [hashlib.sha256(b"a").hexdigest()]


def test_a_text_beyond_max_length_is_a_value_error_and_never_cut() -> None:
    assert cells({"max_length": 3}, "日本語", "abcd") == ["日本語", None]
    assert errors({"max_length": 3}, "日本語", "abcd") == {"too_long": 1}


def test_integers() -> None:
    values = [" 17 ", "+17", "017", "-0", "17.50", "1e3", "x", True, 9007199254740993, 2**70]
    assert cells({"type": "integer"}, *values) == [
        "17", "17", "17", "0", None, None, None, None, "9007199254740993", str(2**70),
    ]  # fmt: skip
    assert cells({"type": "integer", "format": "05d"}, 17) == ["00017"]


def test_decimals() -> None:
    assert cells({"type": "decimal"}, "17.50", 0.1, "1e3", "-0.0", "1,5", 1e-7) == [
        "17.5", "0.1", "1000", "0", None, "0.0000001",
    ]  # fmt: skip
    assert cells({"type": "decimal", "format": ".2f"}, 17) == ["17.00"]


def test_booleans() -> None:
    field = {"type": "boolean", "values": {True: "Y", False: "N"}}
    assert cells(field, True, "true", "1", 0, "No", None, "maybe") == ["Y", "Y", "Y", "N", "N", None, None]
    assert cells({"type": "boolean"}, "yes") == ["true"]


def test_dates_are_read_leniently_and_written_with_english_months() -> None:
    values = ["2021-03-04", "2021-03-04T09:15:22.1Z", "2021-03-04 09:15", 1614849322041, "0001-01-01T00:00:00Z"]
    assert cells({"type": "date"}, *values) == ["04-Mar-2021"] * 4 + [None]
    assert errors({"type": "date"}, "2021-02-31", "31.12.2021", "00/00/0000", "0001-01-01") == {"not_a_date": 3}
    assert cells({"type": "date", "input_format": "%d.%m.%Y"}, "31.12.2021") == ["31-Dec-2021"]


def test_times_are_written_in_utc() -> None:
    assert cells({"type": "datetime"}, "2021-03-04T09:15:22.5+02:00", "2021-03-04T09:15:22") == [
        "20210304071522", "20210304091522",
    ]  # fmt: skip


def test_a_date_from_parts_needs_all_of_them() -> None:
    field = {
        "cheetahmail": "B",
        "gigya": ["profile.birthYear", "profile.birthMonth", "profile.birthDay"],
        "type": "date",
        "format": "%m/%d/%Y",
    }
    fields = table(field)
    people = [
        {"birthYear": 1988, "birthMonth": 2, "birthDay": 29},
        {"birthYear": "1980", "birthMonth": 1.0, "birthDay": "5"},
        {"birthYear": 1987, "birthMonth": 2, "birthDay": 29},
        {"birthYear": 1987},
        {},
    ]
    result = mapped(fields, *[{"profile": person} for person in people])
    assert result.rows["B"].to_pylist() == ["02/29/1988", "01/05/1980", None, None, None]
    assert result.value_errors == {("B", "not_a_date"): 2}


def test_the_first_present_of_several_paths_is_taken() -> None:
    fields = table({"cheetahmail": "L", "gigya": ["profile.locale", "profile.languages"]})
    people = [{"locale": "sv", "languages": "en"}, {"languages": "en"}, {"locale": "", "languages": "fi"}]
    assert mapped(fields, *[{"profile": p} for p in people]).rows["L"].to_pylist() == ["sv", "en", "fi"]


def test_a_constant_is_the_same_for_everybody() -> None:
    fields = table({"cheetahmail": "S", "constant": "GIGYA"})
    assert mapped(fields, {}, {}).rows["S"].to_pylist() == ["GIGYA", "GIGYA"]


@pytest.mark.parametrize(
    "address", ["a@example.org", "用户@example.org", "a.b+c@sub.example.org", "o'neil@example.org", "A@EXAMPLE.ORG"]
)
def test_an_address_of_any_script_is_fine(address: str) -> None:
    assert cells({"type": "string"}, address) == [address]
    result = mapped(table(), {"profile": {"email": address}})
    assert result.rows["EMAIL"].to_pylist() == [address]
    assert not result.value_errors


@pytest.mark.parametrize(
    "address", ["a", "a@b", "a@@b.org", "a b@c.org", "a@b.o,rg", "a\u200b@b.org", "x" * 250 + "@b.org"]
)
def test_what_is_no_address_is_a_value_error(address: str) -> None:
    assert mapped(table(), {"profile": {"email": address}}).value_errors == {("EMAIL", "not_an_email"): 1}


def upper_case(series: pd.Series) -> pd.Series:
    return series.str.upper()


def too_short(series: pd.Series) -> pd.Series:
    return series.iloc[:0]


def failing(series: pd.Series) -> pd.Series:
    raise ValueError(f"cannot handle {series.iloc[0]}")


def test_a_python_function_maps_a_series() -> None:
    assert cells({"function": f"{__name__}:upper_case"}, "a", None) == ["A", None]


def test_a_failing_function_stops_the_sync_and_shows_no_value() -> None:
    with pytest.raises(StopSync) as caught:
        cells({"function": f"{__name__}:failing"}, "secret-value")
    assert "ValueError" in str(caught.value)
    assert "secret-value" not in str(caught.value)
    with pytest.raises(StopSync, match="same length"):
        cells({"function": f"{__name__}:too_short"}, "a")


def test_a_function_that_is_not_there_is_a_setting_to_mend() -> None:
    with pytest.raises(ConfigError, match="no_such_module"):
        cells({"function": "no_such_module:f"}, "a")
