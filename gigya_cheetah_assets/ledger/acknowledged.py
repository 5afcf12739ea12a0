"""Opt-outs of ours that CheetahMail carried out too late: the person had come back in between.

An opt-out that we deliver and an opt-in that the person gives at CheetahMail may cross. Ours is then carried out last
there, while the opt-in, once it has arrived, stands in Gigya: both sides would believe to agree and do not. The echo of
our opt-out tells when it was carried out; a person who is opted in since before that, and whom no later delivery of
ours brought back, gets a correction: the next window tells CheetahMail of the opt-in.
"""

from __future__ import annotations

from collections.abc import Mapping

from gigya_cheetah_assets.ledger.consents import OPT_IN, OPT_OUT
from gigya_cheetah_assets.ledger.inbound import InboundState
from gigya_cheetah_assets.ledger.inbound_items import Change
from gigya_cheetah_assets.ledger.sides import UNKNOWN, Base
from gigya_cheetah_assets.ledger.store import Ledger
from gigya_cheetah_assets.ledger.uploads import own_deliveries

CARRIED_OUT_LATE = "carried_out_late"
"""Rule in the consent log: CheetahMail carried out our older opt-out after this opt-in, and is told again."""


def correct_late_opt_outs(
    ledger: Ledger, state: InboundState, sync: str, told: Mapping[tuple[str, str], int], *, sha256: str
) -> int:
    """Notes corrections for those whom CheetahMail opted out by our order after they had come back.

    Args:
        ledger: The open ledger.
        state: The sync's inbound state.
        sync: Name of the sync.
        told: By UID and subscription column when CheetahMail carried our opt-out out, epoch ms.
        sha256: Of the file that tells it.

    Returns:
        How many people get a correction.
    """
    uids = sorted({uid for uid, _ in told})
    bases = state.bases(uids)
    late = {one: at for one, at in told.items() if _came_back(bases[one[0]].get(one[1], UNKNOWN), at)}
    if not late:
        return 0
    again = own_deliveries(ledger, sync, sorted({uid for uid, _ in late}), since=min(late.values()), state=OPT_IN)
    wanted: dict[str, list[Change]] = {}
    for (uid, column), at in late.items():
        if all(delivered <= at for delivered in again.get((uid, column), ())):
            wanted.setdefault(uid, []).append(_change(column, bases[uid][column], at))
    return state.correct(sha256, wanted)


def _came_back(base: Base, carried_out: int) -> bool:
    return base.known and base.value == OPT_IN and (base.at is None or base.at < carried_out)


def _change(column: str, base: Base, carried_out: int) -> Change:
    return Change(
        column, OPT_IN, OPT_IN, None, False, CARRIED_OUT_LATE, True, OPT_OUT, base.at or carried_out, None, True
    )
