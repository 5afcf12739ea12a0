"""Unsubscribes and subscribes: from a reason and a list to the state of each subscription.

An opt-out is never lost: a code that nobody knows, a blank list, a missing time or UID do not hold it up. An opt-in
needs all of them. What our own upload brought back is no event.
"""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.inbound import kinds
from gigya_cheetah_assets.inbound.feeds import ACKNOWLEDGED, Columns, Feed, Typed, framed
from gigya_cheetah_assets.inbound.people import CLOCK_SKEW, emails, someone, texts, times, uids
from gigya_cheetah_assets.inbound.verdicts import Verdicts
from gigya_cheetah_assets.mapping.consent import OPT_IN, OPT_OUT
from gigya_cheetah_assets.mapping.text import joined

UNKNOWN_CODE = "unknown_code"
OTHER_LIST = "other_list"
NO_SUBSCRIPTION = "no_subscription"
MISSING_LIST = "missing_list"
IGNORED_CODE = "ignored_code"
ECHO = "echo"
PERSISTENT = "persistent"
_HOUR = 3_600_000
_NONE = pa.scalar(None, pa.string())


def unsubscribes(feed: Feed, columns: Columns, rows: pa.Table) -> Typed:
    """A batch of unsubscribes; `treatment` says what the reason means.

    Where it is no decision of the person `bounce` is set, and `ended` names the subscriptions on which mail ended.
    """
    verdicts = Verdicts(rows["line"].combine_chunks())
    uid = uids(feed, columns, rows, verdicts, needed=False)
    email = emails(feed, columns, rows, verdicts)
    someone(uid, email, verdicts)
    code, treatment = _treatments(feed, columns, rows, verdicts)
    verdicts.ignore(pc.equal(treatment, "ignore"), IGNORED_CODE)
    at = times(feed, columns, rows, verdicts, column="UNSUBSCRIBED_AT", rule="opt_out")
    bounced = pc.equal(treatment, "bounce")
    named = _spoken_of(feed, texts(feed, columns, rows, kinds.LIST_ID), treatment)
    spoken = {name: pc.and_(mask, pc.invert(bounced)) for name, mask in named.items()}
    verdicts.ignore(_of_none(spoken, bounced), OTHER_LIST if feed.subscriptions else NO_SUBSCRIPTION)
    echoes = pc.and_(verdicts.going, _echoes(feed, uid, at, treatment, spoken))
    verdicts.ignore(echoes, ECHO)
    made = {"line": rows["line"], "uid": uid, "email": email, "at": at, "code": code, "treatment": treatment}
    made["bounce"] = pc.if_else(bounced, pa.scalar(PERSISTENT), _NONE)
    ended = [pc.if_else(pc.and_(mask, bounced), pa.scalar(name), _NONE) for name, mask in named.items()]
    made["ended"] = joined(pa.nulls(len(rows), pa.string()), *ended)
    made |= {name: pc.if_else(mask, pa.scalar(OPT_OUT), _NONE) for name, mask in spoken.items()}
    return replace(framed(feed, columns, made, verdicts), acknowledged=_acknowledged(uid, at, echoes, spoken))


def subscribes(feed: Feed, columns: Columns, rows: pa.Table) -> Typed:
    """A batch of subscribes; `first_party` tells whether the person gave it, as the source says."""
    verdicts = Verdicts(rows["line"].combine_chunks())
    uid = uids(feed, columns, rows, verdicts, needed=True)
    email = emails(feed, columns, rows, verdicts)
    at = times(feed, columns, rows, verdicts, column="SUBSCRIBED_AT", rule="opt_in")
    lists = texts(feed, columns, rows, kinds.LIST_ID)
    verdicts.reject(pc.is_null(lists), kinds.LIST_ID, MISSING_LIST)
    spoken = {name: _on_list(feed, lists, name) for name in feed.subscriptions}
    verdicts.ignore(_of_none(spoken, pc.is_null(lists)), OTHER_LIST if feed.subscriptions else NO_SUBSCRIPTION)
    code = texts(feed, columns, rows, "SOURCE")
    known = pa.array([source.lower() for source in feed.config.first_party], pa.string())
    first_party = pc.fill_null(pc.is_in(pc.utf8_lower(code), value_set=known), False)
    made = {"line": rows["line"], "uid": uid, "email": email, "at": at, "code": code, "first_party": first_party}
    made |= {name: pc.if_else(mask, pa.scalar(OPT_IN), _NONE) for name, mask in spoken.items()}
    return framed(feed, columns, made, verdicts)


