"""The asset `reconciliation`: both sides compared from the newest full extract, with the consent of each person first.

Dagster reads the annotations of the function at run time, so they are not postponed here.
"""

import dagster as dg

from gigya_cheetah_assets import checks, checks_reconciliation
from gigya_cheetah_assets.assets.names import CHEETAHMAIL, key
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.failures import NETWORK_RETRIES, as_failures
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.reconciliation.run import reconcile
from gigya_cheetah_assets.resources import Connections


def reconciliation_asset(sync: Sync) -> dg.AssetsDefinition:
    """The asset of one sync."""
    table = FieldTable.from_sync(sync)
    own = key(sync, "reconciliation")

    @dg.asset(
        key=own,
        deps=[key(sync, "gigya_accounts"), key(sync, "inbound_rows")],
        group_name=CHEETAHMAIL,
        kinds={"gigya", "cheetahmail"},
        retry_policy=NETWORK_RETRIES,
        check_specs=checks.specs(own, {}, checks_reconciliation.WARN),
        code_version=table.version,
        description="All accounts beside all subscribers of the newest full extract: who agrees, who is missing on "
        "one side, whose columns are stale or conflicting, and who is mailed without a valid opt-in.",
    )
    def reconciliation(connections: Connections) -> dg.MaterializeResult:
        with as_failures(), connections.gigya(sync) as client, connections.ledger() as ledger:
            found = reconcile(client, sync, table, data=connections.data, ledger=ledger)
        return dg.MaterializeResult(
            metadata=checks_reconciliation.metadata_of(found), check_results=checks_reconciliation.results(found)
        )

    return reconciliation
