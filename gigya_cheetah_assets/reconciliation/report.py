"""The consent report: of the newest reconciliation, who is mailed without a valid opt-in and whose consent differs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.reconciliation.classify import DIFFERENCES, MAILED_WITHOUT_OPT_IN
from gigya_cheetah_assets.reconciliation.run import LATEST, ReconciliationSummary, newest_extract
from gigya_cheetah_assets.store import folders, summary
from gigya_cheetah_assets.store.batches import read_batches


@dataclass(frozen=True)
class ConsentReport:
    """What is reported of one sync.

    Attributes:
        sync: Its name.
        counted: The reconciliation.
        differences: A table of `DIFFERENCES`, of subscriptions only.
        newer: Partition of a full extract that was read after that; None where the comparison has the newest.
    """

    sync: str
    counted: ReconciliationSummary
    differences: pa.Table
    newer: str | None = None

    @property
    def mailed_without_opt_in(self) -> int:
        """Pairs of a person and a subscription that is mailed though Gigya has no valid opt-in."""
        return int(pc.sum(pc.equal(self.differences["verdict"], MAILED_WITHOUT_OPT_IN)).as_py() or 0)

    def lines(self, *, uids: bool) -> Iterator[str]:
        """The report as text; with `uids` each difference by UID."""
        yield f"{self.sync}: {self.mailed_without_opt_in} mailed without a valid opt-in, by the full extract"
        yield f"  {self.counted.extract}, read {self.counted.extract_read_at}"
        if self.newer is not None:
            yield f"  a newer one was read since: {self.newer}; materialize reconciliation to compare with it"
        for name, pairs in self.counted.states.items():
            for pair, count in pairs.items():
                yield f"  {name:<24} Gigya / CheetahMail: {pair:<24} {count:>9,} people"
        for row in self.differences.to_pylist() if uids else ():
            states = f"{row['gigya_state'] or 'none'} / {row['cheetahmail_state'] or 'none'}"
            yield f"  {row['uid']}  {row['column']}  {states}  {row['verdict']}"


def consent_report(data: Path, sync: Sync) -> ConsentReport:
    """Reads the newest reconciliation.

    Raises:
        StopSync: There is none, or no full extract was read.
    """
    folder = folders.finished(folders.asset_folder(data, sync.name, folders.RECONCILIATION, LATEST))
    subscriptions = pa.array([field.cheetahmail for field in sync.fields if field.type == "subscription"], pa.string())
    batches = read_batches(folder / "differences.parquet")
    found = [batch.filter(pc.is_in(batch["column"], value_set=subscriptions)) for batch in batches]
    table = pa.concat_tables([DIFFERENCES.empty_table(), *found])
    counted = summary.read(folder, ReconciliationSummary)
    newest = newest_extract(data, sync).name
    return ConsentReport(sync.name, counted, table, newest if newest != counted.extract else None)
