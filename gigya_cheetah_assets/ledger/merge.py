"""The three-way merge of one person: the ledger's agreed value, Gigya's now, CheetahMail's in the file.

Plain functions, one decision a field. Subscriptions have rules of their own in `merge_consent`; several rows of one
person in a file become one in `fold`.

Changed on one side: that side's value stands. Changed on both, differently: the field's owner decides; with `latest`
the later one, Gigya's if that cannot be told. What Gigya owns is never written, an empty cell erases nothing unless
the field says so, and a file that is older than what was agreed on changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from gigya_cheetah_assets.ledger.merge_consent import (
    AGREE,
    CHANGED_IN_GIGYA,
    CLOCK_SKEW,
    SAYS_NOTHING,
    merge_consent,
)
from gigya_cheetah_assets.ledger.sides import UNKNOWN, Base, Decision, FieldRule, Side

GIGYA_OWNS = "gigya_owns"
OLDER_THAN_AGREED = "older_than_agreed"
CHANGED_IN_CHEETAHMAIL = "changed_in_cheetahmail"
OWNER_CHEETAHMAIL = "owner_cheetahmail"
LATEST_GIGYA = "latest_gigya"
LATEST_CHEETAHMAIL = "latest_cheetahmail"


def merge(
    rules: Mapping[str, FieldRule],
    base: Mapping[str, Base],
    gigya: Mapping[str, Side],
    cheetahmail: Mapping[str, Side],
) -> dict[str, Decision]:
    """The decision for each column that the file has and a rule names.

    A column that the file lacks is not the same as an empty cell: it gets no decision. A column without a base was
    never agreed on, one that Gigya's side lacks has no value there.
    """
    return {
        column: merge_field(rule, base.get(column, UNKNOWN), gigya.get(column, Side(None)), cheetahmail[column])
        for column, rule in rules.items()
        if column in cheetahmail
    }


def merge_field(rule: FieldRule, base: Base, gigya: Side, cheetahmail: Side) -> Decision:
    """The decision for one field."""
    base = as_asked(rule, base, gigya)
    if rule.owner == "gigya":
        return _gigya_owns(rule, base, gigya, cheetahmail)
    if rule.subscription:
        return merge_consent(base, gigya, cheetahmail)
    if rule.same(cheetahmail.value, None) and not rule.blank_erases:
        return _kept(SAYS_NOTHING, gigya, cheetahmail, at=gigya.at)
    if rule.same(gigya.value, cheetahmail.value):
        return _kept(AGREE, gigya, cheetahmail, at=_later(base, gigya, cheetahmail, rule))
    return _differing(rule, base, gigya, cheetahmail)


def as_asked(rule: FieldRule, base: Base, gigya: Side) -> Base:
    """The base, or, where Gigya has a value that it has from us, that value with the evidence that we had for it."""
    if base.known and rule.same(base.value, gigya.value):
        return base
    for one in base.asked:
        written = gigya.at if one.written is None else one.written
        ours = gigya.at is None or (written is not None and gigya.at <= written + CLOCK_SKEW)
        if rule.same(one.value, gigya.value) and ours:
            return Base(gigya.value, one.at, written, asked=base.asked)
    return base


def _differing(rule: FieldRule, base: Base, gigya: Side, cheetahmail: Side) -> Decision:
    if not base.known:
        if rule.same(gigya.value, None):
            return _taken(CHANGED_IN_CHEETAHMAIL, gigya, cheetahmail)
        return _conflict(rule, gigya, cheetahmail)
    if rule.same(base.value, cheetahmail.value):
        return _kept(CHANGED_IN_GIGYA, gigya, cheetahmail, at=gigya.at)
    if _is_older(rule, base, cheetahmail):
        return _kept(OLDER_THAN_AGREED, gigya, cheetahmail, at=base.at)
    if rule.same(base.value, gigya.value):
        return _taken(CHANGED_IN_CHEETAHMAIL, gigya, cheetahmail)
    return _conflict(rule, gigya, cheetahmail)


def _conflict(rule: FieldRule, gigya: Side, cheetahmail: Side) -> Decision:
    if rule.owner == "cheetahmail":
        return _taken(OWNER_CHEETAHMAIL, gigya, cheetahmail, conflict=True)
    later = gigya.at is not None and cheetahmail.at is not None and cheetahmail.at > gigya.at
    if later:
        return _taken(LATEST_CHEETAHMAIL, gigya, cheetahmail, conflict=True)
    return _kept(LATEST_GIGYA, gigya, cheetahmail, at=gigya.at, conflict=True)


def _is_older(rule: FieldRule, base: Base, cheetahmail: Side) -> bool:
    """Whether the file's value is older than the agreed one, which came from a file that was read before it."""
    if base.at is None or cheetahmail.at is None:
        return False
    if cheetahmail.at == base.at:
        # Either would do, but it must be the same one whatever the order of the files.
        return rule.canonical(cheetahmail.value or "") < rule.canonical(base.value or "")
    return cheetahmail.at < base.at


def _later(base: Base, gigya: Side, cheetahmail: Side, rule: FieldRule) -> int | None:
    """When a value that both sides have came to be: the latest evidence.

    Gigya's time is that of the account: it counts where the later one decides and Gigya has changed the value.
    """
    agreed = base.at
    if not base.known or not rule.same(base.value, gigya.value):
        agreed = gigya.at if rule.owner == "latest" else None
    return max((at for at in (agreed, cheetahmail.at) if at is not None), default=gigya.at)


def _gigya_owns(rule: FieldRule, base: Base, gigya: Side, cheetahmail: Side) -> Decision:
    silent = rule.same(gigya.value, cheetahmail.value) or cheetahmail.value is None
    claimed = not silent and not (base.known and rule.same(base.value, cheetahmail.value))
    return Decision(
        gigya.value, False, GIGYA_OWNS, claimed, None if silent else cheetahmail.value, gigya.at, cheetahmail.line
    )


def _kept(rule: str, gigya: Side, cheetahmail: Side, *, at: int | None, conflict: bool = False) -> Decision:
    loser = None if rule in (AGREE, SAYS_NOTHING) else cheetahmail.value
    return Decision(gigya.value, False, rule, conflict, loser, at, cheetahmail.line)


def _taken(rule: str, gigya: Side, cheetahmail: Side, *, conflict: bool = False) -> Decision:
    return Decision(cheetahmail.value, True, rule, conflict, gigya.value, cheetahmail.at, cheetahmail.line)
