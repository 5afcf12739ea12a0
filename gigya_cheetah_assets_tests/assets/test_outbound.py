from __future__ import annotations

import dagster as dg
import pytest

from gigya_cheetah_assets.assets.outbound import outbound_assets
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets_tests.syncs import minimal_sync

SUBSCRIPTION = {"cheetahmail": "NEWS", "gigya": "subscriptions.news.email", "type": "subscription"}
SYNC = Sync.model_validate(minimal_sync(fields=[*minimal_sync()["fields"], SUBSCRIPTION]))
BLOCKING = {
    "gigya_profiles": {"columns", "keys", "volume"},
    "cheetahmail_rows": {"columns", "keys", "reject_share", "opt_out_share", "opt_in_share", "count_identity"},
    "staged_import_files": {"count_identity"},
}
WARNING = {
    "gigya_profiles": {"records", "shared_emails"},
    "cheetahmail_rows": {"rejects", "value_errors"},
    "staged_import_files": set(),
}


@pytest.fixture(scope="module")
def assets() -> dict[str, dg.AssetsDefinition]:
    return {asset.key.path[-1]: asset for asset in outbound_assets(SYNC)}


def test_three_assets_follow_each_other_under_the_syncs_name(assets: dict[str, dg.AssetsDefinition]) -> None:
    upstream = {name: [dep.path for dep in asset.dependency_keys] for name, asset in assets.items()}
    assert upstream == {
        "gigya_profiles": [["acme", "gigya_accounts"]],
        "cheetahmail_rows": [["acme", "gigya_profiles"]],
        "staged_import_files": [["acme", "cheetahmail_rows"]],
    }
    assert {asset.get_asset_spec().group_name for asset in assets.values()} == {"outbound"}


def test_one_run_covers_all_windows_of_a_backfill(assets: dict[str, dg.AssetsDefinition]) -> None:
    for asset in assets.values():
        assert asset.backfill_policy == dg.BackfillPolicy.single_run()
        assert isinstance(asset.partitions_def, dg.TimeWindowPartitionsDefinition)


@pytest.mark.parametrize("name", sorted(BLOCKING))
def test_checks_block_or_warn(assets: dict[str, dg.AssetsDefinition], name: str) -> None:
    specs = list(assets[name].check_specs)
    assert {spec.name for spec in specs if spec.blocking} == BLOCKING[name]
    assert {spec.name for spec in specs if not spec.blocking} == WARNING[name]
    assert all(spec.description for spec in specs)


def test_only_steps_that_use_the_network_are_tried_again(assets: dict[str, dg.AssetsDefinition]) -> None:
    retries = {name: asset.op.retry_policy is not None for name, asset in assets.items()}
    assert retries == {"gigya_profiles": True, "cheetahmail_rows": False, "staged_import_files": True}


def test_who_writes_a_ledger_waits_for_its_turn(assets: dict[str, dg.AssetsDefinition]) -> None:
    assert assets["staged_import_files"].op.pool == "acme_ledger"


def test_the_code_version_is_that_of_the_mapping(assets: dict[str, dg.AssetsDefinition]) -> None:
    other = outbound_assets(Sync.model_validate(minimal_sync()))[0]
    versions = {asset.get_asset_spec().code_version for asset in assets.values()}
    assert len(versions) == 1
    assert other.get_asset_spec().code_version not in versions
