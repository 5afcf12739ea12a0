"""Consent: the state of a subscription and when it came to be.

`isSubscribed` alone is not consent: it flips at once, before a double opt-in is confirmed (Gigya, Subscriptions
object). So only a confirmed or unneeded double opt-in counts as opt_in; everything in between is pending.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.config import FieldConfig
from gigya_cheetah_assets.mapping import moments
from gigya_cheetah_assets.mapping.structs import Subscription

OPT_IN, OPT_OUT, PENDING = "opt_in", "opt_out", "pending"
STATES = (OPT_IN, OPT_OUT, PENDING)
CONFIRMED = "Confirmed"
YES = ("true", "1", "yes", "y", "on", "optin", "opt_in", "opt-in", "opted_in", "subscribed")
NO = ("false", "0", "no", "n", "off", "optout", "opt_out", "opt-out", "opted_out", "unsubscribed")
_SPELLINGS = {**dict.fromkeys(YES, OPT_IN), **dict.fromkeys(NO, OPT_OUT)}


def state_of(subscription: Subscription | None, field: FieldConfig) -> str | None:
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


def columns(subscriptions: list[Subscription | None], field: FieldConfig) -> tuple[pa.Array, pa.Array]:
    """State and time (epoch ms) of each; the time is the confirmation's where that came later."""
    states = pa.array([state_of(subscription, field) for subscription in subscriptions], pa.string())
    changed = [None if s is None else s.last_updated_subscription_state for s in subscriptions]
    confirmed = [_confirm_time(s) for s in subscriptions]
    return states, pc.max_element_wise(moments.milliseconds(changed), moments.milliseconds(confirmed))


def _confirm_time(subscription: Subscription | None) -> str | None:
    if subscription is None or subscription.double_opt_in is None or not subscription.is_subscribed:
        return None
    double = subscription.double_opt_in
    return double.confirm_time if double.status == CONFIRMED else None


def from_text(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    """States of a plain data field, and which texts say neither yes nor no: those are never taken for an opt-in."""
    lowered = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    at = pc.index_in(lowered, value_set=pa.array(list(_SPELLINGS)))
    states = pa.array(list(_SPELLINGS.values()), pa.string()).take(at)
    unknown = pc.and_(pc.is_valid(texts), pc.and_(pc.is_null(at), pc.not_equal(pc.fill_null(lowered, ""), "")))
    return states, unknown
