"""Consent: the state of a subscription and when it came to be, for the forms that stand in one place of the account.

A subscription's `isSubscribed` alone is not consent: it flips at once, before a double opt-in is confirmed (Gigya,
Subscriptions object). So only a confirmed or unneeded double opt-in counts as opt_in, and of a consent statement only
one to a document that is new enough; everything in between is pending. Communication Preferences are in
`communications`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.config import FieldConfig
from gigya_cheetah_assets.gigya.schema import OldestDocument
from gigya_cheetah_assets.mapping import moments
from gigya_cheetah_assets.mapping.structs import Preference, Subscription

OPT_IN, OPT_OUT, PENDING = "opt_in", "opt_out", "pending"
STATES = (OPT_IN, OPT_OUT, PENDING)
CONFIRMED = "Confirmed"
YES = ("true", "1", "yes", "y", "on", "optin", "opt_in", "opt-in", "opted_in", "subscribed")
NO = ("false", "0", "no", "n", "off", "optout", "opt_out", "opt-out", "opted_out", "unsubscribed")
_SPELLINGS = {**dict.fromkeys(YES, OPT_IN), **dict.fromkeys(NO, OPT_OUT)}


def subscription_state(subscription: Subscription | None, field: FieldConfig) -> str | None:
    """opt_in, opt_out, pending, or None where nothing is known."""
    if subscription is None or subscription.is_subscribed is None:
        return None
    if not subscription.is_subscribed:
        return OPT_OUT
    double = subscription.double_opt_in
    status = double.status if double is not None else None
    if status is None:
        return PENDING if field.double_opt_in == "required" else OPT_IN
    return OPT_IN if status == CONFIRMED else PENDING


def subscription_columns(leaves: list[Subscription | None], field: FieldConfig) -> tuple[pa.Array, pa.Array]:
    """State and time (epoch ms) of each; the time is the confirmation's where that came later."""
    states = pa.array([subscription_state(leaf, field) for leaf in leaves], pa.string())
    changed = [None if leaf is None else leaf.last_updated_subscription_state for leaf in leaves]
    confirmed = [_confirm_time(leaf) for leaf in leaves]
    return states, pc.max_element_wise(moments.milliseconds(changed), moments.milliseconds(confirmed))


def the_one_that_stands(leaves: Sequence[Subscription]) -> Subscription:
    """Of contradictory duplicates the opt-out, unless the other is provably later: in doubt nobody is mailed.

    A dotted id may stand flat and nested in one account (Gigya, Subscriptions object).
    """
    outs = [leaf for leaf in leaves if not leaf.is_subscribed]
    ins = [leaf for leaf in leaves if leaf.is_subscribed]
    if not outs or not ins:
        return leaves[0]
    times = moments.milliseconds([leaf.last_updated_subscription_state for leaf in (*outs, *ins)]).to_pylist()
    last_out = [time for time in times[: len(outs)] if time is not None]
    later = [
        leaf
        for leaf, time in zip(ins, times[len(outs) :], strict=True)
        if len(last_out) == len(outs) and time is not None and time > max(last_out)
    ]
    return later[0] if later else outs[0]


def _confirm_time(subscription: Subscription | None) -> str | None:
    if subscription is None or subscription.double_opt_in is None or not subscription.is_subscribed:
        return None
    double = subscription.double_opt_in
    return double.confirm_time if double.status == CONFIRMED else None


def preference_columns(leaves: list[Preference | None], oldest: Sequence[OldestDocument]) -> tuple[pa.Array, pa.Array]:
    """State and time (epoch ms) of each consent statement.

    One to an older document than any of `oldest` is pending, as is one that does not tell its document.
    """
    granted = pa.array([None if leaf is None else leaf.is_consent_granted for leaf in leaves], pa.bool_())
    states = pc.if_else(granted, pc.if_else(_recent(leaves, oldest), OPT_IN, PENDING), OPT_OUT)
    return states, time_of(
        states,
        moments.milliseconds([None if leaf is None else leaf.action_timestamp for leaf in leaves]),
        moments.milliseconds([None if leaf is None else leaf.last_consent_modified for leaf in leaves]),
    )


def time_of(states: Any, *known: pa.Array) -> pa.Array:
    """When a state came to be, of several times that are told: of an opt-in the earliest, of anything else the latest.

    What was stored later than it was given must not lift an opt-out from in between.
    """
    return pc.if_else(
        pc.fill_null(pc.equal(states, OPT_IN), False), pc.min_element_wise(*known), pc.max_element_wise(*known)
    )


def _recent(leaves: list[Preference | None], oldest: Sequence[OldestDocument]) -> pa.Array:
    """Which consents are to a document that is new enough."""
    recent = pa.repeat(pa.scalar(True), len(leaves))
    for document in oldest:
        least = document.version
        if least is not None:
            recent = pc.and_(recent, pa.array([_is_at_least(leaf, least) for leaf in leaves], pa.bool_()))
        if document.date is not None:
            dates = moments.milliseconds([None if leaf is None else leaf.doc_date for leaf in leaves])
            (least_date,) = moments.milliseconds([document.date])
            recent = pc.and_(recent, pc.fill_null(pc.greater_equal(dates, least_date), False))
    return recent


def _is_at_least(leaf: Preference | None, version: float) -> bool:
    known = None if leaf is None else leaf.doc_version
    return known is not None and isfinite(known) and known >= version


def from_text(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    """States of a plain data field, and which texts say neither yes nor no: those are never taken for an opt-in."""
    lowered = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    at = pc.index_in(lowered, value_set=pa.array(list(_SPELLINGS)))
    states = pa.array(list(_SPELLINGS.values()), pa.string()).take(at)
    unknown = pc.and_(pc.is_valid(texts), pc.and_(pc.is_null(at), pc.not_equal(pc.fill_null(lowered, ""), "")))
    return states, unknown
