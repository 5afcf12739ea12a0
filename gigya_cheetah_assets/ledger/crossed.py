"""Opt-ins of a file that crossed with an opt-out of ours, as far as the ledger's own deliveries tell it.

A window that was recorded after a person had opted in at CheetahMail, and that told an opt-out of hers, was carried
out there after the opt-in: for the first time, or once more when it ran again. Echoes tell it for certain
(`acknowledged`), but an account need not send any. In doubt the opt-in is told again, which changes nothing where
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
from gigya_cheetah_assets.ledger.tables import deliveries, earlier

_CHUNK = 500


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
        """Those opt-ins of which CheetahMail may hold our opt-out.

        Args:
            uid: The person.
            changes: What is being agreed on; only opt-ins that Gigya is given, with a time, matter.
            told: What the ledger has agreed on with the person until now.
        """
        opt_ins = [
            change
            for change in changes
            if change.subscription and change.write and change.value == OPT_IN and change.at is not None
        ]
        return [change for change in opt_ins if self._went_out(uid, change.column, change.at or 0, told)]

    def _went_out(self, uid: str, subscription: str, since: int, told: Told) -> bool:
        now = _state(told.consents, subscription)
        if now == OPT_IN:
            return False
        windows = [window for window, at in self._recorded_at.items() if at > since]
        if told.window in windows and _leaves(_state(told.before or "", subscription), now):
            return True
        again = [window for window in windows if window in self._with_past]
        return any(_leaves(_state(past, subscription), now) for past in self._past(uid, again))

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


def _state(consents: str, subscription: str) -> str | None:
    return parse_consents(consents).get(subscription, (None, None))[0]


def _leaves(before: str | None, now: str | None) -> bool:
    """Whether a window tells that the person goes from the list, as `compare` decides it."""
    return (before == OPT_IN and now != OPT_IN) or (now == OPT_OUT and before != OPT_OUT)
