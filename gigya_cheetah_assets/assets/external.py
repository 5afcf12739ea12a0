"""External assets: what lies outside and is only looked at, so that the lineage is whole.

https://docs.dagster.io/guides/build/assets/external-assets
"""

from __future__ import annotations

import dagster as dg

from gigya_cheetah_assets.assets.names import CHEETAHMAIL, GIGYA, key
from gigya_cheetah_assets.config import Sync


def external_assets(sync: Sync) -> list[dg.AssetSpec]:
    """The site, CheetahMail's list and the files that CheetahMail drops."""
    return [
        dg.AssetSpec(
            key(sync, "gigya_accounts"),
            group_name=GIGYA,
            kinds={"gigya"},
            description=f"The accounts of the Gigya site at {sync.gigya.api_domain}, with their subscriptions.",
        ),
        dg.AssetSpec(
            key(sync, "cheetahmail_subscribers"),
            deps=[key(sync, name) for name in _delivered(sync)],
            group_name=CHEETAHMAIL,
            kinds={"cheetahmail"},
            description="CheetahMail's list. Its own import job loads the delivered files on its own schedule.",
        ),
        dg.AssetSpec(
            key(sync, "cheetahmail_extract"),
            deps=[key(sync, "cheetahmail_subscribers")],
            group_name=CHEETAHMAIL,
            kinds={"cheetahmail", "file"},
            description="The files that CheetahMail's own extract job drops into the inbox.",
        ),
    ]


def _delivered(sync: Sync) -> list[str]:
    """The assets whose files CheetahMail imports."""
    return ["staged_import_files", *([] if sync.deletions.source == "none" else ["staged_deletion_file"])]
