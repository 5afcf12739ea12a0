"""Ready-made pieces of account documents with every quirk that real sites have, as JSON text with placeholders.

Placeholders: `@T` is the time of the last change, `@N` a number of six digits. Which account gets which piece is
decided in `generate`. Source of the quirks: Gigya, account object; subscriptions object; field practice.
"""

from __future__ import annotations

import random
from functools import lru_cache

import msgspec

from gigya_cheetah_assets.sandbox.gigya.consents import TOPICS

PIECES = 600


@lru_cache(maxsize=1)
def data_pieces() -> tuple[str, ...]:
    """Values of `data`, the empty text for none."""
    dice = random.Random("data")  # noqa: S311 - repeatable on purpose
    return tuple(_data(dice) for _ in range(PIECES))


@lru_cache(maxsize=1)
def subscription_pieces() -> tuple[str, ...]:
    """Values of `subscriptions`, the empty text for none."""
    dice = random.Random("subscriptions")  # noqa: S311 - repeatable on purpose
    return tuple(_subscriptions(dice) for _ in range(PIECES))


@lru_cache(maxsize=1)
def preference_pieces() -> tuple[str, ...]:
    """Values of `preferences`, the empty text for none."""
    dice = random.Random("preferences")  # noqa: S311 - repeatable on purpose
    return tuple(_preferences(dice) for _ in range(100))


@lru_cache(maxsize=1)
def communication_pieces() -> tuple[str, ...]:
    """Values of `communications`, the empty text for none."""
    dice = random.Random("communications")  # noqa: S311 - repeatable on purpose
    return tuple(_communications(dice) for _ in range(100))


def _data(dice: random.Random) -> str:
    if dice.random() < 0.05:
        return ""
    content: dict[str, object] = {}
    loyalty: dict[str, object] = {}
    tier = dice.choice(["gold", "silver", "bronze", None])
    if tier is not None:
        # About one in five hundred has an object where every rule expects a text.
        loyalty["tier"] = {"name": tier} if dice.random() < 0.004 else tier
    if dice.random() < 0.8:
        points = dice.randint(0, 5000)
        loyalty["points"] = dice.choice([points, points, points, str(points), float(points)])
    if dice.random() < 0.5:
        loyalty["joined"] = f"{dice.randint(2015, 2025)}-{dice.randint(1, 12):02d}-{dice.randint(1, 28):02d}"
    if loyalty or dice.random() < 0.1:
        content["loyalty"] = loyalty
    brands = dice.sample(["north", "coast", "city", "Łódź", "a|b"], dice.randint(0, 3))
    if dice.random() < 0.7:
        content["brands"] = brands[0] if len(brands) == 1 and dice.random() < 0.7 else brands
    if dice.random() < 0.7:
        content["optInSource"] = dice.choice(["checkout", "app", "newsletter footer", "store; till 3", "  "])
    if dice.random() < 0.8:
        content["externalIds"] = {"crm": "@N"}
    if dice.random() < 0.5:
        # Old imports left consents as texts, and some of them say nothing that anybody could read.
        content["catalogue"] = dice.choice([True, True, False, "yes", "no", "OptIn", "perhaps", "", None])
    return _json(content)


def _subscriptions(dice: random.Random) -> str:
    if dice.random() < 0.1:
        return ""
    content: dict[str, object] = {}
    if dice.random() < 0.9:
        content["newsletter"] = {"email": None if dice.random() < 0.02 else _channel(dice, double=False)}
    if dice.random() < 0.7:
        channel = {"email": _channel(dice, double=True)}
        content |= {"offers.partner": channel} if dice.random() < 0.6 else {"offers": {"partner": channel}}
    return _json(content)


def _channel(dice: random.Random, *, double: bool) -> dict[str, object]:
    subscribed = dice.random() < 0.6
    channel: dict[str, object] = {
        "isSubscribed": subscribed,
        "tags": dice.choice([None, [], ["web"]]),
        "lastUpdatedSubscriptionState": "@T",
    }
    if not double:
        return channel | ({"doubleOptIn": None} if dice.random() < 0.2 else {})
    status = dice.choice(["Pending", "NotConfirmed", "Confirmed", "Confirmed", "Confirmed", None])
    sent = None if status in (None, "NotConfirmed") else "@T"
    confirmed = "@T" if status == "Confirmed" else None
    names = ("status", "emailSentTime", "confirmTime", "doiConditionallyConfirmed")
    return channel | {"doubleOptIn": dict(zip(names, (status, sent, confirmed, None), strict=True))}


def _preferences(dice: random.Random) -> str:
    if dice.random() < 0.4:
        return ""
    granted = {"isConsentGranted": True, "docVersion": 3.0, "lang": "en", "lastConsentModified": "@T"}
    refused = {"isConsentGranted": False, "docDate": "2025-05-25T00:00:00Z", "lang": "en", "entitlements": []}
    content: dict[str, object] = {"terms": {"tos": {**granted, "actionTimestamp": "@T", "tags": []}}}
    if dice.random() < 0.5:
        content["privacy"] = {"partners": refused}
    if dice.random() < 0.6:
        content["marketing"] = {"surveys": _survey(dice)}
    return _json(content)


def _survey(dice: random.Random) -> dict[str, object]:
    """A consent, to the current document or to one that is too old, or one that does not tell."""
    version = dice.choice([2.0, 2.0, 2.0, 3, "2.0", 1.0, None])
    known: dict[str, object] = {} if version is None else {"docVersion": version}
    granted = dice.choice([True, True, True, False, None])
    times = {"lastConsentModified": "@T", "actionTimestamp": "@T"}
    return {"isConsentGranted": granted, **known, "lang": "en", **times, "tags": dice.choice([[], ["app"]])}


def _communications(dice: random.Random) -> str:
    if dice.random() < 0.4:
        return ""
    times = {"lastModified": "@T", "userActionTimestamp": "@T"}
    content: dict[str, object] = {}
    for key, (topic, channel) in TOPICS.items():
        if dice.random() < 0.6:
            status = dice.choice(["OptIn", "OptIn", "OptOut", "optIn", "OPTOUT"])
            content[key] = {"topic": topic, "channel": channel, "status": status, **times}
    return _json(content) if content else ""


def _json(content: dict[str, object]) -> str:
    return msgspec.json.encode(content).decode()
