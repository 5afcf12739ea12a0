"""Every form of consent in every state: what counts, what does not, and what nobody can read."""

from __future__ import annotations

from math import nan
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigya_cheetah_assets.config import FieldConfig
from gigya_cheetah_assets.errors import ConfigError
from gigya_cheetah_assets.gigya.schema import OldestDocument
from gigya_cheetah_assets.mapping import FieldTable, Mapped, communications, map_profiles
from gigya_cheetah_assets.outbound import join
from gigya_cheetah_assets_tests.mapping.tables import accounts, emails, mapped, page, table

NEWS = {"cheetahmail": "NEWS", "gigya": "subscriptions.jun4th.a001.email", "type": "subscription"}
SMS = {"cheetahmail": "NEWS", "gigya": "communications.news.SMS", "type": "subscription"}
TOS = {"cheetahmail": "NEWS", "gigya": "preferences.terms.tos", "type": "subscription"}
DATA = {"cheetahmail": "NEWS", "gigya": "data.news", "type": "subscription"}
EARLY, LATE = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00.5Z"
EARLY_MS, LATE_MS = 1767225600000, 1769904000500


def consent_of(field: dict[str, Any], account: dict[str, Any]) -> Mapped:
    """One account as its documents give it, mapped by the fields of a sync with this one subscription."""
    fields = table(field)
    document = {"UID": "u1", "email": "u1@example.org", "hasFullAccount": True, **account}
    document["profile"] = {"email": "u1@example.org"}
    profiles = join.profiles_of(
        fields,
        join.read_by_key(accounts(fields, document), join.ACCOUNT_SEEN),
        join.read_by_key(emails(fields, document), join.EMAIL_SEEN),
        join.unseen(decisions(fields, *communications.rows_of([document]))),
    )
    return map_profiles(fields, profiles.select(fields.profile_schema.names))


def decisions(fields: FieldTable, *rows: dict[str, Any]) -> pa.Table:
    return communications.of_people(fields, communications.communication_decoder()(page(*rows))[1])


def state(field: dict[str, Any], account: dict[str, Any]) -> tuple[str | None, str | None, int | None]:
    """The state, its cell and its time."""
    (row,) = consent_of(field, account).rows.to_pylist()
    return row["_state.NEWS"], row["NEWS"], row["_at.NEWS"]


def leaf(subscribed: object = True, status: object = "Confirmed", at: object = EARLY) -> dict[str, Any]:
    return {"isSubscribed": subscribed, "lastUpdatedSubscriptionState": at, "doubleOptIn": {"status": status}}


def news(*ways: dict[str, Any] | None) -> dict[str, Any]:
    """A subscription with a dotted id: flat, nested, or both."""
    flat, nested = (*ways, None)[:2]
    found: dict[str, Any] = {}
    if flat is not None:
        found["jun4th.a001"] = {"email": flat}
    if nested is not None:
        found["jun4th"] = {"a001": {"email": nested}}
    return {"subscriptions": found}


def sms(**entry: Any) -> dict[str, Any]:
    return {"communications": {"news_SMS": {"topic": "news", "channel": "SMS", **entry}}}


def tos(**statement: Any) -> dict[str, Any]:
    return {"preferences": {"terms": {"tos": statement}}}


