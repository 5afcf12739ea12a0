from __future__ import annotations

from gigya_cheetah_assets.assets.external import external_assets
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets_tests.syncs import minimal_sync


def test_what_lies_outside_stands_at_both_ends_of_the_lineage() -> None:
    specs = {spec.key.path[-1]: spec for spec in external_assets(Sync.model_validate(minimal_sync()))}
    upstream = {name: [dep.asset_key.path[-1] for dep in spec.deps] for name, spec in specs.items()}
    assert upstream == {
        "gigya_accounts": [],
        "cheetahmail_subscribers": ["staged_import_files", "staged_deletion_file"],
        "cheetahmail_extract": ["cheetahmail_subscribers"],
    }
    assert "us1.gigya.com" in (specs["gigya_accounts"].description or "")
