"""What is sent to Gigya for an opt-in and an opt-out, in every form of consent."""

from __future__ import annotations

from typing import Any

import pytest

from gigya_cheetah_assets.config import FieldConfig
from gigya_cheetah_assets.mapping.consent_write import consent_update


def sent(path: str, state: str, current: dict[str, Any], **more: Any) -> dict[str, Any]:
    line = {"cheetahmail": "NEWS", "gigya": path, "type": "subscription", **more}
    return consent_update(FieldConfig.model_validate(line), state, current)


VERIFIED = {"doubleOptIn": {"isExternallyVerified": True}}


@pytest.mark.parametrize("tags", [["web", "till"], [], None])
def test_a_subscription_keeps_its_tags(tags: list[str] | None) -> None:
    current = {"subscriptions": {"news": {"email": {"isSubscribed": True, "tags": tags}}}}
    kept = {"tags": tags} if tags else {}
    assert sent("subscriptions.news.email", "opt_out", current) == {
        "subscriptions": {"news": {"email": {"isSubscribed": False, **kept}}}
    }
    assert sent("subscriptions.news.email", "opt_in", current) == {
        "subscriptions": {"news": {"email": {"isSubscribed": True, **kept, **VERIFIED}}}
    }


def test_a_dotted_id_is_written_as_it_stands_and_both_of_two_that_contradict_each_other() -> None:
    path = "subscriptions.offers.partner.email"
    flat = {"offers.partner": {"email": {"isSubscribed": True, "tags": ["a"]}}}
    nested = {"offers": {"partner": {"email": {"isSubscribed": False, "tags": ["b"]}}}}
    out = {"isSubscribed": False}
    assert sent(path, "opt_out", {"subscriptions": flat}) == {
        "subscriptions": {"offers.partner": {"email": {**out, "tags": ["a"]}}}
    }
    assert sent(path, "opt_out", {"subscriptions": flat | nested}) == {
        "subscriptions": {
            "offers.partner": {"email": {**out, "tags": ["a"]}},
            "offers": {"partner": {"email": {**out, "tags": ["b"]}}},
        }
    }
    assert sent(path, "opt_out", {}) == {"subscriptions": {"offers": {"partner": {"email": out}}}}


def test_a_communication_is_written_under_the_key_that_it_has() -> None:
    path = "communications.club.post"
    own = {"communications": {"club-post": {"topic": "club", "channel": "post", "status": "OptIn"}, "x_y": {}}}
    assert sent(path, "opt_out", own) == {"communications": {"club-post": {"status": "optOut"}}}
    assert sent(path, "opt_in", {"communications": None}) == {"communications": {"club_post": {"status": "optIn"}}}
    assert sent(path, "opt_in", {}, topic_channel_id="club-post") == {
        "communications": {"club-post": {"status": "optIn"}}
    }


def test_a_consent_statement_keeps_its_tags_and_nothing_else_of_it_is_sent() -> None:
    statement = {"isConsentGranted": True, "docVersion": 3.0, "tags": ["app"], "entitlements": ["x"]}
    assert sent("preferences.terms.tos", "opt_out", {"preferences": {"terms": {"tos": statement}}}) == {
        "preferences": {"terms": {"tos": {"isConsentGranted": False, "tags": ["app"]}}}
    }
    assert sent("preferences.terms.tos", "opt_in", {}) == {
        "preferences": {"terms": {"tos": {"isConsentGranted": True}}}
    }


@pytest.mark.parametrize(
    ("now", "opted_in", "opted_out"),
    [
        (True, True, False), (None, True, False), (0, 1, 0), ("no", "yes", "no"), ("OPTED_IN", "opted_in", "opted_out"),
        ("perhaps", "true", "false"),
    ],
)  # fmt: skip
def test_a_plain_field_keeps_its_type_and_its_words(now: object, opted_in: object, opted_out: object) -> None:
    for state, value in (("opt_in", opted_in), ("opt_out", opted_out)):
        update = sent("data.news", state, {"data": {"news": now}})
        assert (update, type(update["data"]["news"])) == ({"data": {"news": value}}, type(value))
