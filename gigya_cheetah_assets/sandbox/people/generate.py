"""Invents accounts: the same seed gives the same people, and a longer list begins with the shorter one.

Documents are put together as text from ready pieces, because a million of them must take seconds. What the pieces
hold is in `pools` and `shapes`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from gigya_cheetah_assets.sandbox.gigya.clock import iso
from gigya_cheetah_assets.sandbox.gigya.rows import Row
from gigya_cheetah_assets.sandbox.people.pools import Pool, odd_names, pools
from gigya_cheetah_assets.sandbox.people.shapes import data_pieces, preference_pieces, subscription_pieces

DAY = 86_400_000
_YEARS = 4 * 365 * DAY
_BAD_EMAILS = ("not-an-address", "two@@example.org", "no-domain@", "with blank@example.org", "dot.@example..org")
_SITES = ('"site","socialProviders":"site"', '"site","socialProviders":"site,google"', '"facebook"')
_DOMAINS = ("example.org", "example.com", "example.net", "mail.example.org")
_BIRTHS = (
    ',"birthYear":{0},"birthMonth":{1},"birthDay":{2},"age":{3}',
    ',"birthYear":{0},"birthMonth":{1},"birthDay":{2}',
    ',"birthYear":"{0}","birthMonth":"{1}","birthDay":"{2}","age":"{3}"',
    ',"birthYear":{0}.0,"birthMonth":{1},"birthDay":{2}',
    ',"birthYear":{0}',
    "",
)
_GENDERS = (',"gender":"f"', ',"gender":"m"', ',"gender":"u"', "")


@dataclass(frozen=True)
class Period:
    """When the accounts were last updated, epoch milliseconds: from `start` up to `end`."""

    start: int
    end: int


def people(number: int, seed: int, period: Period) -> Iterator[Row]:
    """Rows of `number` accounts, about one in twenty of them lite accounts."""
    inventor = _Inventor(seed, period)
    for place in range(number):
        yield inventor.next(place)


class _Inventor:
    def __init__(self, seed: int, period: Period) -> None:
        self._dice = random.Random(f"people {seed}")  # noqa: S311 - repeatable on purpose
        self._roll = self._dice.random
        self._period = period
        self._span = max(period.end - period.start, 1)
        # An address that the next account takes over, and whether that account is a lite one.
        self._handed_on: tuple[str, bool] | None = None

    def next(self, place: int) -> Row:
        roll = self._roll
        lite = roll() < 0.05
        email = owner = None
        if self._handed_on is not None:
            email, lite = self._handed_on
            self._handed_on = None
            owner = False
        pool = _pick(pools(), roll())
        if email is None:
            email = self._email(pool, place, always_good=lite)
        updated, email_updated = self._times()
        created = updated - int(roll() * _YEARS)
        has_lite = lite
        if not lite and owner is None and email is not None and roll() < 0.004:
            has_lite = roll() < 0.5
            self._handed_on = (email, has_lite)
        token = f"{self._dice.getrandbits(128):032x}"
        shared = self._shared(pool, email, place)
        subscriptions = _pick(subscription_pieces(), roll()).replace("@T", _when(email_updated))
        return Row(
            **self._account(token, created, updated, lite=lite),
            token=token,
            email=email,
            email_key=None if email is None else email.lower(),
            created=created,
            updated=updated,
            email_updated=email_updated,
            is_full=not lite,
            has_lite=has_lite,
            is_owner=email is not None and owner is None,
            email_account=_email_head(email, token, created, email_updated),
            shared=shared.encode(),
            subscriptions=f',"subscriptions":{subscriptions}'.encode() if subscriptions else b"",
        )
