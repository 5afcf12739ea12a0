"""The people of a part with what is true of each: which top-level conditions of the filter hold.

Plain functions on frames that `read` makes; of people whom the site found by the whole filter nothing is evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.grammar.nodes import Single
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound.spool import in_stable_order
from gigya_cheetah_assets.segments.evaluate import Truths, truths
from gigya_cheetah_assets.segments.filter import SegmentFilter
from gigya_cheetah_assets.segments.leaves import Leaves

HELD, SURE, NEW = "held", "sure", "new"


@dataclass(frozen=True)
class Sources:
    """How each source is read for one filter: the fields, and the conditions that are evaluated here."""

    table: FieldTable
    accounts: Leaves
    subscriptions: Leaves
    new: Leaves


@dataclass(frozen=True)
class Truth:
    """Tells which conditions hold, as the columns `held` (a bit each), `sure` and `new`."""

    sources: Sources
    wanted: SegmentFilter

    def known(self, accounts: pa.Table) -> pa.Table:
        """Those whom the site found: all conditions hold."""
        held = np.full(len(accounts), self.wanted.everything, np.int64)
        return self._told(accounts, held, sure=True)

    def evaluated(self, accounts: pa.Table, emails: pa.Table | None) -> pa.Table:
        """Those of whom each condition has to be told; `emails` is None where no condition is on subscriptions."""
        known = {
            single: accounts[name].to_numpy()
            for name, single in zip(self.sources.accounts.names, self.sources.accounts.singles, strict=True)
        }
        known |= self._subscriptions(accounts, emails)
        held = np.zeros(len(accounts), np.int64)
        for place, condition in enumerate(self.wanted.conditions):
            held |= truths(condition, known).astype(np.int64) << place
        return self._told(accounts, held, sure=False)

    def _subscriptions(self, accounts: pa.Table, emails: pa.Table | None) -> dict[Single, Truths]:
        """What the conditions on subscriptions say; who has no e-mail account has no subscriptions."""
        absent = self.wanted.without_subscriptions
        if emails is None:
            return {single: np.repeat(found, len(accounts)) for single, found in absent.items()}
        latest = in_stable_order(emails, "UID", latest_by="updated")
        at = pc.index_in(accounts["UID"], value_set=latest["UID"].combine_chunks())
        leaves = self.sources.subscriptions
        return {
            single: pc.fill_null(latest[name].take(at), bool(absent[single][0])).to_numpy()
            for name, single in zip(leaves.names, leaves.singles, strict=True)
        }

    def _told(self, accounts: pa.Table, held: np.ndarray, *, sure: bool) -> pa.Table:
        plain = accounts.select([*self.sources.table.account_schema.names, NEW])
        told = plain.append_column(HELD, pa.array(held, pa.int64()))
        return told.append_column(SURE, pa.repeat(pa.scalar(sure), len(accounts)))
