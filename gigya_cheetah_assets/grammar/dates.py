"""Dates that move with the clock in a condition: `{now-90d}`, `{now-12h}`, `{today}`, `{today-2w}`.

Each becomes what its field compares with: epoch milliseconds for a field whose name ends with Timestamp, else ISO text
in quotes (Gigya, accounts.search, dates). `{now-90d:ms}` and `{now-90d:iso}` say it themselves, for a number of one's
own that holds a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from gigya_cheetah_assets.grammar.nodes import QueryError
from gigya_cheetah_assets.grammar.parser import RESERVED

# A string literal, a placeholder, a word with its dots, or any other character.
_PIECE = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(\{[^{}]*\})|([^\W\d][\w\-.]*)|(.)""", re.DOTALL)
_PLACEHOLDER = re.compile(r"\{(now|today)(?:([+-])(\d{1,6})([hdw]))?(?::(ms|iso))?\}")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


def fill_dates(where: str, now: datetime) -> str:
    """The condition with every placeholder replaced.

    Args:
        where: A condition, with or without placeholders; what stands inside of quotes is left alone.
        now: The moment that `now` means; days begin at midnight UTC.

    Raises:
        QueryError: A placeholder that is none of those above, or one without a field before it.
    """
    return _replaced(where, lambda placeholder, field: _moment(placeholder, field, now))


def quote_dates(where: str) -> str:
    """The condition with every placeholder as a text, so that it can be parsed and shown as it was written."""
    return _replaced(where, lambda placeholder, _: f'"{placeholder}"')


def _replaced(where: str, replacement: Callable[[str, str], str]) -> str:
    field = ""
    done: list[str] = []
    for text, placeholder, word, other in _PIECE.findall(where):
        if word and word.lower() not in RESERVED:
            field = word
        done.append(replacement(placeholder, field) if placeholder else text or word or other)
    return "".join(done)


def _moment(placeholder: str, field: str, now: datetime) -> str:
    found = _PLACEHOLDER.fullmatch(placeholder)
    if found is None:
        raise QueryError(f"{placeholder}: expected a date such as {{now-90d}}, {{now-12h}}, {{today}} or {{today-2w}}")
    if not field:
        raise QueryError(f"{placeholder}: expected a field and an operator before it")
    start, sign, number, unit, spelling = found.groups()
    moment = now.astimezone(UTC)
    if start == "today":
        moment = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        moment += timedelta(**{_UNITS[unit]: int(f"{sign}{number}")}) if number else timedelta()
    except OverflowError as error:
        raise QueryError(f"{placeholder}: expected a date between the years 1 and 9999") from error
    if spelling == "ms" or (spelling is None and field.endswith("Timestamp")):
        return str(milliseconds(moment))
    return f'"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"'


def milliseconds(moment: datetime) -> int:
    """Epoch milliseconds."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
