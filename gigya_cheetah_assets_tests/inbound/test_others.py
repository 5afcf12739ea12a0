from __future__ import annotations

import pytest

from gigya_cheetah_assets.errors import RefuseFile
from gigya_cheetah_assets_tests.inbound.feeds import NOW, ms, sync

DEMO = "GIGYA_UID,EMAIL,DATE_CHANGED"
WHEN = "20261120120000"
AT = ms("2026-11-20T12:00:00")


def cells(inbox, column, *texts, config=None):
    """What becomes of the cells of one column of a profile file."""
    rows = "".join(f'u{n}|p{n}@example.org|{WHEN}|"{text}"\n' for n, text in enumerate(texts))
    inbox.last = inbox.read("profiles", f"{DEMO},{column}\n".replace(",", "|") + rows, config)
    return inbox.events(column)


# --- profiles


def test_a_profile_row_has_the_columns_that_its_file_has(inbox):
    result = inbox.read("profiles", f"{DEMO},FNAME,NEWS,CITY\nu1,a@example.org,{WHEN},Ann,1,Rome\n")
    assert inbox.events("line", "uid", "email", "at", "EMAIL", "FNAME", "NEWS") == [
        (2, "u1", "a@example.org", AT, "a@example.org", "Ann", "opt_in")
    ]
    assert result.unknown_columns == ["CITY"]
    assert result.absent_columns == ["BORN", "TIER", "POINTS", "CLUB", "OFFERS"]


def test_a_blank_cell_is_not_a_missing_column_and_a_null_word_says_nothing(inbox):
    config = sync(profiles={"null_words": ["NULL", "n/a"]})
    assert cells(inbox, "FNAME", "", "  ", "null", "N/A", "-", config=config) == ["", "", None, None, "-"]
    assert inbox.last.value_errors == {}
    assert cells(inbox, "FNAME", "NULL") == ["NULL"]


def test_texts_are_cleaned_but_not_unescaped(inbox):
    found = cells(inbox, "FNAME", " Ann ", "A\r\nB", "A\tB", "Jose\u0301", "a\u2028b", "&amp;", "Ann-Marie")
    assert found == ["Ann", "A B", "A B", "José", "a b", "&amp;", None]
    assert inbox.last.value_errors == {"FNAME": {"too_long": 1}}


def test_dates_come_in_the_form_that_we_write(inbox):
    texts = ["01/31/1980", "31-Jan-1980", "31-JAN-1980 00:00:00", "1980-01-31", "31.01.1980", "02/30/1980"]
    assert cells(inbox, "BORN", *texts) == ["01/31/1980"] * 4 + [None, None]
    assert inbox.last.value_errors == {"BORN": {"not_date": 2}}


def test_a_value_that_no_map_knows_is_emptied_and_counted(inbox):
    assert cells(inbox, "TIER", "G", "N", "gold", "") == ["G", "N", None, ""]
    assert inbox.last.value_errors == {"TIER": {"unmapped": 1}}


def test_booleans_and_states_are_told_in_any_spelling(inbox):
    assert cells(inbox, "CLUB", "Y", "yes", "0", "N", "maybe") == ["Y", "Y", "N", "N", None]
    assert cells(inbox, "NEWS", "1", "0", "true", "Unsubscribed", "2", "") == [
        "opt_in", "opt_out", "opt_in", "opt_out", None, None,
    ]  # fmt: skip
    assert inbox.last.value_errors == {"NEWS": {"unmapped": 1}}


def test_a_field_may_reject_its_row(inbox):
    assert cells(inbox, "POINTS", "17.0", "1e3", "") == ["17", ""]
    assert inbox.rejects() == [(3, "POINTS", "not_integer")]
    assert inbox.last.value_errors == {}


def test_a_column_that_cannot_be_read_back_is_not_read(inbox):
    result = inbox.read("profiles", f"{DEMO},HASHED\nu1,a@example.org,{WHEN},x\n")
    assert result.unknown_columns == ["HASHED"]


def test_a_profile_without_a_time_or_from_the_future_is_undated(inbox):
    text = f"{DEMO}\nu1,a@example.org,\nu2,b@example.org,x\nu3,c@example.org,20270101000000\n"
    result = inbox.read("profiles", text)
    assert inbox.events("at") == [None, None, None]
    assert result.value_errors == {"CHANGED_AT": {"bad_time": 1, "time_in_future": 1}}


def test_a_bad_address_is_emptied_and_a_bad_uid_rejects(inbox):
    keys = ["u1,nobody", ",b@example.org", "u\u200b3,c@example.org", "x" * 251 + ",d@example.org"]
    text = "\n".join([DEMO, *(f"{key},{WHEN}" for key in keys)])
    result = inbox.read("profiles", text)
    assert inbox.events("uid", "email", "EMAIL") == [("u1", None, None)]
    assert inbox.rejects() == [
        (3, "GIGYA_UID", "missing_uid"), (4, "GIGYA_UID", "malformed_uid"), (5, "GIGYA_UID", "malformed_uid"),
    ]  # fmt: skip
    assert result.value_errors == {"EMAIL": {"not_email": 1}}


def test_the_letter_case_of_a_uid_and_of_an_address_stays(inbox):
    inbox.read("profiles", f"{DEMO}\nAbC,Ann+x@Example.ORG,{WHEN}\n")
    assert inbox.events("uid", "email") == [("AbC", "Ann+x@Example.ORG")]


