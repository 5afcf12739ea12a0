"""What the site knows of Communication Preferences and consent statements, and what a write makes of them.

Source: Gigya, accounts.setAccountInfo and the account object. Subscriptions of e-mail accounts are in `edits`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Problem = tuple[int, str, str]
# Key in the account, topic and channel; the last one has an id of its own.
TOPICS = {
    "magazine_email": ("magazine", "email"),
    "news_SMS": ("news", "SMS"),
    "club-post": ("club", "post"),
}
# The current document of each consent statement.
DOCUMENTS: dict[str, dict[str, Any]] = {
    "terms.tos": {"docVersion": 3.0},
    "marketing.surveys": {"docVersion": 2.0},
    "privacy.partners": {"docDate": "2025-05-25T00:00:00Z"},
}
# The oldest document to which consent to a statement is valid still; those of a site are in `Site.oldest_documents`.
OLDEST_DOCUMENTS: dict[str, dict[str, Any]] = {
    "terms.tos": {"docVersion": 1.0},
    "marketing.surveys": {"docVersion": 1.0},
    "privacy.partners": {"docDate": "2018-05-25T00:00:00Z"},
}
_STATUSES = {"optin": "OptIn", "optout": "OptOut"}
_WRITABLE = ("status", "userActionTimestamp", "optIn")


def communication_problems(change: Mapping[str, Any]) -> Iterator[Problem]:
    """Every topic that there is not and every member that may not be written so."""
    for key, entry in change.items():
        path = f"communications.{key}"
        if key not in TOPICS:
            yield 400024, path, "the site has no such topic and channel"
        elif not isinstance(entry, Mapping):
            yield 400023, path, "expected object"
        else:
            yield from ((400025, f"{path}.{name}", "cannot be written") for name in entry if name not in _WRITABLE)
            if str(entry.get("status")).lower() not in _STATUSES:
                yield 400023, f"{path}.status", "expected optIn or optOut"


def decide(document: dict[str, Any], change: Mapping[str, Any], now: str) -> None:
    """Enters decisions on topics; `now` is ISO. Setters write optIn, readers see OptIn."""
    stored = document.setdefault("communications", {})
    for key, entry in change.items():
        topic, channel = TOPICS.get(key) or tuple(key.rsplit("_", 1))
        stored[key] = {
            **stored.get(key, {}),
            "topic": topic,
            "channel": channel,
            **entry,
            "status": _STATUSES.get(str(entry["status"]).lower(), entry["status"]),
            "lastModified": now,
            "userActionTimestamp": entry.get("userActionTimestamp", now),
        }


def preference_problems(change: Mapping[str, Any], path: str = "preferences") -> Iterator[Problem]:
    """Every member but isConsentGranted and, beside it, tags."""
    for name, value in change.items():
        place = f"{path}.{name}"
        if isinstance(value, Mapping):
            yield from preference_problems(value, place)
        elif name == "isConsentGranted":
            if not isinstance(value, bool):
                yield 400023, place, "expected boolean"
        elif name != "tags" or "isConsentGranted" not in change:
            yield 400025, place, "only isConsentGranted and, with it, tags can be written"


def stamp(stored: dict[str, Any], change: Mapping[str, Any], now: str, lang: str, path: str = "") -> None:
    """Dates the statements that a change speaks of; who grants one grants it to the current document."""
    for key, below in change.items():
        inside = stored.get(key)
        if not isinstance(below, Mapping) or not isinstance(inside, dict):
            continue
        place = f"{path}.{key}" if path else key
        if "isConsentGranted" in below:
            inside |= {"lastConsentModified": now, "actionTimestamp": now, "lang": lang}
            # What a caller of the site's own names besides stands.
            inside |= {**DOCUMENTS.get(place, {}), **below}
        stamp(inside, below, now, lang, place)
