"""The durable steps of both directions and of segments, by name: what is done stays done, whoever is killed afterwards.

Whoever finishes one says so with `reached`, a line for the log; tests kill a run at each of them in turn. A step that
comes again and again in a run (a file, a batch, an account) has one name.
"""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)

FILE_DELIVERED = "file_delivered"
COUNT_DELIVERED = "count_delivered"
TRIGGER_DELIVERED = "trigger_delivered"
DELIVERY_RECORDED = "delivery_recorded"

SEGMENT_BEGUN = "segment_begun"

OFFER_WRITTEN = "offer_written"
FILE_COPIED = "file_copied"
FILE_ENTERED = "file_entered"
FILE_REFUSED = "file_refused"
ITEMS_PLANNED = "items_planned"
OPT_OUTS_PARKED = "opt_outs_parked"
ACCOUNT_WRITTEN = "account_written"
ITEMS_SETTLED = "items_settled"
OPT_OUTS_UNPARKED = "opt_outs_unparked"
FILE_FINISHED = "file_finished"
RESULT_DELIVERED = "result_delivered"
FILE_MOVED = "file_moved"
OFFER_CLOSED = "offer_closed"

OUTBOUND = (
    "gigya_profiles_kept",
    "cheetahmail_rows_kept",
    FILE_DELIVERED,
    COUNT_DELIVERED,
    TRIGGER_DELIVERED,
    DELIVERY_RECORDED,
    "staged_import_files_kept",
)
"""Of a window, in the order of their first time."""

SEGMENTS = (
    "segment_members_kept",
    SEGMENT_BEGUN,
    FILE_DELIVERED,
    DELIVERY_RECORDED,
    "staged_segment_file_kept",
)
"""Of a segment, in their order."""

INBOUND = (
    FILE_COPIED,
    FILE_ENTERED,
    "inbound_rows_kept",
    OPT_OUTS_PARKED,
    ITEMS_PLANNED,
    "inbound_change_set_kept",
    ACCOUNT_WRITTEN,
    ITEMS_SETTLED,
    OPT_OUTS_UNPARKED,
    FILE_FINISHED,
    "gigya_account_updates_kept",
    RESULT_DELIVERED,
    FILE_MOVED,
    OFFER_CLOSED,
)
"""Of a file that was offered, in the order of their first time."""

REFUSED = (FILE_COPIED, FILE_ENTERED, FILE_REFUSED, RESULT_DELIVERED, FILE_MOVED, OFFER_CLOSED)
"""Of a file that is refused as a whole, in their order."""


def kept(asset: str) -> str:
    """The step by which the finished folder of an asset takes its place."""
    return f"{asset}_kept"


def reached(step: str) -> None:
    """Tells that a step is durable from now on."""
    log.debug("durable: %s", step)