VALID = [
    (DATA, {"data": {"news": True}}),
    (DATA, {"data": {"news": " OptIn "}}),
    (NEWS, news(leaf())),
    (NEWS, news(None, leaf(status=None))),
    (NEWS, news({"isSubscribed": True, "doubleOptIn": None})),
    (SMS, sms(status="OptIn")),
    (SMS, sms(status="optIn")),
    (SMS, {"communications": {"id-of-its-own": {"topic": "news", "channel": "SMS", "status": "OPTIN"}}}),
    (SMS, {"communications": {"news_SMS": {"status": "OptIn"}}}),
    (TOS, tos(isConsentGranted=True)),
    (TOS | {"min_version": 3}, tos(isConsentGranted=True, docVersion=3.0)),
    (TOS | {"min_version": 2.5}, tos(isConsentGranted="true", docVersion="3")),
    (TOS | {"min_date": "2026-01-01"}, tos(isConsentGranted=True, docDate=EARLY)),
]
PENDING = [
    (NEWS, news(leaf(status="Pending"))),
    (NEWS, news(leaf(status="NotConfirmed"))),
    (NEWS, news(leaf(status="confirmed, they say"))),
    (NEWS, news(leaf(status=["Confirmed"]))),
    (NEWS | {"double_opt_in": "required"}, news({"isSubscribed": True})),
    (TOS | {"min_version": 3}, tos(isConsentGranted=True, docVersion=2.9)),
    (TOS | {"min_version": 3}, tos(isConsentGranted=True)),
    (TOS | {"min_version": 3}, tos(isConsentGranted=True, docVersion="new")),
    (TOS | {"min_version": 3}, tos(isConsentGranted=True, docVersion="inf")),
    (TOS | {"min_version": 3}, tos(isConsentGranted=True, docDate=LATE)),
    (TOS | {"min_date": "2026-01-02"}, tos(isConsentGranted=True, docDate=EARLY)),
    (TOS | {"min_date": "2026-01-02"}, tos(isConsentGranted=True, docDate=20260301)),
]
OUT = [
    (DATA, {"data": {"news": "no"}}),
    (DATA, {"data": {"news": 0}}),
    (NEWS, news(leaf(subscribed=False))),
    (NEWS, news(leaf(subscribed="false"))),
    (SMS, sms(status="OptOut")),
    (SMS, sms(status="optout")),
    (TOS, tos(isConsentGranted=False)),
    (TOS | {"min_version": 3}, tos(isConsentGranted=False, docVersion=3)),
]
NOTHING = [
    (DATA, {}),
    (DATA, {"data": {"news": None}}),
    (DATA, {"data": {"news": " "}}),
    (NEWS, {}),
    (NEWS, {"subscriptions": None}),
    (NEWS, news(leaf(subscribed=None))),
    (SMS, {}),
    (SMS, {"communications": None}),
    (SMS, {"communications": {"news_SMS": None, "news_email": {"status": "OptIn"}}}),
    (SMS, {"communications": {"news_sms": {"status": "OptIn"}}}),
    (TOS, {"preferences": {"terms": None}}),
    (TOS, tos(docVersion=3)),
]
UNREADABLE = [
    (DATA, {"data": {"news": "perhaps"}}, "not_a_consent"),
    (DATA, {"data": {"news": {"isSubscribed": True}}}, "unreadable"),
    (NEWS, news(leaf(subscribed="perhaps")), "unreadable"),
    (NEWS, news(leaf(subscribed=[True])), "unreadable"),
    (NEWS, {"subscriptions": {"jun4th.a001": {"email": True}}}, "unreadable"),
    (SMS, sms(status="perhaps"), "unreadable"),
    (SMS, sms(status=True), "unreadable"),
    (SMS, sms(), "unreadable"),
    (TOS, tos(isConsentGranted="perhaps"), "unreadable"),
    (TOS, tos(isConsentGranted={"value": True}), "unreadable"),
    (TOS, {"preferences": {"terms": {"tos": True}}}, "unreadable"),
]


@pytest.mark.parametrize(("field", "account"), VALID)
def test_a_valid_opt_in_is_one_in_every_form(field: dict[str, Any], account: dict[str, Any]) -> None:
    assert state(field, account)[:2] == ("opt_in", "1")


@pytest.mark.parametrize(("field", "account"), PENDING)
def test_what_is_not_confirmed_or_given_to_an_old_document_is_no_opt_in(
    field: dict[str, Any], account: dict[str, Any]
) -> None:
    assert state(field, account)[:2] == ("pending", "0")


@pytest.mark.parametrize(("field", "account"), OUT)
def test_a_no_is_an_opt_out_in_every_form(field: dict[str, Any], account: dict[str, Any]) -> None:
    assert state(field, account)[:2] == ("opt_out", "0")


@pytest.mark.parametrize(("field", "account"), NOTHING)
def test_who_never_decided_has_an_empty_cell(field: dict[str, Any], account: dict[str, Any]) -> None:
    assert state(field, account)[:2] == (None, None)
    assert not consent_of(field, account).value_errors


@pytest.mark.parametrize(("field", "account", "reason"), UNREADABLE)
def test_what_nobody_can_read_is_counted_and_never_an_opt_in(
    field: dict[str, Any], account: dict[str, Any], reason: str
) -> None:
    assert state(field, account)[:2] == (None, None)
    assert consent_of(field, account).value_errors == {("NEWS", reason): 1}


