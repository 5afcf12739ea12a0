"""The merge of a subscription. An opt-out stands unless the opt-in is provably later.

Provably later: both times are known, the opt-in's is later, and the person gave it. An opt-out without a time can so
never be lifted by a file, only by the person in Gigya. What is agreed on carries the time of its evidence: a repeated
opt-in that the person gave moves it on, so that the order in which files arrive does not matter; the time at which we
ourselves wrote to Gigya never counts.
"""

from __future__ import annotations

from gigya_cheetah_assets.ledger.consents import OPT_IN, OPT_OUT, PENDING
from gigya_cheetah_assets.ledger.sides import Base, Decision, Side

AGREE = "agree"
SAYS_NOTHING = "says_nothing"
OPT_OUT_WINS = "opt_out_wins"
OPT_OUT_KNOWN = "opt_out_known"
OPT_IN_LATER = "opt_in_later"
OPT_IN_TAKEN = "opt_in_taken"
PENDING_STAYS = "pending_stays"
CHANGED_IN_GIGYA = "changed_in_gigya"

CLOCK_SKEW = 600_000
"""How far Gigya's clock may be from ours, ms: until then its time for a state that we wrote is that of our writing."""


def merge_consent(base: Base, gigya: Side, cheetahmail: Side) -> Decision:
    """The decision for a subscription that Gigya does not own.

    CheetahMail knows opt_in and opt_out; a pending or empty state of its side says nothing.
    """
    now = standing_time(base, gigya)
    if cheetahmail.value not in (OPT_IN, OPT_OUT):
        return Decision(gigya.value, False, SAYS_NOTHING, at=now, line=cheetahmail.line)
    if gigya.value == cheetahmail.value:
        return Decision(gigya.value, False, AGREE, at=_agreed_time(now, cheetahmail), line=cheetahmail.line)
    if cheetahmail.value == OPT_OUT:
        return _opt_out(base, gigya, cheetahmail, now)
    return _opt_in(base, gigya, cheetahmail, now)


def standing_time(base: Base, gigya: Side) -> int | None:
    """When Gigya's state came to be, as far as there is evidence."""
    if not base.known or base.value != gigya.value:
        return gigya.at
    if base.written is not None and (gigya.at is None or gigya.at <= base.written + CLOCK_SKEW):
        return base.at
    known = [at for at in (base.at, gigya.at) if at is not None]
    if gigya.value == OPT_OUT and len(known) < 2:
        return None
    return max(known, default=None)


def _agreed_time(now: int | None, cheetahmail: Side) -> int | None:
    if cheetahmail.value == OPT_OUT:
        if cheetahmail.at is None and not cheetahmail.event:
            return now
        # One opt-out without a time is enough: no opt-in is provably later than that.
        return None if now is None or cheetahmail.at is None else max(now, cheetahmail.at)
    given = proven_at(cheetahmail)
    return max((at for at in (now, given) if at is not None), default=None)


def proven_at(opt_in: Side) -> int | None:
    """The time of an opt-in that the person gave; None for one that proves nothing."""
    return opt_in.at if opt_in.first_party else None


def _opt_out(base: Base, gigya: Side, cheetahmail: Side, now: int | None) -> Decision:
    line = cheetahmail.line
    if not cheetahmail.event and base.known and base.value == OPT_OUT and not _before(gigya.at, base.at):
        # CheetahMail still shows what both sides had agreed on; what has changed since is Gigya's side.
        return Decision(gigya.value, False, OPT_OUT_KNOWN, False, OPT_OUT, now, line)
    if gigya.value == OPT_IN and now is not None and cheetahmail.at is not None and now > cheetahmail.at:
        return Decision(gigya.value, False, OPT_IN_LATER, True, OPT_OUT, now, line)
    both = gigya.value is not None and not (base.known and base.value == gigya.value)
    return Decision(OPT_OUT, True, OPT_OUT_WINS, both, gigya.value, cheetahmail.at, line)


def _before(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and one <= other


def _opt_in(base: Base, gigya: Side, cheetahmail: Side, now: int | None) -> Decision:
    given, line = proven_at(cheetahmail), cheetahmail.line
    if gigya.value == OPT_OUT or (base.known and base.value == OPT_OUT):
        since = now if gigya.value == OPT_OUT else base.at
        if given is not None and since is not None and given > since:
            return Decision(OPT_IN, True, OPT_IN_LATER, gigya.value != base.value, gigya.value, given, line)
        return Decision(gigya.value, False, OPT_OUT_WINS, True, OPT_IN, now, line)
    if gigya.value == PENDING and given is None:
        return Decision(PENDING, False, PENDING_STAYS, True, OPT_IN, now, line)
    if gigya.value is None and base.known and base.value == OPT_IN and _is_the_agreed_one(base, cheetahmail):
        return Decision(None, False, CHANGED_IN_GIGYA, False, OPT_IN, now, line)
    return Decision(OPT_IN, True, OPT_IN_TAKEN, gigya.value is not None, gigya.value, given, line)


def _is_the_agreed_one(base: Base, cheetahmail: Side) -> bool:
    return not cheetahmail.event or cheetahmail.at is None or _before(cheetahmail.at, base.at)
