"""The brake on a value that both sides undo in turn, as where each spells it in its own way (ping-pong).

What was written to an account in `MOST_TURNS` earlier files and is asked for again has been undone as often: it is not
written any more, and CheetahMail is not told otherwise either, so that both sides come to rest. Consent is never held.
"""

from __future__ import annotations

from dataclasses import replace

from gigya_cheetah_assets.ledger import Change, Item
from gigya_cheetah_assets.ledger.turns import Turns

MOST_TURNS = 3
OSCILLATES = "oscillates"


def is_plain(change: Change) -> bool:
    """Whether a change asks for a write of something that is no consent."""
    return change.write and not change.subscription


def at_rest(item: Item, turns: Turns) -> Item:
    """The item without the writes that would be one turn too many."""
    return replace(item, changes=tuple(_at_rest(item.uid, change, turns) for change in item.changes))


def _at_rest(uid: str, change: Change, turns: Turns) -> Change:
    if not is_plain(change) or turns[uid, change.column, change.value] < MOST_TURNS:
        return change
    return replace(change, value=change.before, write=False, rule=OSCILLATES, conflict=True, loser=None)
