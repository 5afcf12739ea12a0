"""The canary in the sync file: what it may name, and what it brings into the graph."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest
from pydantic import ValidationError

from gigya_cheetah_assets.assets.canary import canary_asset
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets_tests.syncs import minimal_sync

CANARY = {"uid": "u0", "address": "canary@example.org", "column": "CANARY"}
FIELDS = [
    *minimal_sync()["fields"],
    {"cheetahmail": "CANARY", "gigya": "data.canary"},
    {"cheetahmail": "TIER", "gigya": "data.tier", "values": {"gold": "G"}},
    {"cheetahmail": "ZIP", "gigya": "profile.zip", "owner": "latest"},
]


def sync(**changes: Any) -> Sync:
    files = {"profiles": {"pattern": "*demo*"}, "canary": CANARY | changes}
    return Sync.model_validate(minimal_sync(fields=FIELDS, inbound_files=files))


def test_a_canary_is_an_asset_with_a_check_of_its_return() -> None:
    found = sync()
    assert found.inbound_files is not None
    assert found.inbound_files.canary is not None
    asset = canary_asset(found, found.inbound_files.canary)
    assert asset.key == dg.AssetKey(["acme", "canary"])
    assert [spec.name for spec in asset.check_specs] == ["returns"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"column": "NOTHING"}, "NOTHING is no column of fields"),
        ({"column": "EMAIL"}, "expected a plain text"),
        ({"column": "GIGYA_UID"}, "expected a plain text"),
        ({"column": "TIER"}, "expected a plain text"),
        ({"column": "ZIP"}, "expected a plain text"),
        ({"feed": "full_extract"}, "inbound_files has no full_extract"),
    ],
)
def test_a_canary_that_could_not_return_unchanged_is_refused(changes: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        sync(**changes)
