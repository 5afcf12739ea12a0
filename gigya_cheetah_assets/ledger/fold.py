"""Several rows of one person in one file become one side of the merge, whatever their order in the file.

Of a field the latest value counts; two different values at the same time contradict each other and neither counts.
Of a subscription an opt-out counts unless a later opt-in was given by the person; at the same time the opt-out wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gigya_cheetah_assets.ledger.consents import OPT_IN, OPT_OUT
from gigya_cheetah_assets.ledger.merge_consent import proven_at
from gigya_cheetah_assets.ledger.sides import FieldRule, Side


@dataclass(frozen=True)
class Event:
    """One row of a file.

    Attributes:
        line: Its line.
        values: Values by column: cells, and states of subscriptions. A column that is not in it was not in the file.
        at: When it happened, epoch ms; None if the row does not tell.
        first_party: Whether the opt-ins in it were given by the person.
        event: False for a snapshot, see `Side`.
    """

    line: int
    values: Mapping[str, str | None]
    at: int | None = None
    first_party: bool = False
    event: bool = True

    def side(self, column: str) -> Side:
        """This row as a side of the merge of one column."""
        return Side(self.values[column], self.at, self.first_party, self.event, self.line)


@dataclass(frozen=True)
class Folded:
    """What the rows of one person say together.

    Attributes:
        sides: By column, for `merge`.
        contradictory: Columns with two different values at the same time, or without a time; not in `sides`.
    """

    sides: dict[str, Side] = field(default_factory=dict)
    contradictory: tuple[str, ...] = ()


def fold(events: Iterable[Event], rules: Mapping[str, FieldRule]) -> Folded:
    """Folds the rows of one person.

    Args:
        events: The rows, in any order, repeated or not.
        rules: By column; other columns are left out.
    """
    events = tuple(events)
    folded, contradictory = Folded(), []
    for column, rule in rules.items():
        sides = [event.side(column) for event in events if column in event.values]
        if not sides:
            continue
        found = _consent(sides) if rule.subscription else _value(sides, rule)
        if found is None:
            contradictory.append(column)
        else:
            folded.sides[column] = found
    return Folded(folded.sides, tuple(contradictory))


def _value(sides: Sequence[Side], rule: FieldRule) -> Side | None:
    telling = [side for side in sides if rule.blank_erases or not rule.same(side.value, None)]
    if not telling:
        return min(sides, key=_place)
    latest = max(_time(side) for side in telling)
    last = sorted((side for side in telling if _time(side) == latest), key=_place)
    return last[0] if all(rule.same(side.value, last[0].value) for side in last) else None


def _consent(sides: Sequence[Side]) -> Side:
    outs = sorted((side for side in sides if side.value == OPT_OUT), key=_place)
    ins = sorted((side for side in sides if side.value == OPT_IN), key=_place)
    given = max(ins, key=lambda side: (_known(proven_at(side)), _time(side), side.first_party), default=None)
    # An undated opt-out that happened stands above all: nothing is provably later.
    out = max(outs, key=lambda side: (side.at is None and side.event, _time(side), side.first_party), default=None)
    if given is None or out is None:
        return given or out or min(sides, key=_place)
    since = proven_at(given)
    return given if since is not None and out.at is not None and since > out.at else out


def _time(side: Side) -> float:
    return _known(side.at)


def _known(at: int | None) -> float:
    return float("-inf") if at is None else at


def _place(side: Side) -> tuple[int, str]:
    return (side.line or 0, side.value or "")
