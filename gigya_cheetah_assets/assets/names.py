"""Keys and groups of the assets: the sync's name is the prefix, the stage is the group."""

from __future__ import annotations

import dagster as dg

from gigya_cheetah_assets.config import Sync

GIGYA = "gigya"
OUTBOUND = "outbound"
INBOUND = "inbound"
CHEETAHMAIL = "cheetahmail"
CONSENT = "consent"
DELETIONS = "deletions"
SEGMENTS = "segments"
HOUSEKEEPING = "housekeeping"


def key(sync: Sync, name: str) -> dg.AssetKey:
    """`<sync>/<name>`."""
    return dg.AssetKey([sync.name, name])
