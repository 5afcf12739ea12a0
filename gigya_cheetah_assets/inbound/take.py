"""One inbound file from its offer to typed rows: a local copy, its content made known to the ledger, its rows read.

The copy stays, so a step that runs again needs nothing of the inbox any more. A file that is refused is put away as
rejected before the refusal is raised. Typing rows is in `read`, what they ask of Gigya in `change_set`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.errors import RefuseFile
from gigya_cheetah_assets.inbound.fetch import LocalCopy, fetch
from gigya_cheetah_assets.inbound.offers import Offer, close_offer
from gigya_cheetah_assets.inbound.put_away import put_away
from gigya_cheetah_assets.inbound.read import InboundRead, read_file
from gigya_cheetah_assets.inbound.result import refused
from gigya_cheetah_assets.ledger import InboundFile, InboundState, Ledger, RowShape, own_deliveries
from gigya_cheetah_assets.ledger.confirmations import note_echoes
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.staging import Staging
from gigya_cheetah_assets.store import folders, steps


def take(
    staging: Staging, sync: Sync, table: FieldTable, offer: Offer, *, data: Path, ledger: Ledger, now: datetime
) -> InboundRead:
    """Fetches and reads one file.

    Raises:
        RefuseFile: The file as a whole is not what was expected; it lies in the inbox's `rejected` now.
        StagingUnreachable: It cannot be fetched now.
    """
    copy = fetch(staging, sync, offer, folders.asset_folder(data, sync.name, folders.INBOUND_FILES, offer.partition))
    state = state_of(ledger, sync, table)
    state.begin(InboundFile(copy.sha256, offer.name, offer.kind, copy.size))
    steps.reached(steps.FILE_ENTERED)
    try:
        return _read(sync, table, offer, copy, data=data, ledger=ledger, now=now)
    except RefuseFile as error:
        state.finish(copy.sha256, {}, status="refused")
        steps.reached(steps.FILE_REFUSED)
        result = refused(offer.name, offer.kind, copy.sha256, str(error))
        put_away(staging, sync, offer, "rejected", result.encoded())
        close_offer(data, sync, offer)
        raise


def state_of(ledger: Ledger, sync: Sync, table: FieldTable) -> InboundState:
    """The inbound side of the sync's ledger."""
    return InboundState(ledger, sync.name, RowShape.of(table.fields))


def _read(
    sync: Sync, table: FieldTable, offer: Offer, copy: LocalCopy, *, data: Path, ledger: Ledger, now: datetime
) -> InboundRead:
    def uploads(uids: list[str], since: int) -> Mapping[tuple[str, str], Sequence[int]]:
        return own_deliveries(ledger, sync.name, uids, since=since)

    return read_file(
        copy.path,
        name=offer.name,
        kind=offer.kind,
        sync=sync,
        table=table,
        folder=folders.asset_folder(data, sync.name, folders.INBOUND_ROWS, offer.partition),
        now=now,
        own_uploads=uploads,
        echoed=lambda opt_outs: note_echoes(ledger, sync.name, opt_outs),
    )
