"""Invents accounts: the same seed gives the same people, and a longer list begins with the shorter one.

Documents are put together as text from ready pieces, because a million of them must take seconds. What the pieces
hold is in `pools` and `shapes`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from gigya_cheetah_assets.sandbox.gigya.clock import NEVER, iso
from gigya_cheetah_assets.sandbox.gigya.rows import Row
from gigya_cheetah_assets.sandbox.people.pools import Pool, odd_names, pools
from gigya_cheetah_assets.sandbox.people.shapes import (
    communication_pieces,
    data_pieces,
    preference_pieces,
    subscription_pieces,
)

DAY = 86_400_000
_YEARS = 4 * 365 * DAY
_BAD_EMAILS = (
    "no-address-{0}",
    "two{0}@@example.org",
    "no-domain-{0}@",
    "a blank{0}@example.org",
    "dot{0}.@example..org",
)
_PROVIDERS = (
    '"site","socialProviders":"site"',
    '"site","socialProviders":"site,google"',
    '"facebook","socialProviders":"facebook"',
)
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
        # Whose address the next account takes over, and whether that account is a lite one.
        self._handed_on: tuple[Row, bool] | None = None

    def next(self, place: int) -> Row:
        roll = self._roll
        pool = _pick(pools(), roll())
        lite, handed_on = roll() < 0.05, self._handed_on
        if handed_on is not None:
            first, lite = handed_on
            self._handed_on = None
            return _sharing(self._row(place, pool, first.email, lite=lite, has_lite=lite), first)
        email = self._email(pool, place, always_good=lite)
        shares = email is not None and not lite and roll() < 0.004
        with_lite = shares and roll() < 0.5
        row = self._row(place, pool, email, lite=lite, has_lite=lite or with_lite)
        if shares:
            self._handed_on = (row, with_lite)
        return row

    def _key(self) -> str:
        return f"{self._dice.getrandbits(128):032x}"

    def _row(self, place: int, pool: Pool, email: str | None, *, lite: bool, has_lite: bool) -> Row:
        roll = self._roll
        uid, token = None if lite else self._key(), self._key()
        updated = self._period.start + int(roll() * self._span)
        # Mostly both move together; a click on "unsubscribe" moves the e-mail account alone.
        email_updated = updated if roll() < 0.7 else self._period.start + int(roll() * self._span)
        created = min(updated, email_updated) - int(roll() * _YEARS)
        logged_in = 0 if roll() < 0.08 else min(created + int(roll() * _YEARS), updated)
        registered, active, verified = uid is not None and roll() < 0.97, roll() < 0.99, roll() < 0.85
        flags = _FLAGS[registered * 4 + active * 2 + verified]
        times = _times(created, updated)
        if uid is None:
            account = f'"token":"{token}","hasFullAccount":false,"hasLiteAccount":true,{flags},{times}'
            logged_in = 0
        else:
            account = f'"UID":"{uid}",{flags},{times},{self._full(created, logged_in, email, updated)}'
        subscriptions = _pick(subscription_pieces(), roll())
        if subscriptions:
            subscriptions = ',"subscriptions":' + subscriptions.replace("@T", _when(email_updated))
        head = f'"token":"{token}","channel":"email",{_times(created, email_updated)}'
        if email is not None:
            head = f'"email":"{email}",{head}'
        return Row(
            uid, token, email, None if email is None else email.lower(), created, updated, email_updated, logged_in,
            registered, active, verified, uid is not None, has_lite, email is not None,
            account.encode(), head.encode(), self._shared(pool, email, place).encode(), subscriptions.encode(),
            b"" if uid is None else self._communications(updated).encode(),
        )  # fmt: skip

    def _email(self, pool: Pool, place: int, *, always_good: bool) -> str | None:
        roll = self._roll()
        if not always_good and roll < 0.008:
            return None if roll < 0.005 else _pick(_BAD_EMAILS, roll * 1000 % 1).format(place)
        name = _pick(pool.addresses, self._roll())
        if roll > 0.95:
            name = name.title()
        return f"{name}.{place}@{_pick(_DOMAINS, self._roll())}"

    def _full(self, created: int, logged_in: int, email: str | None, updated: int) -> str:
        """What only registered accounts have."""
        login = _when(logged_in)
        provider = _pick(_PROVIDERS, self._roll())
        preferences = _pick(preference_pieces(), self._roll())
        if preferences:
            preferences = f',"preferences":{preferences.replace("@T", _when(updated))}'
        addresses = "" if email is None else f'"{email.lower()}"'
        return (
            f'"lastLogin":"{login}","lastLoginTimestamp":{logged_in},'
            f'"registered":"{_when(created + 59)}","registeredTimestamp":{created + 59},'
            f'"loginProvider":{provider},"regSource":"https://www.example.org/join",'
            f'"loginIDs":{{"emails":[{addresses}],"unverifiedEmails":[]}},'
            f'"emails":{{"verified":[{addresses}],"unverified":[]}}{preferences}'
        )

    def _communications(self, updated: int) -> str:
        communications = _pick(communication_pieces(), self._roll())
        return f',"communications":{communications.replace("@T", _when(updated))}' if communications else ""

    def _shared(self, pool: Pool, email: str | None, place: int) -> str:
        """Profile and data; one account in two hundred has no profile at all."""
        roll = self._roll
        data = _pick(data_pieces(), roll())
        if data:
            data = ',"data":' + data.replace("@N", f"{place * 7 % 1_000_000:06d}")
        if email is None and roll() < 0.5:
            return data
        gender = int(roll() * 4)
        first, last = _pick(pool.female if gender == 0 else pool.male, roll()), _pick(pool.last, roll())
        odd = roll()
        if odd < 0.02:
            first = _pick(odd_names(), odd * 50)
        elif odd < 0.04:
            last = _pick(odd_names(), odd * 50 - 1)
        names = "" if roll() < 0.04 else f',"firstName":{first},"lastName":{last}'
        mail = "" if email is None else f',"email":"{email}"'
        # Some birthdays are 31 February: a value that breaks its type.
        year, month, day = 1940 + int(roll() * 67), 1 + int(roll() * 12), 1 + int(roll() * (31 if odd > 0.9 else 28))
        birth = _pick(_BIRTHS, roll()).format(year, month, day, 2026 - year)
        return f',"profile":{{{(names + mail + _GENDERS[gender] + birth + self._place(pool))[1:]}}}{data}'

    def _place(self, pool: Pool) -> str:
        roll = self._roll()
        text = f',"country":"{pool.country}","locale":"{pool.language}"'
        if roll < 0.8:
            text += f',"city":{_pick(pool.cities, self._roll())},"zip":"{int(self._roll() * 30_000):05d}"'
        if roll < 0.1:
            text += ',"phones":[{"type":"mobile","number":"+46701234567"}]'
        return text


def _sharing(row: Row, first: Row) -> Row:
    """The row of somebody at the address of another, whose e-mail account she shares, subscriptions included."""
    return row._replace(
        token=first.token,
        email_updated=first.email_updated,
        is_owner=0,
        account=row.account.replace(row.token.encode(), first.token.encode()),
        email_account=first.email_account,
        subscriptions=first.subscriptions,
    )


T = TypeVar("T")


def _pick(choices: Sequence[T], roll: float) -> T:
    """One of the choices; `roll` is from 0 up to 1."""
    return choices[int(roll * len(choices))]


def _flags(number: int) -> str:
    names = ("isRegistered", "isActive", "isVerified")
    return ",".join(
        f'"{name}":{"true" if number & bit else "false"}' for name, bit in zip(names, (4, 2, 1), strict=True)
    )


_FLAGS = tuple(_flags(number) for number in range(8))


def _times(created: int, updated: int) -> str:
    return (
        f'"created":"{_when(created)}","createdTimestamp":{created},'
        f'"lastUpdated":"{_when(updated)}","lastUpdatedTimestamp":{updated}'
    )


def _when(milliseconds: int) -> str:
    """ISO text as the site writes it: zeros at the end of the fraction are missing."""
    if milliseconds == 0:
        return NEVER
    day, rest = divmod(milliseconds, DAY)
    second, fraction = divmod(rest, 1000)
    return f"{_day(day)}{_clock_times()[second]}{_fractions()[fraction]}"


@lru_cache(maxsize=10_000)
def _day(number: int) -> str:
    return iso(number * DAY)[:11] if number else "1970-01-01T"


@lru_cache(maxsize=1)
def _clock_times() -> tuple[str, ...]:
    return tuple(f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}" for second in range(86_400))


@lru_cache(maxsize=1)
def _fractions() -> tuple[str, ...]:
    return ("Z", *(f".{number:03d}".rstrip("0") + "Z" for number in range(1, 1000)))
