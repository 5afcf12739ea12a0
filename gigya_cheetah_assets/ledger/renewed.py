"""Opt-outs that are said once more: the state stays, the time is later. Whether anybody has to be told is in `compare`.

A state alone is what CheetahMail has, so its time is no difference between the sides. But it decides against opt-ins of
others who have the address, so the ledger keeps the latest.
"""

from __future__ import annotations

import pyarrow as pa

from gigya_cheetah_assets.ledger.arrow import Mask, column, mask, pc
from gigya_cheetah_assets.ledger.baseline import Baseline
from gigya_cheetah_assets.ledger.consents import OPT_OUT
from gigya_cheetah_assets.ledger.shape import RowShape, at_column, state_column


def renewed_opt_outs(rows: pa.Table, before: Baseline, shape: RowShape) -> dict[str, Mask]:
    """By subscription who is opted out by the ledger and the rows, in these by a later decision."""
    renewed = {}
    for name in shape.subscriptions:
        agreed, agreed_at = before.consent(name)
        still_out = pc.and_(pc.equal(agreed, OPT_OUT), pc.equal(column(rows, state_column(name)), OPT_OUT))
        renewed[name] = mask(pc.and_(still_out, pc.greater(column(rows, at_column(name)), agreed_at)))
    return renewed


def seen_again(rows: pa.Table, before: Baseline, shape: RowShape) -> pa.Table:
    """Key and consent columns of unchanged rows, with the ledger's times but where an opt-out was renewed."""
    seen = rows.select([shape.key, *shape.consent_columns])
    for name, again in renewed_opt_outs(rows, before, shape).items():
        times = pc.if_else(pa.array(again), column(rows, at_column(name)), before.consent(name)[1])
        seen = seen.set_column(seen.schema.get_field_index(at_column(name)), at_column(name), times)
    return seen
