"""The last step of a file: brakes looked at again, updates applied, the file put away with its result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.gigya import GigyaClient
from gigya_cheetah_assets.inbound.change_counts import ChangeSetSummary, brakes_of
from gigya_cheetah_assets.inbound.offers import close_offer, read_offer
from gigya_cheetah_assets.inbound.put_away import PutAway, put_away
from gigya_cheetah_assets.inbound.result import processed
from gigya_cheetah_assets.inbound.updates import UpdatesSummary, apply_updates
from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound.brakes import Partition, refuse_if_braked
from gigya_cheetah_assets.outbound.same_site import site_brake
from gigya_cheetah_assets.staging import Staging
from gigya_cheetah_assets.store import folders, summary


def complete(
    client: GigyaClient,
    sync: Sync,
    table: FieldTable,
    partition: str,
    *,
    data: Path,
    ledger: Ledger,
    report: Callable[[str], object],
) -> UpdatesSummary:
    """Applies a change set, unless a brake that nobody released stops it before the first write.

    Raises:
        StopSync: A brake; or accounts changed since the change set was made.
        GigyaUnavailable: The site did not answer within its budget; what was settled stays.
    """
    made = summary.read(
        folders.finished(folders.asset_folder(data, sync.name, folders.CHANGE_SET, partition)), ChangeSetSummary
    )
    found = [site_brake(ledger, sync), *brakes_of(made, sync.limits)]
    refuse_if_braked(ledger, sync.name, Partition(partition, partition), found)
    return apply_updates(client, sync, table, partition, data=data, ledger=ledger, report=report)


def put_away_processed(staging: Staging, sync: Sync, partition: str, *, data: Path) -> PutAway:
    """Moves a file whose updates are done to `processed`, beside its result.

    Raises:
        StagingUnreachable: Not now; the updates stay as they are, and the move can be repeated.
    """
    offer = read_offer(data, sync, partition)
    made = summary.read(folders.asset_folder(data, sync.name, folders.CHANGE_SET, partition), ChangeSetSummary)
    done = summary.read(folders.asset_folder(data, sync.name, folders.UPDATES, partition), UpdatesSummary)
    counts = {
        "rows": made.rows,
        "rejected": made.read_rejected + made.rejected,
        "parked": made.parked,
        "ignored": made.rows - made.read_rejected - made.planned - made.rejected - made.parked,
        "accounts": done.items,
        "applied": done.applied,
        "unchanged": done.unchanged,
        "accounts_rejected": done.rejected,
    }
    result = processed(offer.name, offer.kind, made.sha256, counts, data=data, sync=sync.name, partition=partition)
    away = put_away(staging, sync, offer, "processed", result.encoded())
    close_offer(data, sync, offer)
    return away
