"""Filters held against the schema of the sandbox's site."""

from __future__ import annotations

import pytest

from gigya_cheetah_assets.gigya.schema import schema_of
from gigya_cheetah_assets.grammar import parse_condition
from gigya_cheetah_assets.sandbox.gigya.consents import OLDEST_DOCUMENTS
from gigya_cheetah_assets.sandbox.gigya.schema import schema
from gigya_cheetah_assets.segments.schema_check import problems

SITE = schema_of(schema({}, OLDEST_DOCUMENTS))


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("data.loyalty.teir = 5", "the site has no such field; did you mean data.loyalty.tier"),
        ("data.loyalty = 5", "is an object that holds fields. Name one of them, such as data.loyalty.tier"),
        ('data.loyalty.points > "many"', "is a number, and is compared with something else: write the number"),
        ("data.loyalty.tier = 5", "is a text, and is compared with something else: put the value in quotes"),
        ("data.loyalty.joined > 5", "is a date, and is compared with something else: write ISO text"),
        ("profile.country in (\"DE\", \"FR\")", "is encrypted and knows no `in`. Write one = for each value"),
        ("profile.lastName = regex('A.*')", "is encrypted and knows no regex"),
        ("profile.zip > \"5\"", "is encrypted and knows no >. Use =, != or contains with the full value"),
        ("data.passport = \"x\"", "is encrypted so that Gigya cannot search it at all"),
        ("isActive > true", "is true or false and has no order"),
        ("communications.news_SMS.status = \"OptIn\"", "accounts cannot be searched by communications"),
    ],
)  # fmt: skip
def test_what_the_site_cannot_answer_is_told_with_the_next_step(where: str, expected: str) -> None:
    (problem,) = problems(parse_condition(where), SITE)
    assert problem.startswith(where.split(maxsplit=1)[0])
    assert expected in problem


@pytest.mark.parametrize(
    "where",
    [
        'profile.email = "a@example.org" OR profile.country != "DE" OR profile.lastName contains "Lind"',
        'profile.zip is null AND data.loyalty.points in (1, 2.5) AND data.loyalty.points > "5"',
        'data.loyalty.joined >= "2026-01-31" AND lastLogin < "2026-01-31T00:00:00.000Z"',
        "lastLoginTimestamp < 1767188707123 AND isRegistered = true",
        "data.brands contains \"coast\" AND data.optInSource = regex('a.*')",
        'subscriptions.offers.partner.email.doubleOptIn.status = "Confirmed"',
        'preferences.terms.tos.isConsentGranted = true AND preferences.privacy.partners.docDate > "2025-01-01"',
    ],
)
def test_what_the_site_can_answer_passes(where: str) -> None:
    assert list(problems(parse_condition(where), SITE)) == []
