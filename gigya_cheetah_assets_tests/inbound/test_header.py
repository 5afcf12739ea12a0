from __future__ import annotations

import pytest

from gigya_cheetah_assets.errors import RefuseFile
from gigya_cheetah_assets.inbound.header import Header, read_header, resolved


def header(text: bytes, delimiter: str = "auto") -> Header:
    return read_header(text, line=1, delimiter=delimiter, max_columns=50)


@pytest.mark.parametrize("mark", [",", "|", ";", "\t"])
def test_the_delimiter_is_the_only_one_that_the_header_holds(mark):
    assert header(mark.join(["UID", "EMAIL", '"A"']).encode()) == Header(("UID", "EMAIL", "A"), mark)


def test_a_delimiter_inside_quotes_does_not_count():
    assert header(b'"UID","A|B;C"') == Header(("UID", "A|B;C"), ",")


def test_two_delimiters_are_refused_unless_one_is_declared():
    with pytest.raises(RefuseFile, match="expected one delimiter in the header on line 1, found comma and pipe"):
        header(b"UID,EMAIL|NAME")
    assert header(b"UID,EMAIL|NAME", "|").names == ("UID,EMAIL", "NAME")


def test_one_column_is_a_wrong_delimiter():
    with pytest.raises(RefuseFile, match="divided by comma on line 1, found one column; the header holds semicolon"):
        header(b"UID;EMAIL", ",")
    with pytest.raises(RefuseFile, match="found one column"):
        header(b"UID")
    with pytest.raises(RefuseFile, match="found one column"):
        header(b"UID^EMAIL")


def test_names_are_trimmed_and_in_upper_case():
    assert header(" gigya_uid , Email,\u200bnote\ufeff".encode()).names == ("GIGYA_UID", "EMAIL", "NOTE")


def test_a_column_twice_is_refused_letter_case_aside():
    with pytest.raises(RefuseFile, match="the same name stands in columns 2 and 4"):
        header(b"UID,EMAIL,NOTE, email")


def test_a_column_without_a_name_is_refused_but_for_a_trailing_delimiter():
    with pytest.raises(RefuseFile, match="found none for column 2"):
        header(b"UID,,EMAIL")
    assert header(b"UID,EMAIL,").names == ("UID", "EMAIL")


def test_a_header_with_an_open_quote_or_in_another_encoding_is_refused():
    with pytest.raises(RefuseFile, match="quote that is not closed"):
        header(b'UID,"EMAIL')
    with pytest.raises(RefuseFile, match="declared encoding"):
        header(b"UID,N\xe4me")


def test_columns_are_found_by_name_first_then_by_alias_in_order():
    found = Header(("STRING1", "EMAIL", "PID", "SUB"), ",")
    aliases = {"GIGYA_UID": ("STRING1",), "EMAIL": (), "LIST_ID": ("sub", "PID"), "REASON": ()}
    assert resolved(found, aliases, ["GIGYA_UID"]) == {"GIGYA_UID": "STRING1", "EMAIL": "EMAIL", "LIST_ID": "SUB"}
    both = Header(("STRING1", "GIGYA_UID"), ",")
    assert resolved(both, aliases, ["GIGYA_UID"]) == {"GIGYA_UID": "GIGYA_UID"}


def test_a_missing_column_is_named_with_its_aliases_and_no_unknown_name_is_shown():
    person = Header(("EMAIL", "JANE@EXAMPLE.ORG", "JANE"), ",")
    with pytest.raises(RefuseFile) as refused:
        resolved(person, {"GIGYA_UID": ("STRING1",), "EMAIL": ()}, ["GIGYA_UID", "EMAIL"])
    assert "expected a column GIGYA_UID or STRING1" in str(refused.value)
    assert "found 3 columns, known of them: EMAIL" in str(refused.value)
    assert "JANE" not in str(refused.value)
