from __future__ import annotations

from gigya_cheetah_assets.cheetahmail import columns_of, file_name, trigger_name
from gigya_cheetah_assets.config import ImportFile, ImportFileDefaults
from gigya_cheetah_assets.config.files import KINDS_IN_ORDER


def test_opt_outs_leave_first_and_opt_ins_last() -> None:
    assert KINDS_IN_ORDER == ("unsubscribes", "address_changes", "profiles", "subscribes")


def test_each_kind_carries_the_key() -> None:
    columns = ("GIGYA_UID", "EMAIL", "FNAME")
    for kind in KINDS_IN_ORDER:
        assert "GIGYA_UID" in columns_of(kind, "GIGYA_UID", "EMAIL", columns)
    assert columns_of("profiles", "GIGYA_UID", "EMAIL", columns) == columns


def test_names_carry_the_window_and_the_compression() -> None:
    file = ImportFile(name="p_{window}.csv")
    layout = ImportFileDefaults(compression="zip", trigger_suffix=".ok")
    name = file_name(file, "20260301T100000Z", layout)
    assert name == "p_20260301T100000Z.csv.zip"
    assert trigger_name(name, layout) == "p_20260301T100000Z.csv.zip.ok"
    assert trigger_name(name, ImportFileDefaults()) is None