def test_columns_are_found_by_alias_in_any_order_and_case(inbox):
    config = sync(profiles={"aliases": {"FNAME": ["FIRST"], "GIGYA_UID": ["Ext_Id"]}, "changed_at": "TS"})
    inbox.read("profiles", f"ts;First;eMail;ext_id\n{WHEN};Ann;a@example.org;u1\n", config)
    assert inbox.events("uid", "at", "FNAME") == [("u1", AT, "Ann")]


def test_a_generic_name_is_no_alias_where_the_sync_uses_it(inbox):
    fields = [
        {"cheetahmail": "UID_X", "gigya": "UID", "key": True},
        {"cheetahmail": "EMAIL", "gigya": "profile.email", "type": "email"},
        {"cheetahmail": "STRING1", "gigya": "data.x"},
    ]
    config = sync(fields, unsubscribes={"list": {}})
    inbox.read("profiles", f"STRING1,UID_X,EMAIL,DATE_CHANGED\nx,u1,a@example.org,{WHEN}\n", config)
    assert inbox.events("uid", "STRING1") == [("u1", "x")]
    with pytest.raises(RefuseFile, match="expected a column GIGYA_UID or UID_X in"):
        inbox.read("profiles", f"STRING1,EMAIL,DATE_CHANGED\nx,a@example.org,{WHEN}\n", config)


def test_a_full_extract_needs_no_times(inbox):
    inbox.read("full_extract", "GIGYA_UID,EMAIL,NEWS,OFFERS\nu1,a@example.org,0,yes\n")
    assert inbox.events("uid", "at", "NEWS", "OFFERS") == [("u1", None, "opt_out", "opt_in")]


# --- address changes


def test_an_address_change_has_both_addresses(inbox):
    head = "email_from,email_to,date_changed,GIGYA_UID\n"
    rows = [f"a@example.org,b@example.org,{WHEN},u1", f"a@example.org,A@Example.org,{WHEN},u2",
            f"nobody,b@example.org,{WHEN},u3", f"a@example.org,,{WHEN},u4",
            "a@example.org,b@example.org,,u5"]  # fmt: skip
    result = inbox.read("address_changes", head + "\n".join(rows))
    assert inbox.events("uid", "email_old", "email", "at") == [
        ("u1", "a@example.org", "b@example.org", AT), ("u5", "a@example.org", "b@example.org", None),
    ]  # fmt: skip
    assert inbox.rejects() == [(4, "EMAIL_OLD", "malformed_email"), (5, "EMAIL_NEW", "malformed_email")]
    assert result.ignored == {"same_address": 1}


# --- bounces


def test_a_bounce_is_hard_soft_or_unknown_and_no_decision(inbox):
    head = "EVENT_TYPE,TIMESTAMP,RESULTCODE,EMAIL,GIGYA_UID\n"
    rows = [f"B,{WHEN},5,a@example.org,u1", f"b,{WHEN},4,b@example.org,", f"B,{WHEN},9,,u3", f"O,{WHEN},5,,u4",
            f"B,{WHEN},5,,"]  # fmt: skip
    result = inbox.read("bounces", head + "\n".join(rows))
    assert inbox.events("uid", "email", "bounce", "code") == [
        ("u1", "a@example.org", "hard", "5"), (None, "b@example.org", "soft", "4"), ("u3", None, "unknown", "9"),
    ]  # fmt: skip
    assert (result.ignored, inbox.rejects()) == ({"other_event": 1}, [(6, "GIGYA_UID", "missing_key")])
    assert result.value_errors == {"RESULT": {"unknown_code": 1}}
    assert result.states == {"NEWS": {}, "OFFERS": {}}


def test_bounces_need_a_uid_or_an_address(inbox):
    inbox.read("bounces", f"TIMESTAMP,EMAIL\n{WHEN},a@example.org\n")
    inbox.read("bounces", f"TIMESTAMP,GIGYA_UID\n{WHEN},u1\n")
    assert inbox.events("uid", "bounce") == [("u1", "unknown")]
    with pytest.raises(RefuseFile, match="expected a column GIGYA_UID"):
        inbox.read("bounces", f"TIMESTAMP,ISSUE\n{WHEN},1\n")


# --- import reports


def test_an_import_report_tells_of_files_and_of_rows(inbox):
    head = "file_name,status,rows_read,rows_loaded,rows_rejected,row_no,gigya_uid,error\n"
    rows = ["x.csv,done,10,9,1,,,", "x.csv,rejected,,,,7,u7,bad date", ",rejected,,,,8,u8,", "y.csv,done,many,1,1,,,"]
    result = inbox.read("import_reports", head + "\n".join(rows))
    assert inbox.events("file_name", "status", "rows_read", "rows_rejected", "row_no", "uid", "error") == [
        ("x.csv", "done", 10, 1, None, None, None),
        ("x.csv", "rejected", None, None, 7, "u7", "bad date"),
        ("y.csv", "done", None, 1, None, None, None),
    ]
    assert inbox.rejects() == [(4, "FILE_NAME", "missing_file_name")]
    assert result.value_errors == {"ROWS_READ": {"not_integer": 1}}


def test_now_is_not_the_future(inbox):
    stamp = f"{NOW:%Y%m%d%H%M%S}"
    assert inbox.read("profiles", f"{DEMO}\nu1,a@example.org,{stamp}\n").last_at == int(NOW.timestamp() * 1000)
