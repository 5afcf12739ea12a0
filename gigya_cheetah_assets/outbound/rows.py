"""Profiles of a window -> the rows that CheetahMail does not have yet, by kind of file, and the rejects.

Leaves in the window's folder: `profiles.parquet`, `unsubscribes.parquet`, `address_changes.parquet`,
`subscribes.parquet` (each only if it has a row), `rejected_consents.parquet` (what the ledger has to remember of
rejected people's opt-outs), `left.parquet` (what people left at addresses that others have too), `seen.parquet`
(unchanged people whom Gigya touched since the ledger saw them), `carried_<kind>.parquet` (`carried`),
`rejects.parquet`, `rejects.csv` and `summary.json`.
"""

from __future__ import annotations

import logging
import time
from contextlib import closing
from pathlib import Path

import msgspec

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.errors import StopSync
from gigya_cheetah_assets.gigya import prefetched
from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound.rows_maker import RowsMaker
from gigya_cheetah_assets.outbound.rows_writer import RowsWriter
from gigya_cheetah_assets.outbound.summary import ProfilesSummary, RowsSummary
from gigya_cheetah_assets.outbound.window import Window
from gigya_cheetah_assets.store import folders, summary
from gigya_cheetah_assets.store.batches import read_batches

log = logging.getLogger(__name__)


def make_rows(sync: Sync, table: FieldTable, window: Window, ledger: Ledger, *, data: Path) -> RowsSummary:
    """Maps, checks and compares one window whose profiles are finished; replaces its rows as a whole.

    Args:
        sync: The sync.
        table: Its field table.
        window: The window; what its own earlier delivery told the ledger does not count as known.
        ledger: Written only to follow lite accounts that registered.
        data: The folder of all data.

    Raises:
        StopSync: The profiles are not there, or were read with other fields than the sync file has now.
        LedgerBusy: A lite account registered, and another run writes this sync's ledger.
    """
    profiles = folders.finished(folders.asset_folder(data, sync.name, folders.PROFILES, window.stamp))
    extracted = summary.read(profiles, ProfilesSummary)
    _refuse_other_mapping(sync, window, extracted, table)
    revision = ledger.revision(sync.name)
    target = folders.asset_folder(data, sync.name, folders.ROWS, window.stamp)
    with folders.building(target) as building, RowsWriter(building) as writer:
        maker = RowsMaker(sync, table, window, ledger, writer, profiles=profiles)
        with closing(prefetched(maker.mapped(read_batches(profiles / "profiles.parquet")), depth=1)) as batches:
            for batch, mapped in batches:
                maker.add(batch, mapped)
        for batch in read_batches(profiles / "rejected.parquet"):
            maker.add_rejected(batch)
        maker.leave()
        writer.close()
        made = _summary(window, extracted, maker, writer, revision + maker.following.revisions)
        carried = maker.carrying.carry(target, building)
        result = msgspec.structs.replace(made, carried=carried, seen_at=_first_seen(target))
        summary.write(building, result)
    log.info("window %s: %d changed of %d accounts", window.key, result.changed, result.read)
    return result


def _first_seen(target: Path) -> int:
    """When rows of the window were first made: what an earlier run of it noted, else now."""
    if (target / folders.SUMMARY).is_file() and (seen := summary.read(target, RowsSummary).seen_at):
        return seen
    return time.time_ns() // 1_000_000


def _refuse_other_mapping(sync: Sync, window: Window, extracted: ProfilesSummary, table: FieldTable) -> None:
    if extracted.mapping_version != table.version:
        raise StopSync(
            f"{sync.name}, window {window.key}: the fields of the sync file changed after its profiles were read",
            next_step="materialize gigya_profiles of this window again",
        )


def _summary(
    window: Window, extracted: ProfilesSummary, maker: RowsMaker, writer: RowsWriter, revision: int
) -> RowsSummary:
    counts = maker.counts
    return RowsSummary(
        window=window.key,
        read=extracted.read,
        changed=writer.kinds["profiles"].rows,
        unchanged=counts.unchanged,
        filtered=counts.filtered,
        rejected=counts.rejected,
        reasons=summary.merged(extracted.reasons, summary.nested(writer.rejects.reasons)),
        value_errors=summary.nested(counts.value_errors),
        problems=[*extracted.problems, *counts.problems],
        kinds={kind: parquet.rows for kind, parquet in writer.kinds.items()},
        flips={column: dict(flips) for column, flips in sorted(counts.flips.items())},
        known=counts.known,
        unaddressable=counts.unaddressable,
        handed_over=maker.following.handed_over,
        ledger_revision=revision,
        mapping_version=extracted.mapping_version,
        sample_size=extracted.sample_size,
    )