def _acknowledged(uid: pa.Array, at: pa.Array, echoes: pa.Array, spoken: dict[str, pa.Array]) -> pa.Table:
    """The opt-outs of ours that these rows bring back."""
    found = [ACKNOWLEDGED.empty_table()]
    for name, mask in spoken.items():
        theirs = pc.and_(echoes, mask)
        people, times = uid.filter(theirs), at.filter(theirs)
        found.append(pa.table([people, pa.repeat(name, len(people)), times], schema=ACKNOWLEDGED))
    return pa.concat_tables(found)


def _treatments(feed: Feed, columns: Columns, rows: pa.Table, verdicts: Verdicts) -> tuple[pa.Array, pa.Array]:
    """Codes in lower case and what they mean; one that nobody knows, or none, is an opt-out and counted."""
    code = pc.utf8_lower(texts(feed, columns, rows, "REASON"))
    known = feed.reasons
    at = pc.index_in(code, value_set=pa.array(list(known), pa.string()))
    verdicts.value_error(pc.is_null(at), "REASON", UNKNOWN_CODE)
    return code, pc.fill_null(pa.array(list(known.values()), pa.string()).take(at), "opt_out")


def _spoken_of(feed: Feed, lists: pa.Array, treatment: pa.Array) -> dict[str, pa.Array]:
    """By subscription the rows that speak of it."""
    everything = pc.or_(pc.equal(treatment, "opt_out_all"), _means_all(feed, lists))
    return {name: pc.or_(everything, _on_list(feed, lists, name)) for name in feed.subscriptions}


def _means_all(feed: Feed, lists: pa.Array) -> pa.Array:
    """No list or the master list is every subscription; so is any list where none are told apart."""
    if not feed.lists and len(feed.subscriptions) == 1:
        return pa.repeat(pa.scalar(True), len(lists))
    if kinds.MASTER_LIST in feed.lists:
        return pc.is_null(lists)
    return pc.or_(pc.is_null(lists), pc.fill_null(pc.equal(lists, kinds.MASTER_LIST), False))


def _on_list(feed: Feed, lists: pa.Array, column: str) -> pa.Array:
    ids = [found for found, name in feed.lists.items() if name == column]
    return pc.is_in(lists, value_set=pa.array(ids, pa.string()))


def _of_none(spoken: dict[str, pa.Array], otherwise: pa.Array) -> pa.Array:
    """Rows that speak of no subscription, nor otherwise of anything."""
    says = otherwise
    for mask in spoken.values():
        says = pc.or_(says, mask)
    return pc.invert(says)


def _echoes(feed: Feed, uid: pa.Array, at: pa.Array, treatment: pa.Array, spoken: dict[str, pa.Array]) -> pa.Array:
    """Rows that only bring back an opt-out which we uploaded shortly before, for all subscriptions they speak of."""
    found = [False] * len(uid)
    candidates = pc.and_(pc.equal(treatment, "echo"), pc.and_(pc.is_valid(uid), pc.is_valid(at)))
    if feed.own_uploads is None or not pc.any(candidates).as_py():
        return pa.array(found, pa.bool_())
    people, times = uid.filter(candidates).to_pylist(), at.filter(candidates).to_pylist()
    window = feed.format.echo_hours * _HOUR
    uploaded = feed.own_uploads(sorted(set(people)), min(times) - window)
    masks = {name: mask.to_pylist() for name, mask in spoken.items()}
    for row, person, when in zip(pc.indices_nonzero(candidates).to_pylist(), people, times, strict=True):
        sent = [uploaded.get((person, name), ()) for name, mask in masks.items() if mask[row]]
        found[row] = all(any(-CLOCK_SKEW <= when - time <= window for time in delivered) for delivered in sent)
    if feed.echoed is not None:
        rows = [row for row, echo in enumerate(found) if echo]
        feed.echoed([(uid[row].as_py(), name) for row in rows for name, mask in masks.items() if mask[row]])
    return pa.array(found, pa.bool_())
