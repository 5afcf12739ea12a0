"""Names and places in many languages, drawn from Faker once and kept as JSON text; `generate` combines them.

Drawing a million people from Faker itself would take many minutes.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import msgspec
from faker import Faker

NAMES_A_LOCALE = 120
# Locale of Faker, country, language: as many scripts as the mapping must carry unharmed.
LOCALES = (
    ("en_US", "US", "en"),
    ("en_GB", "GB", "en"),
    ("de_DE", "DE", "de"),
    ("fr_FR", "FR", "fr"),
    ("pl_PL", "PL", "pl"),
    ("sv_SE", "SE", "sv"),
    ("el_GR", "GR", "el"),
    ("ru_RU", "RU", "ru"),
    ("ja_JP", "JP", "ja"),
    ("zh_CN", "CN", "zh"),
    ("ar_AA", "EG", "ar"),
    ("he_IL", "IL", "he"),
)
# Gigya stores `&` as an entity; the rest is what people and old imports leave in name fields.
ODD_NAMES = (
    "Lind &amp; Co",
    "O&#39;Neil",
    "&lt;none&gt;",
    'Anna "Annie"',
    "Smith, Jr.",
    "Semi; Colon",
    "Two\nLines",
    "Tab\tbed",
    "Bell\u0007",
    "  Padded  ",
    "Emoji 🦊🎉",
    "=SUM(A1)",
    "+49",
    "Back\\slash",
    "Zoe\u0308",
    "\u200f\u05e0\u05d5\u05e2\u05d4",
    "",
)


@dataclass(frozen=True)
class Pool:
    """What one locale gives; every text is JSON already, except `addresses`.

    Attributes:
        addresses: Local parts of e-mail addresses, ASCII.
    """

    female: list[str]
    male: list[str]
    last: list[str]
    cities: list[str]
    addresses: list[str]
    country: str
    language: str


@lru_cache(maxsize=1)
def pools() -> tuple[Pool, ...]:
    """One pool a locale; the same in every process with the same version of Faker."""
    return tuple(_pool(locale, country, language) for locale, country, language in LOCALES)


@lru_cache(maxsize=1)
def odd_names() -> tuple[str, ...]:
    """`ODD_NAMES` as JSON text."""
    return tuple(_json(name) for name in ODD_NAMES)


def _pool(locale: str, country: str, language: str) -> Pool:
    fake = Faker(locale)
    fake.seed_instance(20260101)
    female, male = _draw(fake.first_name_female), _draw(fake.first_name_male)
    last = _draw(fake.last_name)
    return Pool(
        female=[_json(name) for name in female],
        male=[_json(name) for name in male],
        last=[_json(name) for name in last],
        cities=[_json(city) for city in _draw(fake.city)],
        addresses=[_address(one, other) for one, other in zip(female + male, last + last, strict=True)],
        country=country,
        language=language,
    )


def _draw(draw: Callable[[], str]) -> list[str]:
    return [draw() for _ in range(NAMES_A_LOCALE)]


def _json(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _address(first: str, last: str) -> str:
    """`maja.lind`; scripts that do not reduce to ASCII get letters that depend on the name."""
    return f"{_ascii(first)}.{_ascii(last)}"


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    letters = "".join(character for character in plain if character.isalnum())
    if len(letters) > 1:
        return letters
    dice = random.Random(name)  # noqa: S311 - the same letters for the same name
    return "".join(dice.choice("bdfgklmnprst") + dice.choice("aeiou") for _ in range(3))