# --- contradictory duplicates


def both(out_at: object, in_at: object) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """A yes and a no of one person, in each form that can hold both."""
    yes, no = {"status": "OptIn", "lastModified": in_at}, {"status": "optOut", "lastModified": out_at}
    known = {"topic": "news", "channel": "SMS"}
    return [
        (NEWS, news(leaf(at=in_at), leaf(subscribed=False, at=out_at))),
        (NEWS, news(leaf(subscribed=False, at=out_at), leaf(at=in_at))),
        (SMS, {"communications": {"news_SMS": yes, "other": {**known, **no}}}),
        (SMS, {"communications": {"news_SMS": no, "other": {**known, **yes}}}),
    ]


@pytest.mark.parametrize("times", [(LATE, EARLY), (EARLY, EARLY), (None, LATE), (LATE, None), ("soon", LATE)])
@pytest.mark.parametrize("place", range(4))
def test_of_a_yes_and_a_no_the_no_stands(place: int, times: tuple[object, object]) -> None:
    assert state(*both(*times)[place])[:2] == ("opt_out", "0")


@pytest.mark.parametrize("place", range(4))
def test_a_yes_that_is_provably_later_stands(place: int) -> None:
    assert state(*both(EARLY, LATE)[place]) == ("opt_in", "1", LATE_MS)


def test_a_status_that_nobody_can_read_holds_back_a_yes_of_the_same_topic() -> None:
    rows = [{"UID": "u1", "topicId": "news", "channelId": "SMS", "status": text} for text in ("OptIn", "perhaps")]
    (found,) = decisions(table(SMS), *rows).to_pylist()
    assert (found["communications.news.SMS"], found["value_errors"]) == (None, "communications.news.SMS")


# --- when


def test_an_opt_in_dates_from_when_it_was_given_and_an_opt_out_from_when_it_was_stored() -> None:
    times = {"lastModified": LATE, "userActionTimestamp": EARLY}
    assert state(SMS, sms(status="OptIn", **times))[2] == EARLY_MS
    assert state(SMS, sms(status="OptOut", **times))[2] == LATE_MS
    times = {"lastConsentModified": LATE, "actionTimestamp": EARLY}
    assert state(TOS, tos(isConsentGranted=True, **times))[2] == EARLY_MS
    assert state(TOS, tos(isConsentGranted=False, **times))[2] == LATE_MS


@pytest.mark.parametrize("written", [EARLY, EARLY_MS, str(EARLY_MS)])
def test_the_time_of_a_decision_may_be_a_number_or_a_text(written: object) -> None:
    row = {"UID": "u1", "topicId": "news", "channelId": "SMS", "status": "OptIn", "timestamp": written}
    (found,) = decisions(table(SMS), row).to_pylist()
    assert (found["communications.news.SMS.at"], found["updated"]) == (EARLY_MS, EARLY_MS)


@pytest.mark.parametrize(
    ("field", "asked", "statement", "state"),
    [
        (TOS, OldestDocument(version=3), {"docVersion": 3.0}, "opt_in"),
        (TOS, OldestDocument(version=3), {"docVersion": 2.0}, "pending"),
        (TOS, OldestDocument(version=3), {}, "pending"),
        (TOS, OldestDocument(version=nan), {"docVersion": 99.0}, "pending"),
        (TOS, OldestDocument(date="2026-01-02T00:00:00Z"), {"docDate": EARLY}, "pending"),
        (TOS, OldestDocument(date="2026-01-01T00:00:00Z"), {"docDate": EARLY}, "opt_in"),
        (TOS, OldestDocument(date="some day"), {"docDate": EARLY}, "pending"),
        (TOS | {"min_version": 3}, OldestDocument(version=2), {"docVersion": 2.0}, "pending"),
        (TOS | {"min_version": 2}, OldestDocument(version=3), {"docVersion": 2.0}, "pending"),
        (TOS | {"min_version": 2}, OldestDocument(version=2), {"docVersion": 2.0}, "opt_in"),
        (TOS | {"min_version": 2}, OldestDocument(date="2026-01-01T00:00:00Z"), {"docVersion": 2.0}, "pending"),
    ],
)
def test_the_document_must_be_new_enough_for_the_site_and_for_the_field(
    field: dict[str, Any], asked: OldestDocument, statement: dict[str, Any], state: str
) -> None:
    own = table(field)
    fields = own.asked_by({"preferences.terms.tos": asked, "preferences.another": OldestDocument(version=99)})
    assert list(fields.documents) == ["preferences.terms.tos"]
    assert fields.version == own.version
    given = mapped(fields, tos(isConsentGranted=True, **statement), tos(isConsentGranted=False, **statement))
    assert given.rows["_state.NEWS"].to_pylist() == [state, "opt_out"]


