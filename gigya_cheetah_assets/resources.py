"""What assets use from outside: the Gigya site, the staging and the ledger of a sync, opened when a step needs them.

Settings come from the sync file and secrets from the environment at that moment, so nothing secret is a field of a
resource: Dagster's UI shows fields. https://docs.dagster.io/guides/build/external-resources
"""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from gigya_cheetah_assets.config import Sync, data_folder
from gigya_cheetah_assets.gigya import GigyaClient
from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.staging import Staging, open_staging


class Connections(dg.ConfigurableResource[None]):
    """Opens connections by sync; each result is a context manager."""

    def gigya(self, sync: Sync) -> GigyaClient:
        """The sync's Gigya site."""
        return GigyaClient(sync.gigya)

    def staging(self, sync: Sync) -> Staging:
        """The sync's staging."""
        return open_staging(sync.staging)

    def ledger(self) -> Ledger:
        """The ledger of all syncs."""
        return Ledger.open()

    @property
    def data(self) -> Path:
        """The folder of all data that the assets keep."""
        return data_folder()
