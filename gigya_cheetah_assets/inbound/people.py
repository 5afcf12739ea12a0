"""Who a row is about and when it happened: UID, address and time, for every kind of feed."""

from __future__ import annotations

from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.inbound import kinds
from gigya_cheetah_assets.inbound.cells import (
    MALFORMED_EMAIL,
    MALFORMED_UID,
    MISSING_UID,
    blank_as_null,
    cleaned,
    malformed_email,
    malformed_uid,
    one_array,
    without_words,
)
from gigya_cheetah_assets.inbound.feeds import Columns, Feed
from gigya_cheetah_assets.inbound.times import moments
from gigya_cheetah_assets.inbound.verdicts import Verdicts

MISSING_KEY = "missing_key"
BAD_TIME = "bad_time"
TIME_IN_FUTURE = "time_in_future"
# How far a clock of CheetahMail's may be ahead of ours, ms.
CLOCK_SKEW = 600_000
_NONE = pa.scalar(None, pa.string())


def texts(feed: Feed, columns: Columns, rows: pa.Table, canonical: str) -> pa.Array:
    """A column, cleaned, null where it is blank or the file lacks it."""
    if canonical not in columns.at:
        return pa.nulls(len(rows), pa.string())
    found = cleaned(one_array(rows[columns.at[canonical]]))
    return blank_as_null(without_words(found, feed.format.null_words))


def uids(feed: Feed, columns: Columns, rows: pa.Table, verdicts: Verdicts, *, needed: bool) -> pa.Array:
    """The UIDs; where they are not needed, a malformed one becomes null and the address must do.

    Where accounts are made of newcomers a row without any is one, and needs an address.
    """
    found = texts(feed, columns, rows, kinds.UID)
    odd = malformed_uid(found)
    if needed and feed.creates:
        verdicts.reject(odd, kinds.UID, MALFORMED_UID)
        someone(found, texts(feed, columns, rows, kinds.EMAIL), verdicts)
        return found
    if needed:
        verdicts.reject(pc.is_null(found), kinds.UID, MISSING_UID)
        verdicts.reject(odd, kinds.UID, MALFORMED_UID)
        return found
    verdicts.value_error(odd, kinds.UID, MALFORMED_UID)
    return pc.if_else(odd, _NONE, found)


def emails(feed: Feed, columns: Columns, rows: pa.Table, verdicts: Verdicts) -> pa.Array:
    """The addresses, null where there is none; a malformed one is counted."""
    found = texts(feed, columns, rows, kinds.EMAIL)
    odd = malformed_email(found)
    verdicts.value_error(odd, kinds.EMAIL, MALFORMED_EMAIL)
    return pc.if_else(odd, _NONE, found)


def someone(uid: pa.Array, email: pa.Array, verdicts: Verdicts) -> None:
    """Rejects the rows that name neither a UID nor an address."""
    verdicts.reject(pc.and_(pc.is_null(uid), pc.is_null(email)), kinds.UID, MISSING_KEY)


def times(
    feed: Feed,
    columns: Columns,
    rows: pa.Table,
    verdicts: Verdicts,
    *,
    column: str,
    rule: Literal["opt_out", "opt_in", "other"],
) -> pa.Array:
    """Epoch ms of each row, null where it is not known.

    An opt-out without a readable time stands undated, one from the future counts as of now; an opt-in with either is
    rejected, for it could win over what was later; everything else is undated then, and so never wins by its time.
    """
    found = texts(feed, columns, rows, column)
    at, wrong = moments(found, feed.format.time_zone, late=rule == "opt_out")
    future = pc.fill_null(pc.greater(at, feed.now + CLOCK_SKEW), False)
    if rule == "opt_in":
        verdicts.reject(pc.or_(wrong, pc.is_null(found)), column, BAD_TIME)
        verdicts.reject(future, column, TIME_IN_FUTURE)
        return at
    verdicts.value_error(wrong, column, BAD_TIME)
    verdicts.value_error(future, column, TIME_IN_FUTURE)
    instead = pa.scalar(feed.now if rule == "opt_out" else None, pa.int64())
    return pc.if_else(future, instead, at)