def test_a_part_of_a_consent_may_be_a_column_beside_it() -> None:
    fields = table(
        TOS,
        {"cheetahmail": "VERSION", "gigya": "preferences.terms.tos.docVersion"},
        {"cheetahmail": "GIVEN", "gigya": "subscriptions.jun4th.a001.email.lastUpdatedSubscriptionState"},
        NEWS | {"cheetahmail": "MORE"},
    )
    document = {"UID": "u1", "hasFullAccount": True, **tos(isConsentGranted=True, docVersion=3.0), **news(leaf())}
    assert fields.account_select[-1] == "preferences.terms.tos"
    (account,) = accounts(fields, document).to_pylist()
    assert (account["preferences.terms.tos"], account["preferences.terms.tos.docVersion"]) == ("opt_in", "3")
    (email,) = emails(fields, document).to_pylist()
    assert email["subscriptions.jun4th.a001.email"] == "opt_in"
    assert email["subscriptions.jun4th.a001.email.lastUpdatedSubscriptionState"] == EARLY


# --- laws

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["OptIn", "Confirmed", EARLY]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=4,
)


@given(JSON, JSON, JSON)
def test_whatever_stands_there_only_the_words_of_a_valid_opt_in_make_one(flag: Any, status: Any, at: Any) -> None:
    says = [
        (NEWS, news({"isSubscribed": flag, "doubleOptIn": {"status": status}, "lastUpdatedSubscriptionState": at})),
        (TOS | {"min_version": 2}, tos(isConsentGranted=flag, docVersion=status, actionTimestamp=at)),
    ]
    valid = [
        (flag is True or str(flag).strip().lower() in ("true", "1")) and status in (None, "Confirmed"),
        flag is True or str(flag).strip().lower() in ("true", "1"),
    ]
    for (field, account), may in zip(says, valid, strict=True):
        found, cell, _ = state(field, account)
        assert (found == "opt_in") == (cell == "1")
        assert may or found != "opt_in"
    found, cell, _ = state(SMS, sms(status=flag, lastModified=at))
    assert (found == "opt_in") == (cell == "1") == (str(flag).strip().lower() == "optin" and isinstance(flag, str))


# --- what a line may say


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        (SMS | {"gigya": "communications.news_SMS"}, "expected communications.<topic>.<channel>"),
        (SMS | {"type": "string"}, "a communication needs type: subscription"),
        (TOS | {"gigya": "preferences.terms.tos.isConsentGranted"}, "without isConsentGranted"),
        (TOS | {"min_version": 1, "min_date": "2026-01-01"}, "expected min_version or min_date"),
        (NEWS | {"min_version": 1}, "min_version and min_date need"),
        (TOS | {"double_opt_in": "required"}, "double_opt_in needs a path"),
        (NEWS | {"topic_channel_id": "x"}, "topic_channel_id needs"),
        (DATA | {"default": "1"}, "expected another value than that of opt_in"),
        (DATA | {"values": {"opt_in": "Y", "opt_out": "Y"}}, "expected different values"),
    ],
)
def test_a_line_that_cannot_be_meant_is_refused(field: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        FieldConfig.model_validate(field)


def test_two_lines_on_one_consent_must_ask_the_same_of_it() -> None:
    with pytest.raises(ConfigError, match="expected the same min_version"):
        table(TOS, TOS | {"cheetahmail": "MORE", "min_version": 2})


def test_a_filter_cannot_look_at_communications() -> None:
    with pytest.raises(ConfigError, match="communications are read by fields of type subscription only"):
        table(record_filter=({"gigya": "communications.news.SMS", "present": True},))
