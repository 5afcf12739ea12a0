"""What SQLite lacks for Gigya's operators: whole words, regular expressions, numbers and moments kept as text."""

from __future__ import annotations

import re
import sqlite3
from functools import lru_cache

from gigya_cheetah_assets.sandbox.gigya.clock import parse_iso

_WORD = re.compile(r"[^\W_]+")


def register(connection: sqlite3.Connection) -> None:
    """Makes the functions known to a connection."""
    for name, arguments, function in (
        ("gigya_words", 2, has_words),
        ("gigya_regex", 2, matches),
        ("gigya_number", 1, number),
        ("gigya_moment", 1, parse_iso),
        ("gigya_fold", 1, folded),
    ):
        connection.create_function(name, arguments, function, deterministic=True)


def has_words(value: object, wanted: str) -> bool:
    """Whether the words of `wanted` stand in a text, whole, in this order; `_` ends a word, letter case counts.

    Gigya, accounts.search, contains.
    """
    if not isinstance(value, str):
        return False
    words, parts = _WORD.findall(value), _words(wanted)
    return any(words[at : at + len(parts)] == parts for at in range(len(words) - len(parts) + 1)) and bool(parts)


def matches(value: object, pattern: str) -> bool:
    """Whether a pattern matches the whole of a text or number."""
    return isinstance(value, str | int | float) and _compiled(pattern).fullmatch(str(value)) is not None


def number(value: object) -> float | int | None:
    """A number, or a text that is one (Gigya's quirk: "1980" in a numeric field); `None` for the rest."""
    if not isinstance(value, str):
        return value if isinstance(value, int | float) else None
    try:
        return float(value)
    except ValueError:
        return None


def folded(value: object) -> str | None:
    """A text without regard to letter case; `None` for the rest."""
    return value.casefold() if isinstance(value, str) else None


@lru_cache(maxsize=256)
def _words(text: str) -> list[str]:
    return _WORD.findall(text)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)
