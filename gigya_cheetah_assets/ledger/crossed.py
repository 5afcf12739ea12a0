"""Decisions of a file that crossed with the opposite of ours, as far as the ledger's own deliveries tell it.

A window that told an opt-out of a person was carried out at CheetahMail some time after it was delivered: for the first
time, or once more when it ran again. If she opted in there before that, CheetahMail has the opt-out again, and nobody
would notice; and the other way round. The import report tells by when a file was taken; until there is one, it may
still be taken. Where CheetahMail sends no reports, the time of the delivery has to do. Echoes tell it for certain
(`acknowledged`), but an account need not send any. In doubt the decision is told again, which changes nothing where
CheetahMail has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.consents import OPT_IN, OPT_OUT, parse_consents
from gigya_cheetah_assets.ledger.inbound_items import Change
from gigya_cheetah_assets.ledger.tables import deliveries, earlier, import_results

_CHUNK = 500
# The file by which a window tells the opposite of a decision.
_OPPOSITE = {OPT_IN: "unsubscribes", OPT_OUT: "subscribes"}
_NOT_YET = 1 << 62


@dataclass(frozen=True)
class Told:
    """What a window has told of a person: the window, and the consents before and with it, as they are stored."""

    window: str
    before: str | None
    consents: str


@dataclass(frozen=True)
class Crossings:
    """Looks them up, inside a transaction that the caller holds; what windows there are is read once.

    Attributes:
        connection: The open transaction.
        sync: Whose people.
    """

    connection: Connection
    sync: str

    def crossed(self, uid: str, changes: Iterable[Change], told: Told) -> list[Change]:
        """Those decisions of which CheetahMail may hold the opposite by now.

        Args:
            uid: The person.
            changes: What is being agreed on. An opt-in without a time crosses with nothing, an opt-out without one
                with all that was told before.
            told: What the ledger has agreed on with the person until now.
        """
        decisions = [change for change in changes if change.subscription and change.value in _OPPOSITE]
        dated = [change for change in decisions if change.at is not None or change.value == OPT_OUT]
        return [change for change in dated if self._went_after(uid, change, told)]

    def _went_after(self, uid: str, change: Change, told: Told) -> bool:
        """Whether a window that told the opposite may have been carried out after the decision."""
        now = _state(told.consents, change.column)
        if now == change.value:
            return False
        tells = _tells_out if change.value == OPT_IN else _tells_in
        carried_out = self._carried_out_by[_OPPOSITE[str(change.value)]]
        windows = [window for window, at in carried_out.items() if change.at is None or at > change.at]
        if told.window in windows and tells(_state(told.before or "", change.column), now):
            return True
        again = [window for window in windows if window in self._with_past]
        return any(tells(_state(past, change.column), now) for past in self._past(uid, again))

    @cached_property
    def _carried_out_by(self) -> Mapping[str, Mapping[str, int]]:
        """By when CheetahMail had taken the file of each window, epoch ms, by kind of file and window."""
        table = import_results.c
        query = sa.select(table.kind, table.window, sa.func.max(table.reported_at)).where(table.sync == self.sync)
        reported: dict[str, dict[str, int]] = {}
        for kind, window, at in self.connection.execute(query.group_by(table.kind, table.window)):
            reported.setdefault(kind, {})[window] = at
        return {
            kind: {
                window: _taken_by(at, reported[kind].get(window)) if kind in reported else at
                for window, at in self._recorded_at.items()
            }
            for kind in _OPPOSITE.values()
        }

    @cached_property
    def _recorded_at(self) -> Mapping[str, int]:
        """When each window was last recorded, epoch ms."""
        query = sa.select(deliveries.c.window, sa.func.max(deliveries.c.recorded_at))
        query = query.where(deliveries.c.sync == self.sync).group_by(deliveries.c.window)
        return {row[0]: row[1] for row in self.connection.execute(query)}

    @cached_property
    def _with_past(self) -> set[str]:
        """The windows that look at what they delivered before when they run again."""
        query = sa.select(earlier.c.delivery).where(earlier.c.sync == self.sync).distinct()
        return set(self.connection.execute(query).scalars())

    def _past(self, uid: str, windows: Sequence[str]) -> Iterable[str]:
        for start in range(0, len(windows), _CHUNK):
            chunk = windows[start : start + _CHUNK]
            which = (earlier.c.sync == self.sync, earlier.c.delivery.in_(chunk), earlier.c.uid == uid)
            yield from self.connection.execute(sa.select(earlier.c.consents).where(*which)).scalars()


def _taken_by(recorded: int, reported: int | None) -> int:
    """A report that is older than the delivery is about an earlier one."""
    return _NOT_YET if reported is None or reported < recorded else reported


def _state(consents: str, subscription: str) -> str | None:
    return parse_consents(consents).get(subscription, (None, None))[0]


def _tells_out(before: str | None, now: str | None) -> bool:
    """Whether a window that found a person so, and left her so, or one before it, may have told an opt-out of hers."""
    return OPT_OUT in (before, now) or before == OPT_IN


def _tells_in(before: str | None, now: str | None) -> bool:
    """Whether it, or one before it, may have told an opt-in of hers."""
    return OPT_IN in (before, now)
