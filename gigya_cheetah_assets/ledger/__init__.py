"""The ledger: per sync and UID, the row on which both sides were last known to agree, and where it came from.

`Ledger` reads and records it, `compare` and `compare_rejected` say what has to leave. Of the inbound direction,
`InboundState` keeps how far a file has come, `fold` and `merge` decide. Nothing here knows Dagster.
"""

from gigya_cheetah_assets.ledger.acknowledged import correct_late_opt_outs
from gigya_cheetah_assets.ledger.baseline import Baseline
from gigya_cheetah_assets.ledger.compare import Changes, Flips, compare
from gigya_cheetah_assets.ledger.consent_log import BrokenRow, ConsentEntry, LoggedConsent
from gigya_cheetah_assets.ledger.deliveries import DeliveredFile, Delivery
from gigya_cheetah_assets.ledger.errors import LedgerBusy, LedgerDamaged, LedgerTooNew, LedgerUnusable
from gigya_cheetah_assets.ledger.fold import Event, Folded, fold
from gigya_cheetah_assets.ledger.inbound import InboundState
from gigya_cheetah_assets.ledger.inbound_items import (
    Change,
    InboundFile,
    InboundRecord,
    Item,
    ParkedOptOut,
    Settlement,
)
from gigya_cheetah_assets.ledger.merge import merge, merge_field
from gigya_cheetah_assets.ledger.prepared import PreparedRows
from gigya_cheetah_assets.ledger.rejected import RejectedOptOuts, compare_rejected
from gigya_cheetah_assets.ledger.segments import SegmentDelivery, SegmentState
from gigya_cheetah_assets.ledger.shape import RowShape
from gigya_cheetah_assets.ledger.sides import (
    UNKNOWN,
    Base,
    Decision,
    FieldRule,
    Side,
    canonical_date,
    canonical_text,
)
from gigya_cheetah_assets.ledger.store import Ledger
from gigya_cheetah_assets.ledger.told_again import told_again, without_those_told
from gigya_cheetah_assets.ledger.tombstones import Deleted, DeletedPerson, Tombstone, Tombstones
from gigya_cheetah_assets.ledger.uploads import own_deliveries
from gigya_cheetah_assets.ledger.url import LEDGER_VARIABLE

__all__ = [
    "LEDGER_VARIABLE",
    "UNKNOWN",
    "Base",
    "Baseline",
    "BrokenRow",
    "Change",
    "Changes",
    "ConsentEntry",
    "Decision",
    "Deleted",
    "DeletedPerson",
    "DeliveredFile",
    "Delivery",
    "Event",
    "FieldRule",
    "Flips",
    "Folded",
    "InboundFile",
    "InboundRecord",
    "InboundState",
    "Item",
    "Ledger",
    "LedgerBusy",
    "LedgerDamaged",
    "LedgerTooNew",
    "LedgerUnusable",
    "LoggedConsent",
    "ParkedOptOut",
    "PreparedRows",
    "RejectedOptOuts",
    "RowShape",
    "SegmentDelivery",
    "SegmentState",
    "Settlement",
    "Side",
    "Tombstone",
    "Tombstones",
    "canonical_date",
    "canonical_text",
    "compare",
    "compare_rejected",
    "correct_late_opt_outs",
    "fold",
    "merge",
    "merge_field",
    "own_deliveries",
    "told_again",
    "without_those_told",
]
