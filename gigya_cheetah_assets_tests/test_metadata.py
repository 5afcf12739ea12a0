from __future__ import annotations

import msgspec

from gigya_cheetah_assets import metadata
from gigya_cheetah_assets.cheetahmail import Manifest
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound.summary import DeliverySummary
from gigya_cheetah_assets_tests.syncs import minimal_sync

FIELDS = [
    *minimal_sync()["fields"],
    {
        "cheetahmail": "NAME",
        "gigya": ["profile.nickname", "profile.firstName"],
        "case": "upper",
        "description": "How we say hello",
    },
    {"cheetahmail": "SOURCE", "constant": "GIGYA"},
]
SYNC = Sync.model_validate(minimal_sync(fields=FIELDS))
TABLE = FieldTable.from_sync(SYNC)
FILE = Manifest(
    kind="profiles", name="p|1.csv", rows=3, bytes=10, sha256="ab", columns=["A"], window="w",
    queries=["SELECT UID FROM accounts"], mapping_version="v",
)  # fmt: skip
DELIVERY = DeliverySummary(
    window="w", read=5, delivered=3, unchanged=1, filtered=1, rejected=0, superseded=0, files=[FILE], revision=2,
    mapping_version="v", sample_size=None,
)  # fmt: skip


def test_each_column_tells_where_it_comes_from_in_the_users_words_first() -> None:
    columns = {column.name: column for column in metadata.row_columns(TABLE).columns}
    assert columns["NAME"].description == "How we say hello. From profile.nickname or profile.firstName (upper case)"
    assert columns["GIGYA_UID"].constraints.unique
    assert not columns["EMAIL"].constraints.nullable
    assert columns["NAME"].constraints.nullable


def test_the_lineage_of_a_column_names_every_path_and_a_constant_has_none() -> None:
    lineage = metadata.row_lineage(SYNC, TABLE).deps_by_column
    assert {dep.column_name for dep in lineage["NAME"]} == {"profile.nickname", "profile.firstName"}
    assert list(lineage["SOURCE"]) == []
    assert {dep.asset_key.path[0] for deps in lineage.values() for dep in deps} == {"acme"}


def test_profile_columns_are_those_of_the_extraction() -> None:
    columns = metadata.profile_columns(TABLE).columns
    assert [column.name for column in columns] == TABLE.profile_schema.names
    assert [column.name for column in columns if column.constraints.unique] == ["UID"]


def test_a_delivery_shows_its_manifests() -> None:
    shown = metadata.of_delivery(DELIVERY)
    assert shown["dagster/row_count"] == 3
    assert shown["manifests"].value == [msgspec.to_builtins(FILE)]
    assert "| profiles | p\\|1.csv | 3 | 10 | `ab` |" in shown["files"].value
    assert "sample_mode" not in shown


def test_sample_mode_says_so() -> None:
    assert "10 accounts" in metadata.of_delivery(msgspec.structs.replace(DELIVERY, sample_size=10))["sample_mode"]


def test_long_lists_are_cut_and_say_how_much_is_left_out() -> None:
    assert metadata.listed([]) == "none"
    assert metadata.listed(["a", "b"]) == "a; b"
    assert metadata.listed([str(n) for n in range(25)]).endswith("19; and 5 more")
    assert metadata.markdown(["x"], []).value == "none"
