from __future__ import annotations

from gigya_cheetah_assets.cheetahmail import columns_of, file_name, trigger_name
from gigya_cheetah_assets.config.files import ImportFile, ImportFileDefaults


def test_each_kind_has_its_columns_with_the_syncs_own_key_and_email():
    fields = ("UID", "MAIL", "FNAME")
    assert columns_of("unsubscribes", "UID", "MAIL", fields) == ("MAIL", "UID", "LIST_ID", "OPTOUT_DATE", "REASON")
    assert columns_of("address_changes", "UID", "MAIL", fields) == ("EMAIL_FROM", "EMAIL_TO", "UID", "CHANGED")
    assert columns_of("profiles", "UID", "MAIL", list(fields)) == fields
    assert columns_of("subscribes", "UID", "MAIL", fields) == ("MAIL", "UID", "LIST_ID", "OPTIN_DATE", "OPTIN_SOURCE")


def test_the_name_carries_the_window_and_the_compression():
    file = ImportFile(name="gigya_{window}.csv")
    stamp = "20260101T000000Z"
    assert file_name(file, stamp, ImportFileDefaults()) == "gigya_20260101T000000Z.csv"
    assert file_name(file, stamp, ImportFileDefaults(compression="gzip")) == "gigya_20260101T000000Z.csv.gz"
    assert file_name(file, stamp, ImportFileDefaults(compression="zip")) == "gigya_20260101T000000Z.csv.zip"


def test_a_trigger_follows_only_where_it_is_wanted():
    assert trigger_name("a.csv.gz", ImportFileDefaults()) is None
    assert trigger_name("a.csv.gz", ImportFileDefaults(trigger_suffix=".done")) == "a.csv.gz.done"
