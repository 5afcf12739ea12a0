"""Who the rows of a file are about that name no UID of today: by address, and by keys that were handed over."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.inbound.cells import MISSING_UID
from gigya_cheetah_assets.inbound.everybody import Everybody
from gigya_cheetah_assets.inbound.feeds import Feed
from gigya_cheetah_assets.inbound.nobody import Nobody
from gigya_cheetah_assets.inbound.person import UNKNOWN_ADDRESS, Row, only_opt_outs, opt_outs_of
from gigya_cheetah_assets.ledger import InboundState
from gigya_cheetah_assets.ledger.parked import normal_address


class Naming:
    """Names the rows of one file.

    Args:
        feed: The file's feed.
        everybody: Knows who has an address.
        nobody: Takes the rows that are about nobody.
        state: Knows on which addresses both sides agreed.
    """

    def __init__(self, feed: Feed, everybody: Everybody, nobody: Nobody, state: InboundState) -> None:
        self._feed, self._everybody, self._nobody, self._state = feed, everybody, nobody, state
        self._email = feed.table.email.cheetahmail

    def named(self, batch: pa.Table) -> pa.Table:
        """The rows with the UIDs or keys of today; without those that are about nobody.

        A row without a UID gets that of the only account which has its address.
        """
        batch = self._of_today(batch)
        nameless = pc.is_null(batch["uid"])
        if not pc.any(nameless).as_py():
            return batch
        rows = batch.filter(nameless).to_pylist()
        owners = self._everybody.whose(row["email"] for row in rows if not self._nobody.is_begun(row))
        for row in rows:
            row["uid"] = None if self._nobody.is_begun(row) else owners.get(normal_address(row["email"] or ""))
        self._nobody.add([row for row in rows if row["uid"] is None], UNKNOWN_ADDRESS)
        known = [row for row in rows if row["uid"] is not None]
        found = pa.Table.from_pylist(self._proven(known) if self._feed.creates else known, schema=batch.schema)
        return pa.concat_tables([batch.filter(pc.invert(nameless)), found])

    def _proven(self, rows: list[Row]) -> list[Row]:
        """Rows that an address ties to an account on which both sides agreed; of the others only the opt-outs."""
        bases = self._state.bases(sorted({row["uid"] for row in rows}))
        agreed = {uid: (base[self._email].value or "").lower() for uid, base in bases.items() if self._email in base}
        kept: list[Row] = []
        refused: list[Row] = []
        for row in rows:
            if agreed.get(row["uid"]) == normal_address(row["email"]):
                kept.append(row)
            elif opt_outs_of(self._feed, row):
                kept.append(only_opt_outs(self._feed, row))
            else:
                refused.append(row)
        self._nobody.refuse(refused, MISSING_UID)
        return kept

    def _of_today(self, batch: pa.Table) -> pa.Table:
        """Rows that name a lite account which registered are about the UID."""
        uids = batch["uid"].to_pylist()
        successors = self._everybody.successors(uids)
        if not successors:
            return batch
        today = pa.array([successors.get(uid, uid) for uid in uids], pa.string())
        return batch.set_column(batch.schema.get_field_index("uid"), "uid", today)
