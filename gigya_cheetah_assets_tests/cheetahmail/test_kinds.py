from __future__ import annotations

from gigya_cheetah_assets.cheetahmail import columns_of, count_name, file_name, trigger_name
from gigya_cheetah_assets.config.files import ImportFile, ImportFileDefaults
from gigya_cheetah_assets.config.pgp import PgpOut
from gigya_cheetah_assets.config.secrets import EnvVar


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


def test_the_name_carries_the_part_and_tells_of_encryption():
    file = ImportFile(name="gigya_{window}_{part}.csv")
    layout = ImportFileDefaults(compression="gzip", pgp=PgpOut(encrypt_to=EnvVar(env="KEY")))
    assert file_name(file, "20260101T000000Z", layout) == "gigya_20260101T000000Z_001.csv.gz.pgp"
    assert file_name(file, "20260101T000000Z", layout, part=12) == "gigya_20260101T000000Z_012.csv.gz.pgp"


def test_a_count_file_follows_only_where_it_is_wanted():
    assert count_name("a.csv.gz", ImportFileDefaults()) is None
    assert count_name("a.csv.gz", ImportFileDefaults(count_suffix=".count")) == "a.csv.gz.count"


def test_a_trigger_follows_only_where_it_is_wanted():
    assert trigger_name("a.csv.gz", ImportFileDefaults()) is None
    assert trigger_name("a.csv.gz", ImportFileDefaults(trigger_suffix=".done")) == "a.csv.gz.done"
