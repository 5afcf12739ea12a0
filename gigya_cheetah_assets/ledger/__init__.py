"""The ledger: per sync and UID, the row on which both sides were last known to agree, and where it came from.

`Ledger` reads and records it, `compare` and `compare_rejected` say what has to leave. Nothing here knows Dagster.
"""

from gigya_cheetah_assets.ledger.baseline import Baseline
from gigya_cheetah_assets.ledger.compare import Changes, Flips, compare
from gigya_cheetah_assets.ledger.deliveries import DeliveredFile, Delivery
from gigya_cheetah_assets.ledger.errors import LedgerBusy, LedgerDamaged, LedgerTooNew, LedgerUnusable
from gigya_cheetah_assets.ledger.rejected import RejectedOptOuts, compare_rejected
from gigya_cheetah_assets.ledger.shape import RowShape
from gigya_cheetah_assets.ledger.store import Ledger
from gigya_cheetah_assets.ledger.url import LEDGER_VARIABLE

__all__ = [
    "LEDGER_VARIABLE",
    "Baseline",
    "Changes",
    "DeliveredFile",
    "Delivery",
    "Flips",
    "Ledger",
    "LedgerBusy",
    "LedgerDamaged",
    "LedgerTooNew",
    "LedgerUnusable",
    "RejectedOptOuts",
    "RowShape",
    "compare",
    "compare_rejected",
]
